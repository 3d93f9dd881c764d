// The camera: its pictures go to the server, one by one; who is in them comes back. What is done while a button is held
// becomes a clip, a file of MediaPipe's landmarks like any other.

import { $, show, tell } from "./dom.js";

const SIDE = 640; // pixels across or down, at most
const PERIOD = 40; // milliseconds from picture to picture
const SHORTEST = 0.5, LONGEST = 30; // seconds of a clip
const LATE = 2000; // milliseconds in which what was seen last before the button was let go comes back
const REFUSALS = {
  NotAllowedError: "The browser was not allowed to use the camera: allow it beside the address of this page, then start again.",
  NotFoundError: "There is no camera: connect one, then start again.",
  NotReadableError: "The camera cannot be used: another program may have it, so close that one, then start again.",
  AbortError: "The camera did not start: connect it again, then start again.",
};

export class Camera {
  // tell: what is told of each message by its kind (pose, answer), of the begin and the end, and of a clip.
  constructor(tell) {
    this.tell = tell;
    this.video = $("camera-video");
    this.canvas = document.createElement("canvas");
    this.recording = null;
    $("camera-start").addEventListener("click", () => (this.running ? this.stop() : this.start()));
    this.listenToHolding();
  }

  get running() {
    return Boolean(this.stream);
  }

