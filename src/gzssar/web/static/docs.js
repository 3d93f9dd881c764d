// openapi.json for people: no library, nothing from elsewhere.

import { $, element } from "./dom.js";

const document_ = await (await fetch("openapi.json")).json();
const resolve = (schema) => (schema?.$ref ? schema.$ref.split("/").slice(1).reduce((at, key) => at[key], document_) : schema);

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(typeOf).filter((name) => name !== "null").join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeOf).join(", ")}]`;
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  if (schema.contentMediaType === "application/octet-stream" || schema.format === "binary") return "file";
  if (schema.contentMediaType === "application/json") return "JSON as text";
  return schema.type || "";
}

// What stands between backticks is code.
const words = (text) => text.split("`").map((part, odd) => (odd % 2 ? element("code", {}, part) : part));

function table(title, rows) {
  if (!rows.length) return null;
  const head = element("tr", {}, ...[title, "type", ""].map((name) => element("th", { scope: "col" }, name)));
  const body = rows.map(([name, schema, needed, text]) =>
    element("tr", {}, element("td", {}, element("code", {}, name), needed ? " *" : ""),
      element("td", {}, typeOf(schema)), element("td", {}, ...words(text || schema?.description || ""))));
  const made = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, made);
}

const properties = (schema) =>
  Object.entries(schema?.properties || {}).map(([name, one]) => [name, one, schema.required?.includes(name), one.description]);

function example(path, method, operation, content) {
  const address = `curl ${location.origin}${path}`;
  if (content?.["multipart/form-data"]) {
    return `${address} -F clip=@clip.skeleton${/(explain|teach)$/.test(path) ? " -F label=wave" : ""}`;
  }
  if (content) return `${address} -H 'Content-Type: application/json' -d '{"label": "juggle", "motion": "Both hands go up and down."}'`;
  if (method !== "delete") return address;
  const query = operation.parameters.map(({ name }) => `${name}=${{ label: "juggle", number: 0 }[name]}`).join("&");
  return `curl '${location.origin}${path}?${query}' -X DELETE`;
}

function route(path, method, operation) {
  const content = operation.requestBody?.content;
  const body = resolve(Object.values(content || {})[0]?.schema);
  const parameters = (operation.parameters || []).map((one) => [one.name, one.schema, one.required, one.description]);
  const answer = resolve(operation.responses["200"]?.content?.["application/json"]?.schema);
  const errors = Object.entries(operation.responses).filter(([status]) => status !== "200");
  return element("article", { class: "card" },
    element("h2", {}, element("span", { class: `badge ${method === "get" ? "seen" : "unseen"}` }, method.toUpperCase()), path),
    element("p", {}, ...words(operation.description || operation.summary)),
    table("field", [...parameters, ...properties(body)]),
    table("answer", properties(answer)),
    errors.length ? element("details", {}, element("summary", {}, "Errors"),
      ...errors.map(([status, one]) => element("p", { class: "small" }, `${status}: ${one.description}`))) : null,
    element("pre", { tabindex: "0" }, example(path, method, operation, content)));
}

for (const [path, methods] of Object.entries(document_.paths)) {
  for (const [method, operation] of Object.entries(methods)) $("routes").append(route(path, method, operation));
}
