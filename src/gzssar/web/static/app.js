// The page: a clip is chosen, plays, and is ranked; a row of the ranking tells why.

import * as answer from "./answer.js";
import * as api from "./api.js";
import { Camera, landmarks } from "./camera.js";
import { Classes } from "./classes.js";
import { $, capital, element, percent, show, tell } from "./dom.js";
import { Player } from "./player.js";

const UNREADABLE = "There is no answer, because the clip cannot be read.";
const VIDEO = /\.(mp4|m4v|mov|avi|webm|mkv)$/i;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const player = new Player($("canvas"), showTime);
let about = { max_upload_bytes: Infinity };
let classes;
let source = null; // form fields that name the clip
let unread = null; // a video that lacks something, which its user may name
let clip = null;
let reading = null; // tells, once the server has answered, whether the clip can be read
let ranked = null;
let selected = null;
let why = null;
let all = false;
let live = false; // whether what the camera sees is shown
const camera = new Camera({
  begin: goLive,
  hold: goLive,
  clip: takeFile,
  order: () => ({ classes: classes?.sent || [], candidates: classes?.candidates || null }),
  pose: ({ bodies }, skeleton) => live && player.show(bodies, skeleton),
  answer: (found) => {
    if (!live || !classes) return;
    ranked = found.answer;
    answer.showLive(found, classes, () => {}, all);
  },
  end: () => {
    if (live) choose(null, "No clip yet.");
    show("camera-live", false);
  },
});
let asking = { clip: null, answer: null, why: null }; // the request of each kind that still counts

function begin(kind) {
  asking[kind]?.abort();
  asking[kind] = new AbortController();
  return asking[kind].signal;
}

// ---- the clip

function choose(named, sentence = UNREADABLE) {
  live = false;
  show("camera-live", camera.running);
  show("teach");
  source = named;
  unread = null;
  selected = null;
  for (const chip of $("samples").children) chip.setAttribute("aria-pressed", String(chip.value === named?.sample));
  for (const place of ["clip-error", "clip-warning", "teach-error", "teach-warning"]) tell(place, "");
  forgetWhy();
  if (!named) {
    begin("clip");
    begin("answer");
    clear();
    answer.empty(sentence);
    return;
  }
  reading = load();
  rank();
}

// What the camera sees in place of a clip.
function goLive() {
  if (live) return;
  choose(null, "Looking…");
  live = true;
  show("camera-live", false);
  show("stage-empty", false);
  show("teach", false);
  $("facts").textContent = "Live";
  $("canvas").setAttribute("aria-label", "Skeleton of the person whom the camera sees");
}

async function load() {
  const signal = begin("clip");
  clip = null;
  $("stage").setAttribute("aria-busy", "true");
  try {
    clip = await api.readClip(source, signal);
  } catch (error) {
    if (error.name !== "AbortError") refuse(error);
    return false;
  }
  $("stage").removeAttribute("aria-busy");
  for (const id of ["play", "scrub"]) $(id).disabled = false;
  show("stage-empty", false);
  player.load(clip);
  const bodies = Math.max(...clip.motion.map((frame) => frame.filter(Boolean).length));
  show("second", bodies > 1);
  $("facts").textContent =
    `${name()} · ${clip.frame_count} ${clip.frame_count === 1 ? "frame" : "frames"}, ${+clip.fps.toFixed(2)} per second · ${clip.layout}` +
    `${bodies > 1 ? ` · ${bodies} bodies` : ""}${clip.dimensions === 2 ? " · in a picture (2-D)" : ""}`;
  $("canvas").setAttribute("aria-label", `Skeleton of ${name()}, ${clip.duration_s.toFixed(1)} seconds`);
  if (!calm.matches) player.play();
  showParts();
  return true;
}

function clear() {
  $("stage").removeAttribute("aria-busy");
  clip = null;
  player.clear();
  for (const id of ["play", "scrub"]) $(id).disabled = true;
  show("stage-empty");
  show("second", false);
  $("facts").textContent = "";
  $("canvas").setAttribute("aria-label", "No clip");
}