  async start() {
    if (this.starting) return;
    this.starting = true;
    tell("camera-error", "");
    $("camera-start").textContent = "Starting…";
    try {
      if (!navigator.mediaDevices) throw new Error("A browser gives a page the camera only on this machine (localhost) or over HTTPS.");
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: SIDE }, facingMode: "user" } });
    } catch (error) {
      this.stop(REFUSALS[error.name] || error.message || "The camera cannot be used.");
      return;
    } finally {
      this.starting = false;
    }
    for (const track of this.stream.getTracks()) {
      track.addEventListener("ended", () => this.stop("The camera stopped: it was unplugged, or the browser took it back."));
    }
    this.video.srcObject = this.stream;
    this.video.play().catch(() => {}); // who stops the camera at once interrupts it
    this.connect();
    this.show();
  }

  connect() {
    const address = new URL("api/camera", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = (this.socket = new WebSocket(address));
    Object.assign(this, { passed: 0, skipped: 0, looked: [] });
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      this.order();
      this.timer = setInterval(() => this.send(), PERIOD);
      this.tell.begin();
    });
    socket.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.stop("The connection to the server broke: is it still running?");
    });
  }

  // What people are to be ranked by: said at the beginning, and whenever it changes.
  order() {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(this.tell.order()));
  }

  send() {
    const { video, canvas, socket } = this;
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    if (this.packing || socket.bufferedAmount > 0) {
      this.passed += 1;
      return;
    }
    this.packing = true;
    const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    const time = performance.now() / 1000;
    canvas.toBlob(async (blob) => {
      const packet = blob && new Uint8Array(8 + blob.size);
      if (packet) {
        new DataView(packet.buffer).setFloat64(0, time, true);
        packet.set(new Uint8Array(await blob.arrayBuffer()), 8);
      }
      this.packing = false;
      if (packet && socket === this.socket && socket.readyState === WebSocket.OPEN) socket.send(packet);
    }, "image/jpeg", 0.8);
  }

  take(message) {
    if (message.kind === "start") this.skeleton = message;
    else if (message.kind === "pose") {
      this.count(message);
      this.record(message);
      this.tell.pose(message, this.skeleton);
    } else if (message.kind === "answer") this.tell.answer(message);
    else if (message.kind === "trouble") tell("camera-error", message.error);
    else if (message.kind === "end") this.stop(message.error);
  }

  count({ skipped }) {
    const now = performance.now();
    this.looked = [...this.looked.filter((time) => now - time < 2000), now];
    this.skipped = skipped;
    const rate = this.looked.length / 2;
    $("camera-facts").textContent =
      `${rate.toFixed(rate < 10 ? 1 : 0)} pictures per second; ${this.skipped + this.passed} skipped so far`;
  }

  stop(sentence = "") {
    clearInterval(this.timer);
    clearTimeout(this.late);
    const { socket, stream } = this;
    Object.assign(this, { socket: null, stream: null, recording: null, starting: false });
    socket?.close();
    for (const track of stream?.getTracks() || []) track.stop();
    this.video.srcObject = null;
    this.show();
    tell("camera-error", sentence && sentence.charAt(0).toUpperCase() + sentence.slice(1));
    if (stream) this.tell.end();
  }

  show() {
    $("camera-start").textContent = this.running ? "Stop the camera" : "Start the camera";
    for (const id of ["camera-video", "camera-hold", "camera-facts", "camera-how"]) show(id, this.running);
    $("camera-facts").textContent = "";
    $("camera-hold").classList.remove("held");
  }

  // ---- a clip of what is done while the button or the space bar is held

  listenToHolding() {
    const button = $("camera-hold");
    const release = () => this.release();
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      this.hold();
    });
    for (const name of ["pointerup", "pointercancel", "contextmenu"]) button.addEventListener(name, release);
    window.addEventListener("blur", release);
    document.addEventListener("keydown", (event) => {
      const elsewhere = event.target !== button && event.target.closest("button, input, select, textarea, summary, a, label");
      if (event.key !== " " || !this.running || elsewhere) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // else it would play and pause
      if (!event.repeat) this.hold();
    });
    document.addEventListener("keyup", (event) => event.key === " " && release());
  }

  hold() {
    if (!this.running || this.recording) return;
    tell("camera-error", "");
    this.recording = { from: performance.now() / 1000, to: null, frames: [] };
    $("camera-hold").classList.add("held");
    $("camera-hold").textContent = "Recording…";
    this.tell.hold();
  }

  release() {
    if (!this.recording || this.recording.to !== null) return;
    this.recording.to = performance.now() / 1000;
    this.late = setTimeout(() => this.finish(), LATE); // or when a later picture comes back
  }

  record({ time, people }) {
    const { recording } = this;
    if (!recording || time < recording.from) return;
    if (recording.to === null && time - recording.from > LONGEST) this.release();
    if (recording.to !== null && time > recording.to) this.finish();
    else recording.frames.push({ time, people });
  }

  finish() {
    clearTimeout(this.late);
    const { frames } = this.recording;
    this.recording = null;
    $("camera-hold").classList.remove("held");
    $("camera-hold").textContent = "Hold to record";
    const number = liveliest(frames);
    const seconds = frames.length ? frames.at(-1).time - frames[0].time : 0;
    if (number === null) tell("camera-error", "Nobody was seen while the button was held.");
    else if (seconds < SHORTEST) tell("camera-error", "Hold the button during the whole movement, for at least half a second.");
    else {
      const joints = frames.map(({ people }) => people[number] || []);
      const name = `camera ${new Date().toLocaleTimeString("en-GB")}`;
      this.tell.clip(landmarks(name, frames.map(({ time }) => time), joints));
    }
  }
}

// The number of the person who moves most, where there is anybody.
function liveliest(frames) {
  const ways = new Map();
  frames.forEach(({ people }, at) => {
    for (const [number, joints] of Object.entries(people)) {
      const before = frames[at - 1]?.people[number];
      const way = before ? joints.reduce((sum, joint, v) => sum + Math.hypot(...[0, 1, 2].map((c) => joint[c] - before[v][c])), 0) : 0;
      ways.set(number, (ways.get(number) || 0) + way);
    }
  });
  return ways.size ? [...ways].reduce((most, one) => (one[1] > most[1] ? one : most))[0] : null;
}

// A clip as a file of MediaPipe's landmarks: frame → joint → x, y, z and how sure it is.
export function landmarks(name, times, joints) {
  const landmark = ([x, y, z, visibility]) => ({ x, y, z, visibility });
  const frames = joints.map((some, at) => ({
    time_s: Number((times[at] - times[0]).toFixed(4)),
    worldLandmarks: some.map(landmark),
  }));
  return new File([JSON.stringify({ frames })], `${name}.json`, { type: "application/json" });
}
