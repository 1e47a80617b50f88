// JSON schemas as people read them: a type, its bounds, its fields.
import { element, prose } from "/docs/elements.js";

const BOUNDS = {
  minLength: "at least {} characters",
  maxLength: "at most {} characters",
  minimum: "≥ {}",
  maximum: "≤ {}",
  exclusiveMinimum: "> {}",
  minItems: "at least {} items",
  maxItems: "at most {} items",
  pattern: "matches {}",
};

function nameOf(schema) {
  return schema.$ref?.split("/").at(-1);
}

function resolved(api, schema) {
  const name = nameOf(schema);
  return name ? { ...api.components.schemas[name], ...schema } : schema;
}

function typeOf(api, schema) {
  const whole = resolved(api, schema);
  if (whole.anyOf) return whole.anyOf.map((one) => typeOf(api, one)).join(" or ");
  if (whole.enum) return whole.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (whole.type === "array") return `list of ${typeOf(api, whole.items ?? {})}`;
  if (whole.type === "object" && nameOf(schema)) return nameOf(schema);
  return whole.format ?? whole.type ?? "any value";
}

function notes(api, schema) {
  const whole = resolved(api, schema);
  const parts = [whole, ...(whole.anyOf ?? [])];
  const bounds = parts.flatMap((one) =>
    Object.keys(BOUNDS)
      .filter((key) => one[key] !== undefined)
      .map((key) => BOUNDS[key].replace("{}", one[key])),
  );
  if (whole.default !== undefined) bounds.push(`default ${JSON.stringify(whole.default)}`);
  return bounds.length ? ` (${bounds.join(", ")})` : "";
}

function objectIn(api, schema) {
  const whole = resolved(api, schema);
  if (whole.properties) return whole;
  for (const inner of [whole.items, ...(whole.anyOf ?? [])]) {
    const found = inner && objectIn(api, inner);
    if (found) return found;
  }
  return null;
}

function fields(api, object) {
  const needed = new Set(object.required ?? []);
  const entries = Object.entries(object.properties).flatMap(([name, schema]) => [
    element(
      "dt",
      {},
      element("code", {}, name),
      element("span", { class: "type" }, ` ${typeOf(api, schema)}${notes(api, schema)}`),
      needed.has(name) ? element("span", { class: "needed" }, " required") : "",
    ),
    element("dd", {}, ...prose(schema.description ?? ""), ...nested(api, schema)),
  ]);
  return element("dl", {}, ...entries);
}

// Drawn when it is opened: schemas may contain each other.
function nested(api, schema) {
  const object = objectIn(api, schema);
  if (!object) return [];
  const details = element("details", {}, element("summary", {}, `Fields of ${object.title ?? "it"}`));
  details.addEventListener("toggle", () => details.append(fields(api, object)), { once: true });
  return [details];
}

export function schemaTree(api, schema, { inline = false } = {}) {
  const line = `${typeOf(api, schema)}${notes(api, schema)}`;
  if (inline) return element("span", { class: "type" }, line);
  const object = objectIn(api, schema);
  if (!object) return element("p", { class: "type" }, line);
  return element(
    "details",
    {},
    element("summary", {}, element("code", {}, line)),
    ...prose(object.description ?? ""),
    fields(api, object),
  );
}

export function sample(api, schema, depth = 3) {
  const whole = resolved(api, schema);
  if (whole.examples?.length) return whole.examples[0];
  if (whole.default !== undefined) return whole.default;
  if (whole.enum) return whole.enum[0];
  if (whole.anyOf) return sample(api, whole.anyOf[0], depth);
  if (whole.type === "object") {
    const names = depth ? (whole.required ?? []) : [];
    const given = names.map((name) => [name, sample(api, whole.properties[name], depth - 1)]);
    return Object.fromEntries(given);
  }
  return { array: [], integer: 1, number: 1, boolean: true, null: null }[whole.type] ?? "text";
}
