// Classes: the server's, the visitor's own, in words or by clips, and which of them compete.

import * as api from "./api.js";
import { $, element, show, tell } from "./dom.js";

const KEPT = "gzssar added classes"; // in this tab alone

export const counted = (clips) => `${clips} ${clips === 1 ? "clip" : "clips"}`;

export class Classes {
  constructor(shared, onChange) {
    this.shared = shared;
    this.onChange = onChange;
    this.known = [];
    this.own = shared ? [] : this.restore();
    this.left_out = new Set();
    $("whose").textContent = shared
      ? "Everyone who opens this page will see it."
      : "It takes effect at once, without training. Only you see it, in this tab.";
    $("taught-whose").textContent = shared
      ? "It changes the answers for everyone who opens this page."
      : "Only this tab keeps the features of the clip. Nothing keeps the clip itself.";
    $("add").addEventListener("submit", (event) => this.submit(event));
    $("add").addEventListener("input", () => tell("add-error", ""));
    $("filter").addEventListener("input", () => this.filter());
    $("all").addEventListener("click", () => this.choose(true));
    $("none").addEventListener("click", () => this.choose(false));
  }

  // Labels that somebody added.
  get added() {
    const labels = this.known.map((one) => one.label);
    return this.shared
      ? this.known.filter((one) => one.added).map((one) => one.label)
      : this.own.map((one) => one.label).filter((label) => !labels.includes(label));
  }

  get labels() {
    return [...this.known.map((one) => one.label), ...(this.shared ? [] : this.added)];
  }

  // What the clips are called that show a class here.
  clips(label) {
    if (!this.shared) return this.own.find((one) => one.label === label)?.names || [];
    const count = this.known.find((one) => one.label === label)?.clips || 0;
    return Array.from({ length: count }, (_, number) => `clip ${number + 1}`);
  }

  // How many classes the model knows from clips that showed them here, and from nothing else.
  get taught() {
    const trained = this.known.filter((one) => one.seen).map((one) => one.label);
    return this.labels.filter((label) => this.clips(label).length && !trained.includes(label)).length;
  }

  // The visitor's own, as requests take them along.
  get sent() {
    return this.own.map(({ label, action, motion, clips = [] }) => ({ label, action, motion, clips }));
  }

  texts(label) {
    return [...this.known, ...this.own].find((one) => one.label === label) || {};
  }

  // What goes along with a request; null where all compete.
  get candidates() {
    return this.left_out.size ? this.labels.filter((label) => !this.left_out.has(label)) : null;
  }

  async refresh() {
    this.known = await api.classes();
    this.show();
  }

  async submit(event) {
    event.preventDefault();
    const described = Object.fromEntries(
      ["label", "action", "motion"].map((kind) => [kind, $(`new-${kind}`).value.trim()]),
    );
    tell("add-error", "");
    const sentence = this.objection(described.label);
    if (sentence) {
      tell("add-error", sentence);
      $("new-label").focus();
      return;
    }
    if (this.busy) return;
    this.busy = true; // not disabled: a button that is would lose the focus
    $("add-button").textContent = "Reading the words…";
    try {
      const { warning } = await api.addClass({ label: described.label, action: described.action || null, motion: described.motion || null });
      if (this.shared) await this.refresh();
      else this.keep([...this.own, described]);
      $("add").reset();
      this.onChange(described.label);
      tell("add-error", warning.map(({ sentence }) => sentence).join(" "));
    } catch (error) {
      tell("add-error", error.message);
    } finally {
      this.busy = false;
      $("add-button").textContent = "Add";
    }
  }

  objection(label) {
    const key = (text) => text.toLowerCase().replaceAll(/\s/g, "");
    if (!label) return "A name is needed.";
    const same = this.labels.find((other) => key(other) === key(label));
    return same ? `There is “${same}” already: choose another name.` : "";
  }

  // Let a clip show a class; what speaks against the clip comes back.
  async teach(label, source, name) {
    const taught = await api.teach(source, { label, classes: this.sent });
    if (this.shared) await this.refresh();
    else {
      const one = this.own.find((own) => own.label === taught.label) || { label: taught.label };
      const more = { ...one, clips: [...(one.clips || []), taught.clip], names: [...(one.names || []), name] };
      this.keep(this.own.includes(one) ? this.own.map((own) => (own === one ? more : own)) : [...this.own, more]);
    }
    this.onChange(taught.label);
    return taught.warning.map(({ sentence }) => sentence).join(" ");
  }