// What the server says about a clip that it cannot read; where a field would help, the fields are opened.
function refuse({ message, field }) {
  clear();
  tell("clip-error", capital(message));
  if (field) $("reading").open = true;
}

function takeFile(file) {
  if (!file) return;
  if (file.size > about.max_upload_bytes) {
    choose(null);
    const size = (file.size / 2 ** 20).toFixed(1);
    const most = Math.round(about.max_upload_bytes / 2 ** 20);
    const message = `${file.name} has ${size} MiB, but this server takes at most ${most} MiB: send a shorter clip.`;
    refuse({ message });
    return;
  }
  if (file.type.startsWith("video/") || VIDEO.test(file.name)) watch(file);
  else choose({ clip: file, ...options() });
}

// A video becomes a clip of skeletons once, which is then asked about like any other.
async function watch(file) {
  choose(null, "Looking for somebody in the video…");
  const signal = begin("clip");
  $("stage").setAttribute("aria-busy", "true");
  try {
    const { times, joints, warning } = await api.readVideo({ clip: file, fps: $("fps").value }, signal);
    choose({ clip: landmarks(file.name, times, joints) });
    tell("clip-warning", warning.map(({ sentence }) => sentence).join(" "));
  } catch (error) {
    if (error.name === "AbortError") return;
    refuse(error);
    answer.empty(UNREADABLE);
    unread = file;
  }
}

const name = () => source.sample || source.clip.name;

const options = () => ({
  layout: $("layout").value,
  fps: $("fps").value,
  unit: $("unit").value,
  index: $("index").value,
  fill_gaps: $("fill_gaps").checked,
});

// ---- the answer

function changeClasses(added) {
  showCounts();
  camera.order();
  rank(added);
  if (added && source) $("answer").scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
}

async function rank(about_label = null) {
  if (!source || !classes) return;
  const signal = begin("answer");
  const candidates = classes.candidates;
  if (candidates && !candidates.length) {
    answer.empty("No action is selected: select some below.");
    return;
  }
  answer.waiting();
  try {
    ranked = await api.predict(source, { classes: classes.sent, candidates, top_k: 10000, abstain: true }, signal);
  } catch (error) {
    const readable = await reading;
    if (signal.aborted) return;
    if (readable) answer.failed(capital(error.message));
    else answer.empty(UNREADABLE);
    show("why", false);
    forgetWhy();
    return;
  }
  if (!ranked.ranking.some((entry) => entry.label === selected)) selected = null;
  announce(about_label);
  explain(about_label || selected || ranked.ranking[0].label);
}

function announce(label) {
  const place = ranked.ranking.findIndex((entry) => entry.label === label);
  const [first] = ranked.ranking;
  const top = ranked.resting
    ? "Nothing is happening."
    : ranked.abstained
      ? `The model is not sure. Perhaps ${first.label}.`
      : `${first.label}, ${first.seen ? "seen" : "unseen"}, ${percent(first.score)}.`;
  const own = place >= 0 ? `“${label}” is number ${place + 1} of ${ranked.ranking.length}. ` : "";
  const gate = !answer.judged(ranked) ? "" : ` Probability of a seen action: ${percent(ranked.p_seen)}.`;
  $("live").textContent = `${own}${top}${gate}`;
}

function showAnswer() {
  answer.showAnswer(ranked, classes, selected, explain, all);
}

