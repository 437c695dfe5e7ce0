// Shows openapi.json, and sends what one fills in. All text is set as text, never as HTML.

const page = document.getElementById("operations");
const api = await (await fetch("/api/v1/openapi.json")).json();

/** An element with text and children. */
function make(name, text, ...children) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

/** What `$ref` names. */
function resolve(node) {
  if (!node?.$ref) return node ?? {};
  return node.$ref.slice(2).split("/").reduce((found, key) => found[key], api);
}

/** A value as the schema describes it. */
function example(schema, depth = 0) {
  const found = resolve(schema);
  if (found.example !== undefined) return found.example;
  if (found.enum) return found.enum[0];
  if (found.allOf) return Object.assign({}, ...found.allOf.map((part) => example(part, depth)));
  const other = (found.oneOf ?? found.anyOf)?.find((part) => part.type !== "null");
  if (other) return depth > 3 ? null : example(other, depth + 1);
  const type = [].concat(found.type).find((name) => name !== "null");
  if (type === "array") return [example(found.items, depth + 1)];
  if (type === "object") {
    const fields = Object.entries(found.properties ?? {});
    return Object.fromEntries(fields.map(([key, value]) => [key, example(value, depth + 1)]));
  }
  return { integer: 0, number: 0, boolean: true }[type] ?? "";
}

/** What a parameter may be, in few words. */
function form(parameter) {
  const schema = resolve(parameter.schema);
  const words = [parameter.required ? "required" : "optional", schema.format ?? schema.type];
  if (schema.enum) words.push(schema.enum.join(" | "));
  if (schema.minimum !== undefined) words.push(`${schema.minimum} to ${schema.maximum}`);
  return words.flat().filter((word) => word && word !== "null").join(", ");
}

/** A field to fill in. */
function field(parameter) {
  const input = make("input");
  const value = parameter.example ?? resolve(parameter.schema).example;
  input.placeholder = value === undefined ? "" : [].concat(value).join(", ");
  if (parameter.required) input.value = input.placeholder;
  const note = make("small", `${parameter.description ?? ""} (${form(parameter)})`);
  return { parameter, input, label: make("label", `${parameter.name} `, input, note) };
}

/** The address that the fields make. */
function address(path, fields) {
  const query = new URLSearchParams();
  for (const { parameter, input } of fields) {
    if (parameter.in === "path") {
      const segments = input.value.split("/").map(encodeURIComponent).join("/");
      path = path.replace(`{${parameter.name}}`, () => segments);
    } else if (parameter.in === "query" && input.value) {
      const isList = resolve(parameter.schema).type === "array";
      const values = isList ? input.value.split(",") : [input.value];
      values.forEach((value) => query.append(parameter.name, isList ? value.trim() : value));
    }
  }
  return query.size ? `${path}?${query}` : path;
}

async function send(method, url, body, isAdmin) {
  const headers = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (isAdmin) headers.authorization = `Bearer ${document.getElementById("token").value}`;
  const started = performance.now();
  const answer = await fetch(url, { method, headers, body });
  const text = await answer.text();
  const took = (performance.now() - started).toFixed(0);
  const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const isJson = answer.headers.get("content-type")?.includes("json");
  const shown = isJson && text ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return `${answer.status} in ${took} ms\n${head}\n\n${shown}`;
}

/** One operation, with a form. */
function operation(method, path, found) {
  const fields = (found.parameters ?? []).map(resolve).map(field);
  const media = Object.values(resolve(found.requestBody).content ?? {})[0];
  const body = media && make("textarea");
  if (body) body.value = JSON.stringify(media.example ?? example(media.schema), null, 2);
  const output = make("pre");
  output.hidden = true;
  const button = make("button", "Send");
  button.addEventListener("click", async () => {
    output.hidden = false;
    const url = address(path, fields);
    output.textContent = `${method.toUpperCase()} ${url}`;
    try {
      const answer = await send(method.toUpperCase(), url, body?.value, Boolean(found.security));
      output.textContent = `${method.toUpperCase()} ${url}\n\n${answer}`;
    } catch (error) {
      output.textContent += `\n\n${error}`;
    }
  });
  const answers = Object.entries(found.responses).flatMap(([status, response]) => {
    const { description, content = {} } = resolve(response);
    const title = make("h3", `${status}: ${description}`);
    const schema = Object.values(content)[0]?.schema;
    const isShown = status < 300 && schema;
    return isShown ? [title, make("pre", JSON.stringify(example(schema), null, 2))] : [title];
  });
  const summary = make("summary", "", make("b", method.toUpperCase()), make("code", path), ` ${found.summary ?? ""}`);
  const parts = [make("p", found.description), ...fields.map(({ label }) => label), body, button, output, ...answers];
  return make("details", "", summary, ...parts.filter(Boolean));
}

document.title = `${api.info.title} API`;
document.querySelector("h1").textContent = `${api.info.title} API`;
document.getElementById("about").prepend(`${api.info.description} `);
const groups = new Map();
for (const [path, item] of Object.entries(api.paths)) {
  for (const [method, found] of Object.entries(item)) {
    const name = found.tags?.[0] ?? "other";
    groups.set(name, [...(groups.get(name) ?? []), operation(method, path, found)]);
    if (found.security) document.getElementById("admin").hidden = false;
  }
}
for (const [name, operations] of groups) page.append(make("h2", name), ...operations);