  // A class that is nothing but its clips goes with the last of them.
  async takeBack(label, number) {
    tell("add-error", "");
    try {
      if (this.shared) {
        await api.takeBack(label, number);
        await this.refresh();
      } else {
        const without = (some) => some.filter((_, place) => place !== number);
        const changed = this.own.map((one) =>
          one.label === label ? { ...one, clips: without(one.clips), names: without(one.names) } : one,
        );
        this.keep(changed.filter((one) => one.action || one.motion || one.clips?.length || one.label !== label));
      }
      if (!this.labels.includes(label)) this.left_out.delete(label);
      $("new-label").focus();
      this.onChange(null);
    } catch (error) {
      tell("add-error", error.message);
    }
  }

  async remove(label) {
    tell("add-error", "");
    try {
      if (this.shared) {
        await api.removeClass(label);
        await this.refresh();
      } else this.keep(this.own.filter((one) => one.label !== label));
      this.left_out.delete(label);
      $("new-label").focus();
      this.onChange(null);
    } catch (error) {
      tell("add-error", error.message);
    }
  }

  keep(own) {
    this.own = own;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(own));
    } catch {
      // storage is switched off: they live as long as the page
    }
    this.show();
  }

  restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT) || "[]");
      return Array.isArray(kept) ? kept.filter((one) => typeof one?.label === "string") : [];
    } catch {
      return [];
    }
  }

  show() {
    const changed = this.labels.filter((label) => this.added.includes(label) || this.clips(label).length);
    show("added-box", changed.length > 0);
    $("added").replaceChildren(...changed.map((label) => this.row(label)));
    $("labels").replaceChildren(...this.labels.map((label) => element("option", { value: label })));
    this.showCandidates();
  }

  row(label) {
    const { action, motion } = this.texts(label);
    const words = this.added.includes(label) ? action || motion || "" : "";
    const clips = this.clips(label).map((name, number) =>
      element(
        "button",
        {
          type: "button", class: "quiet", "aria-label": `Take ${name} of ${label} back`,
          onclick: () => this.takeBack(label, number),
        },
        `${name} ×`,
      ),
    );
    const count = clips.length ? element("span", { class: "small" }, counted(clips.length)) : null;
    const what = element("span", {}, label, words && element("span", { class: "small" }, words), count);
    if (clips.length) what.append(element("span", { class: "chips" }, ...clips));
    const remove = element(
      "button",
      { type: "button", class: "quiet", "aria-label": `Remove ${label}`, onclick: () => this.remove(label) },
      this.added.includes(label) ? "Remove" : "Take all back",
    );
    return element("li", {}, what, this.shared && !this.added.includes(label) ? null : remove);
  }

  showCandidates() {
    const boxes = this.labels.map((label) => {
      const box = element("input", { type: "checkbox", value: label, checked: !this.left_out.has(label) });
      box.addEventListener("change", () => {
        if (box.checked) this.left_out.delete(label);
        else this.left_out.add(label);
        this.compete();
      });
      return element("label", { class: "check" }, box, label);
    });
    $("candidates").replaceChildren($("candidates").querySelector("legend"), ...boxes);
    this.filter();
    this.count();
  }

  filter() {
    const wanted = $("filter").value.trim().toLowerCase();
    for (const label of $("candidates").querySelectorAll("label")) {
      label.hidden = !label.textContent.toLowerCase().includes(wanted);
    }
  }

  choose(chosen) {
    for (const label of $("candidates").querySelectorAll("label:not([hidden])")) {
      const box = label.querySelector("input");
      box.checked = chosen;
      if (chosen) this.left_out.delete(box.value);
      else this.left_out.add(box.value);
    }
    this.compete();
  }

  compete() {
    this.count();
    this.onChange(null);
  }

  count() {
    const total = this.labels.length;
    const chosen = this.labels.filter((label) => !this.left_out.has(label)).length;
    $("compete-count").textContent = chosen === total ? `all ${total}` : `${chosen} of ${total}`;
  }
}