async function explain(label) {
  selected = label;
  showAnswer();
  const signal = begin("why");
  answer.whyWaiting(label);
  try {
    why = await api.explain(source, { label, classes: classes.sent }, signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    forgetWhy();
    answer.whyFailed(capital(error.message));
    return;
  }
  showParts();
}

function forgetWhy() {
  begin("why");
  why = null;
  showParts();
}

// Clip and reasons come in either order.
function showParts() {
  if (why && clip) answer.showWhy(why, classes.texts(why.label), clip);
  const shown = why && clip && $("show-parts").checked ? why : null;
  player.explain(shown?.joints ?? null);
  answer.showStrip(shown);
  show("mattered", Boolean(player.weights));
}

// ---- teaching

async function teach(event) {
  event.preventDefault();
  const label = $("teach-label").value.trim();
  tell("teach-error", label ? "" : "A name is needed: what does the clip show?");
  tell("teach-warning", "");
  if (!label || !source || teach.busy) return;
  teach.busy = true; // not disabled: a button that is would lose the focus
  $("teach-button").textContent = "Looking…";
  try {
    tell("teach-warning", await classes.teach(label, source, name()));
    $("teach-label").value = "";
  } catch (error) {
    tell("teach-error", capital(error.message));
  } finally {
    teach.busy = false;
    $("teach-button").textContent = "Teach";
  }
}

// ---- the player's controls

function showTime() {
  const seconds = player.clip?.duration_s ?? 0;
  $("time").textContent = `${(player.share * seconds).toFixed(1)} / ${seconds.toFixed(1)} s`;
  $("scrub").value = Math.round(1000 * player.share);
  $("scrub").setAttribute("aria-valuetext", `${(player.share * seconds).toFixed(1)} seconds`);
  $("play").classList.toggle("playing", player.playing);
  $("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
}

function listen() {
  $("play").addEventListener("click", () => player.toggle());
  $("scrub").addEventListener("input", (event) => {
    const share = event.target.value / 1000; // before pausing sets the control to where the clip is
    player.pause();
    player.seek(share);
  });
  $("speed").addEventListener("change", (event) => (player.speed = Number(event.target.value)));
  $("front").addEventListener("click", () => player.front());
  $("show-parts").addEventListener("change", showParts);
  $("more").addEventListener("click", () => {
    all = !all;
    if (!live) showAnswer();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest("button, input, select, textarea, summary, a, label")) return;
    event.preventDefault();
    player.toggle();
  });
  $("file").addEventListener("change", (event) => {
    takeFile(event.target.files[0]);
    event.target.value = ""; // so that the same file can be chosen again
  });
  $("camera-live").addEventListener("click", goLive);
  $("teach").addEventListener("submit", teach);
  $("teach").addEventListener("input", () => tell("teach-error", ""));
  $("options").addEventListener("submit", (event) => event.preventDefault());
  $("options").addEventListener("change", () => takeFile(unread || source?.clip));
  listenToDrops();
}

function listenToDrops() {
  let depth = 0; // dragenter and dragleave also tell of every element inside
  const over = (shown) => $("drop").classList.toggle("over", shown);
  window.addEventListener("dragenter", () => over(++depth > 0));
  window.addEventListener("dragleave", () => over(--depth > 0));
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    over((depth = 0) > 0);
    takeFile(event.dataTransfer.files[0]);
  });
}

// ---- the beginning

function introduce() {
  show("synthetic", about.synthetic);
  $("version").textContent = about.version;
  $("card").textContent = about.card;
  show("about", Boolean(about.card));
  show("videos", about.videos);
  $("size").textContent = `; at most ${Math.round(about.max_upload_bytes / 2 ** 20)} MiB`;
  for (const layout of about.layouts) $("layout").append(element("option", { value: layout }, layout));
}

function showCounts() {
  const total = classes.labels.length, { taught } = classes, described = total - taught - about.seen_count;
  const kinds = [`${about.seen_count} that it was trained on`];
  if (described) kinds.push(`${described} that it knows only from words`);
  if (taught) kinds.push(`${taught} that it was taught here`);
  const last = kinds.length > 1 ? `, and ${kinds.pop()}` : "";
  const what = last ? `${total} actions: ${kinds.join(", ")}${last}` : `${total} actions that it was trained on`;
  $("lead").textContent = `Give the model a skeleton clip. It ranks ${what}. You can add more below.`;
}

function showSamples(samples) {
  show("samples-box", samples.length > 0);
  $("samples").replaceChildren(
    ...samples.map(({ name }) =>
      element("button", { type: "button", value: name, "aria-pressed": "false", onclick: () => choose({ sample: name }) },
        name),
    ),
  );
}

async function start() {
  listen();
  try {
    const [found, samples] = await Promise.all([api.about(), api.samples()]);
    about = found;
    introduce();
    classes = new Classes(about.shared, changeClasses);
    await classes.refresh();
    showCounts();
    showSamples(samples);
    rank(); // a file may have been dropped meanwhile
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    refuse(error);
  }
}

start();
