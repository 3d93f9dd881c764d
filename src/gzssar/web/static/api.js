// The JSON routes of the server. Every failure becomes an Error with the server's sentence, and with the form's field
// that would help, where one would.

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running?");
  }
  const body = await response.json().catch((error) => {
    if (error.name === "AbortError") throw error; // else it would pass for an empty answer
    return {};
  });
  if (!response.ok) {
    const sentence = body.error || `The server answered with status ${response.status}.`;
    throw Object.assign(new Error(sentence), { field: body.field });
  }
  return body;
}

function form(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined || value === "" || value === false) continue;
    if (name === "classes") data.append(name, JSON.stringify(value));
    else for (const one of [value].flat()) data.append(name, one);
  }
  return data;
}

const post = (address, fields, signal) => ask(address, { method: "POST", body: form(fields), signal });

export const about = () => ask("api/model");
export const samples = () => ask("api/samples").then((found) => found.samples);
export const classes = () => ask("api/classes").then((found) => found.classes);
export const readClip = (source, signal) => post("api/clip", source, signal);
export const readVideo = (source, signal) => post("api/video", source, signal);
export const predict = (source, more, signal) => post("api/predict", { ...source, ...more }, signal);
export const explain = (source, more, signal) => post("api/explain", { ...source, ...more }, signal);
export const teach = (source, more) => post("api/teach", { ...source, ...more });

export const addClass = (described) =>
  ask("api/classes", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(described),
  });

export const removeClass = (label) =>
  ask(`api/classes?label=${encodeURIComponent(label)}`, { method: "DELETE" });

export const takeBack = (label, number) =>
  ask(`api/classes/clip?label=${encodeURIComponent(label)}&number=${number}`, { method: "DELETE" });
