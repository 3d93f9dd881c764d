// Classes: the server's, the visitor's own, and which of them compete.

import * as api from "./api.js";
import { $, element, show, tell } from "./dom.js";

const KEPT = "gzssar added classes"; // in this tab alone

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
    $("add").addEventListener("submit", (event) => this.submit(event));
    $("add").addEventListener("input", () => tell("add-error", ""));
    $("filter").addEventListener("input", () => this.filter());
    $("all").addEventListener("click", () => this.choose(true));
    $("none").addEventListener("click", () => this.choose(false));
  }

  // Labels that somebody added.
  get added() {
    return this.shared ? this.known.filter((one) => one.added).map((one) => one.label) : this.own.map((one) => one.label);
  }

  get labels() {
    return [...this.known, ...(this.shared ? [] : this.own)].map((one) => one.label);
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
    const added = this.added;
    show("added-box", added.length > 0);
    const rows = added.map((label) => {
      const { action, motion } = this.texts(label);
      const remove = element(
        "button",
        { type: "button", class: "quiet", "aria-label": `Remove ${label}`, onclick: () => this.remove(label) },
        "Remove",
      );
      const words = element("span", { class: "small" }, action || motion || "");
      return element("li", {}, element("span", {}, label, words), remove);
    });
    $("added").replaceChildren(...rows);
    this.showCandidates();
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
