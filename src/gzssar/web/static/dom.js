// Small helpers. Whatever comes from people or files becomes text, never markup.

export const $ = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export function bar(share, from = 0) {
  const made = element("div", { class: "bar" });
  made.style.width = `${100 * share}%`;
  if (from) made.style.left = `${100 * from}%`;
  return made;
}

export function show(id, shown = true) {
  $(id).hidden = !shown;
}

// An empty sentence hides the place. Screen readers speak what appears in it.
export function tell(id, sentence) {
  $(id).hidden = !sentence;
  $(id).textContent = sentence || "";
}

export const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

// A sentence's first letter; names of files, which sentences may begin with, stay as they are.
export const capital = (text) => (/^[a-z]+[ ,:]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text);
