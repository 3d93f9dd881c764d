// A skeleton on a canvas: plays, scrubs, and turns. Knows nothing of the rest of the page.

const FRONT = { yaw: 0, pitch: 0.08 };
const ASIDE = { yaw: -0.45, pitch: 0.16 };
const DISTANCE = 5; // from the eye to the middle, where the body reaches from -1 to 1
const HEAD = 3;

export class Player {
  constructor(canvas, onTick) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.onTick = onTick;
    this.view = { ...ASIDE };
    this.speed = 1;
    this.share = 0;
    this.playing = false;
    this.clip = null;
    this.weights = null;
    this.colours = {};
    this.readColours();
    this.listen();
  }

  listen() {
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.readColours());
    this.canvas.addEventListener("pointerdown", (event) => this.canvas.setPointerCapture(event.pointerId));
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.canvas.hasPointerCapture(event.pointerId)) this.turn(event.movementX * 0.01, event.movementY * 0.01);
    });
    this.canvas.addEventListener("keydown", (event) => {
      const turns = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
      if (!turns[event.key]) return;
      event.preventDefault();
      this.turn(...turns[event.key]);
    });
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "left", "right", "matter", "floor"]) {
      this.colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
    this.draw();
  }

  load(clip) {
    this.clip = clip;
    this.weights = null;
    this.share = 0;
    this.view = clip.dimensions === 2 ? { yaw: 0, pitch: 0 } : { ...ASIDE };
    this.measure();
    this.draw();
    this.onTick();
  }

  // One moment of people who are being filmed, in metres: seen from the front, as large as they were at their largest.
  show(bodies, { sides, bones }) {
    if (!this.clip?.live) {
      this.pause();
      this.weights = null;
      this.view = { ...FRONT };
      Object.assign(this, { radius: 0.9, height: 1.1, floor: -0.9 });
    }
    this.clip = { live: true, motion: [bodies], sides, bones, dimensions: 3, duration_s: 0 };
    this.share = 0;
    for (const body of bodies) {
      for (let at = 0; body && at < body.length; at += 3) this.radius = Math.max(this.radius, Math.abs(body[at]));
    }
    this.draw();
  }

  clear() {
    this.pause();
    this.clip = this.weights = null;
    this.share = 0;
    this.draw();
    this.onTick();
  }

  // How far the joints reach from the axis and from the middle, so that the body fills the canvas from every side.
  measure() {
    let radius = 0.05, height = 0.05, floor = 0;
    for (const bodies of this.clip.motion) {
      for (const body of bodies) {
        for (let at = 0; body && at < body.length; at += 3) {
          radius = Math.max(radius, Math.hypot(body[at], body[at + 2]));
          height = Math.max(height, Math.abs(body[at + 1]));
          floor = Math.min(floor, body[at + 1]);
        }
      }
    }
    Object.assign(this, { radius, height, floor });
  }

  explain(weights) {
    const largest = weights ? Math.max(...weights) : 0;
    this.weights = largest > 0 ? weights.map((weight) => Math.max(0, weight) / largest) : null;
    this.draw();
  }

  turn(yaw, pitch) {
    this.view.yaw += yaw;
    this.view.pitch = Math.min(1.3, Math.max(-0.6, this.view.pitch + pitch));
    this.draw();
  }

  front() {
    this.view = { ...FRONT };
    this.draw();
  }

  play() {
    if (!this.clip || this.clip.live || this.playing) return;
    this.playing = true;
    this.last = null;
    if (this.share >= 1) this.share = 0;
    requestAnimationFrame((now) => this.tick(now));
    this.onTick();
  }

  pause() {
    this.playing = false;
    this.onTick();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(share) {
    this.share = Math.min(1, Math.max(0, share));
    this.draw();
    this.onTick();
  }

  tick(now) {
    if (!this.playing) return;
    const seconds = this.last === null ? 0 : Math.min(0.1, (now - this.last) / 1000);
    this.last = now;
    this.share += (seconds * this.speed) / Math.max(0.05, this.clip.duration_s);
    if (this.share > 1) this.share = 0; // over again
    this.draw();
    this.onTick();
    requestAnimationFrame((then) => this.tick(then));
  }

  // The bodies between two frames, since the clip may have been thinned out.
  pose() {
    const motion = this.clip.motion;
    const at = this.share * (motion.length - 1);
    const before = Math.floor(at), after = Math.min(before + 1, motion.length - 1), part = at - before;
    return motion[before].map((body, m) => {
      const next = motion[after][m];
      return body && next ? body.map((value, i) => value + part * (next[i] - value)) : part > 0.5 ? next : body;
    });
  }

  projection(width, height) {
    const { yaw, pitch } = this.view;
    const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    const reach = this.height * Math.abs(cp) + this.radius * Math.abs(sp);
    const scale = 0.8 * Math.min(width / 2 / this.radius, height / 2 / reach);
    return (x, y, z) => {
      const across = x * cy + z * sy;
      const deep = z * cy - x * sy;
      const towards = y * sp + deep * cp;
      const near = DISTANCE / (DISTANCE - towards);
      return [width / 2 + scale * near * across, height * 0.48 - scale * near * (y * cp - deep * sp), towards];
    };
  }

  draw() {
    const { canvas, context, clip } = this;
    const density = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
    }
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!clip || !width) return;
    const project = this.projection(width, height);
    if (clip.dimensions === 3) this.drawFloor(project);
    const thick = Math.max(2.5, Math.min(width, height) / 85);
    this.pose().forEach((body, m) => body && this.drawBody(body, m, project, thick));
  }

  drawFloor(project) {
    const { context, floor } = this;
    const reach = Math.max(0.6, this.radius), step = reach / 3;
    context.strokeStyle = this.colours.floor;
    context.lineWidth = 1;
    context.beginPath();
    for (let line = -3; line <= 3; line++) {
      for (const [from, to] of [
        [[line * step, -reach], [line * step, reach]],
        [[-reach, line * step], [reach, line * step]],
      ]) {
        context.moveTo(...project(from[0], floor, from[1]).slice(0, 2));
        context.lineTo(...project(to[0], floor, to[1]).slice(0, 2));
      }
    }
    context.stroke();
  }

  drawBody(body, m, project, thick) {
    const { context, clip, colours, weights } = this;
    const points = clip.sides.map((_, v) => project(body[3 * v], body[3 * v + 1], body[3 * v + 2]));
    const colour = (v) => ({ left: colours.left, right: colours.right })[clip.sides[v]] || colours.ink;
    if (weights) points.forEach((point, v) => this.drawHalo(point, weights[v], thick));
    const bones = clip.bones.map(([child, parent]) => [child, parent, points[child][2] + points[parent][2]]);
    bones.sort((one, other) => one[2] - other[2]);
    context.lineCap = "round";
    context.setLineDash(m ? [thick * 1.6, thick * 1.7] : []);
    for (const [child, parent] of bones) {
      context.strokeStyle = colour(child);
      context.lineWidth = thick * (1 + 0.15 * points[child][2]);
      context.beginPath();
      context.moveTo(points[parent][0], points[parent][1]);
      context.lineTo(points[child][0], points[child][1]);
      context.stroke();
    }
    context.setLineDash([]);
    points.forEach(([x, y], v) => {
      context.fillStyle = colour(v);
      context.beginPath();
      context.arc(x, y, v === HEAD ? thick * 2.1 : thick * 0.75, 0, 2 * Math.PI);
      context.fill();
    });
  }

  drawHalo([x, y], weight, thick) {
    if (weight < 0.08) return;
    const { context } = this;
    context.globalAlpha = 0.25 + 0.6 * weight;
    context.fillStyle = this.colours.matter;
    context.beginPath();
    context.arc(x, y, thick * (1 + 2.6 * weight), 0, 2 * Math.PI);
    context.fill();
    context.globalAlpha = 1;
  }
}
