// The ranking, the gate, and why.

import { counted } from "./classes.js";
import { $, bar, element, percent, show, tell } from "./dom.js";

const SHOWN = 8;
const KINDS = { label: "Its name", action: "What it is", motion: "How the body moves" };

export function waiting() {
  show("answer-empty", false);
  tell("answer-error", "");
  show("answer-loading", $("answer-body").hidden); // an old ranking stays until the new one is there
  $("answer-body").setAttribute("aria-busy", "true");
}

export function failed(sentence) {
  show("answer-loading", false);
  show("answer-body", false);
  show("answer-empty", false);
  tell("answer-error", sentence);
}

export function empty(sentence) {
  show("answer-loading", false);
  show("answer-body", false);
  show("why", false);
  tell("answer-error", "");
  tell("answer-empty", sentence);
  $("live").textContent = "";
}

export function showAnswer(answer, classes, selected, choose, all) {
  show("answer-loading", false);
  show("answer-body");
  $("answer-body").removeAttribute("aria-busy");
  const [first] = answer.ranking;
  $("top-label").textContent = answer.resting
    ? "Nothing is happening"
    : answer.abstained
      ? `Perhaps ${first.label}`
      : first.label;
  const badge = $("top-badge");
  badge.className = `badge ${kind(first)}`;
  const clips = classes.clips(first.label).length;
  badge.textContent = clips ? "taught" : kind(first);
  $("top-note").textContent = answer.resting
    ? "Nobody moves, so the model names no action. The ranking shows which actions the pose resembles."
    : answer.abstained
      ? "The model is not sure: answers like this one are wrong too often."
      : clips
        ? `The model was taught this action here, by ${counted(clips)}.`
        : first.seen
          ? "The model was trained on clips of this action."
          : "The model knows this action only from words.";
  show("top-badge", !answer.resting);
  tell("top-others", "");
  tell("top-warning", answer.warning.map((doubt) => doubt.sentence).join(" "));
  show("gate", judged(answer));
  $("gate-seen").style.width = `${100 * answer.p_seen}%`;
  $("gate-text-seen").textContent = `seen ${percent(answer.p_seen)}`;
  $("gate-text-unseen").textContent = `unseen ${percent(1 - answer.p_seen)}`;
  showRanking(answer.ranking, classes, selected, choose, all);
}

// What the last seconds of a camera show: answers follow one another, so nothing waits for the one before.
export function showLive({ answer, early, others }, classes, choose, all) {
  show("why", false);
  if (!answer) {
    empty(early ? "Looking…" : "Nobody is there.");
    return;
  }
  show("answer-empty", false);
  tell("answer-error", "");
  showAnswer(answer, classes, null, choose, all);
  const words = others.map((other) => (other.resting ? "nothing is happening" : other.label || `perhaps ${other.best_guess}`));
  tell("top-others", words.length ? `Somebody else: ${words.join("; ")}.` : "");
}

// Whether classes of both kinds compete: else there is nothing for the gate to judge.
export const judged = ({ p_seen }) => p_seen !== null;

const kind = (entry) => (entry.seen ? "seen" : "unseen");

function showRanking(ranking, classes, selected, choose, all) {
  const largest = Math.max(ranking[0].score, 1e-9);
  const rows = [];
  let before = 0;
  ranking.forEach((entry, index) => {
    const own = classes.clips(entry.label).length ? "taught" : classes.added.includes(entry.label) ? "added" : "";
    if (!all && index >= SHOWN && !own && entry.label !== selected) return;
    if (index > before) rows.push(element("li", { class: "gap", "aria-hidden": "true" }, "⋮"));
    before = index + 1;
    rows.push(row(entry, index + 1, largest, own, entry.label === selected, choose));
  });
  const focused = $("ranking").contains(document.activeElement) && document.activeElement.dataset.label;
  $("ranking").replaceChildren(...rows);
  if (focused) [...$("ranking").querySelectorAll("button")].find((one) => one.dataset.label === focused)?.focus();
  show("more", ranking.length > SHOWN);
  $("more").textContent = all ? `Show the first ${SHOWN}` : `Show all ${ranking.length}`;
  $("more").setAttribute("aria-expanded", all);
}

function row(entry, place, largest, own, pressed, choose) {
  const track = element("span", { class: "track", "aria-hidden": "true" }, bar(Math.max(0, entry.score) / largest));
  const button = element(
    "button",
    {
      type: "button", class: kind(entry), "aria-pressed": String(pressed), "data-label": entry.label,
      onclick: () => choose(entry.label),
    },
    element("span", { class: "place" }, String(place)),
    element("span", { class: "name" }, entry.label),
    element("span", { class: `badge ${kind(entry)}` }, own || kind(entry)),
    element("span", { class: "score" }, percent(entry.score)),
    track,
  );
  return element("li", {}, button);
}

export function whyWaiting(label) {
  show("why");
  $("why-title").textContent = `Why “${label}”`;
  tell("why-error", "");
  show("why-loading");
  show("why-body", false);
}

export function whyFailed(sentence) {
  show("why-loading", false);
  tell("why-error", sentence);
}

export function showWhy(why, texts, clip) {
  show("why-loading", false);
  show("why-body");
  const rows = Object.entries(why.similarity).flatMap(([name, value]) => similarity(name, value, texts[name]));
  $("similarity").replaceChildren(...rows);
  const joints = strongest(why.joints, 3).map((v) => clip.joint_names[v]);
  const windows = strongest(why.frames, 1);
  show("why-parts", joints.length > 0 || windows.length > 0);
  const sentences = joints.length ? [`The joints that mattered most: ${joints.join(", ")}.`] : [];
  for (const t of windows) {
    const [from, to] = [why.frame_edges[t], why.frame_edges[t + 1]].map((share) => share * clip.duration_s);
    sentences.push(`The part that mattered most: ${from.toFixed(1)} to ${to.toFixed(1)} s.`);
  }
  $("parts").textContent = `${sentences.join(" ")} A part matters if the clip is less similar to the action when that part is frozen.`;
}

function similarity(name, value, text) {
  const track = element("div", { class: "track", "aria-hidden": "true" });
  const half = Math.min(1, Math.abs(value)) / 2;
  track.append(bar(half, value < 0 ? 0.5 - half : 0.5));
  return [
    element("dt", {}, KINDS[name] || name, element("strong", {}, value.toFixed(2).replace("-", "−"))),
    element("dd", {}, track, text || ""),
  ];
}

// Indices of the largest positive values, largest first.
function strongest(values, count) {
  const order = values.map((_, index) => index).sort((one, other) => values[other] - values[one]);
  return order.filter((index) => values[index] > 0).slice(0, count);
}

export function showStrip(why) {
  const largest = why ? Math.max(...why.frames) : 0;
  show("strip", largest > 0);
  if (!(largest > 0)) return;
  const windows = why.frames.map((weight, t) => {
    const made = element("span");
    made.style.width = `${100 * (why.frame_edges[t + 1] - why.frame_edges[t])}%`;
    made.style.opacity = Math.max(0, weight) / largest;
    return made;
  });
  $("strip").replaceChildren(...windows);
  const [most] = strongest(why.frames, 1);
  const [from, to] = [why.frame_edges[most], why.frame_edges[most + 1]].map((share) => Math.round(100 * share));
  $("strip").setAttribute("aria-label", `Frames that mattered: mostly from ${from} to ${to} percent of the clip`);
}
