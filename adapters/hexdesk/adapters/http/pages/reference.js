// Draws /openapi.json. Everything is made of text nodes, so nothing in it can become markup.
import { schemaTree, sample } from "/docs/schemas.js";
import { element, line, prose } from "/docs/elements.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const THEMES = ["system", "light", "dark"];

const page = {
  find: document.getElementById("find"),
  theme: document.getElementById("theme"),
  index: document.getElementById("index"),
  content: document.getElementById("content"),
  state: document.getElementById("state"),
  version: document.getElementById("version"),
};

function resolve(api, thing) {
  if (!thing?.$ref) return thing;
  return thing.$ref.slice(2).split("/").reduce((found, step) => found[step], api);
}

function operations(api) {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method] })),
  );
}

function curl(api, call) {
  const server = api.servers[0].url === "/" ? location.origin : api.servers[0].url;
  const lines = [`curl -X ${call.method.toUpperCase()} "${server}${call.path}"`];
  if (call.security.length) lines.push(`-H "Authorization: Bearer $TOKEN"`);
  const content = call.requestBody?.content["application/json"];
  if (content) {
    const body = content.example ?? sample(api, content.schema);
    lines.push(`-d '${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`);
  }
  return lines.join(" \\\n  ");
}

function copied(text) {
  const button = element("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  return button;
}

function parameters(api, call) {
  if (!call.parameters.length) return [];
  const entries = call.parameters.flatMap((one) => [
    element(
      "dt",
      {},
      element("code", {}, one.name),
      element("span", { class: "type" }, ` ${one.in}, `),
      schemaTree(api, one.schema, { inline: true }),
      one.required ? element("span", { class: "needed" }, " required") : "",
    ),
    element("dd", {}, ...prose(one.description ?? one.schema.description ?? "")),
  ]);
  return [element("h4", {}, "Parameters"), element("dl", {}, ...entries)];
}

function body(api, call) {
  const content = call.requestBody?.content["application/json"];
  if (!content) return [];
  const title = call.requestBody.required ? "Body" : "Body (optional)";
  return [element("h4", {}, title), schemaTree(api, content.schema)];
}

function response(api, status, answer) {
  const { description, content, headers } = resolve(api, answer);
  const [first, ...rest] = description.split("\n");
  const parts = Object.entries(content ?? {}).flatMap(([type, { schema }]) => [
    element("p", {}, element("code", {}, type)),
    schemaTree(api, schema),
  ]);
  const names = Object.keys(headers ?? {}).join(", ");
  return element(
    "details",
    {},
    element("summary", {}, element("strong", {}, status), " ", ...line(first)),
    ...prose(rest.join("\n")),
    ...parts,
    names ? element("p", { class: "type" }, `Headers: ${names}`) : "",
  );
}

function article(api, call) {
  const command = curl(api, call);
  return element(
    "article",
    { id: call.operationId },
    element("h3", {}, element("a", { href: `#${call.operationId}` }, ...line(call.summary))),
    element(
      "p",
      { class: "call" },
      element("span", { class: `method ${call.method}` }, call.method),
      ` ${call.path}`,
    ),
    ...prose(call.description),
    ...parameters(api, call),
    ...body(api, call),
    element("h4", {}, "Example"),
    element("pre", {}, element("code", {}, command)),
    copied(command),
    element("h4", {}, "Answers"),
    ...Object.entries(call.responses).map(([status, one]) => response(api, status, one)),
  );
}

function problems(api) {
  const kinds = Object.values(api.components.responses).flatMap((one) =>
    Object.values(Object.values(one.content)[0].examples).map(({ value }) => value),
  );
  const entries = kinds.map((kind) => {
    const slug = kind.type.split("/").at(-1);
    return element(
      "article",
      { id: `problem-${slug}` },
      element("h3", {}, `${kind.status} ${kind.title}`),
      element("p", { class: "call" }, kind.type),
    );
  });
  return element("section", {}, element("h2", { id: "problems" }, "Problems"), ...entries);
}

function draw(api) {
  const calls = operations(api);
  page.version.textContent = api.info.version;
  page.content.replaceChildren(
    element("h1", {}, `${api.info.title} API`),
    ...prose(api.info.description),
  );
  for (const tag of api.tags) {
    const own = calls.filter((call) => call.tags.includes(tag.name));
    if (!own.length) continue;
    page.content.append(
      element(
        "section",
        {},
        element("h2", {}, tag.name),
        element("p", {}, tag.description),
        ...own.map((call) => article(api, call)),
      ),
    );
    page.index.append(
      element("h2", {}, tag.name),
      element(
        "ul",
        {},
        ...own.map((call) =>
          element("li", {}, element("a", { href: `#${call.operationId}` }, ...line(call.summary))),
        ),
      ),
    );
  }
  page.content.append(problems(api));
}

function search() {
  const words = page.find.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of page.content.querySelectorAll("article")) {
    const text = one.textContent.toLowerCase();
    one.hidden = !words.every((word) => text.includes(word));
  }
  for (const section of page.content.querySelectorAll("section")) {
    section.hidden = !section.querySelector("article:not([hidden])");
  }
  for (const link of page.index.querySelectorAll("a")) {
    link.parentElement.hidden = document.getElementById(link.hash.slice(1)).hidden;
  }
  for (const list of page.index.querySelectorAll("ul")) {
    list.previousSibling.hidden = !list.querySelector("li:not([hidden])");
  }
}

function useTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  page.theme.textContent = `Theme: ${theme}`;
  localStorage.setItem("theme", theme);
}

page.theme.addEventListener("click", () => {
  const present = THEMES.indexOf(localStorage.getItem("theme") ?? "system");
  useTheme(THEMES[(present + 1) % THEMES.length]);
});
page.find.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== page.find) {
    event.preventDefault();
    page.find.focus();
  }
});

useTheme(localStorage.getItem("theme") ?? "system");
try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  draw(await answer.json());
  const problem = location.pathname.match(/^\/docs\/problems\/([a-z-]+)$/);
  const wanted = problem ? `problem-${problem[1]}` : location.hash.slice(1);
  document.getElementById(wanted)?.scrollIntoView();
} catch (error) {
  page.state.textContent = `The description of the API cannot be read: ${error.message}.`;
}
