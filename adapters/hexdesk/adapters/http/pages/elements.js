// Small makers of DOM nodes: texts stay texts.

export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== ""));
  return made;
}

// A line, with `code` between backticks.
export function line(text) {
  return text.split("`").map((part, place) => (place % 2 ? element("code", {}, part) : part));
}

export function prose(text) {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter(Boolean)
    .map((paragraph) => element("p", {}, ...line(paragraph)));
}
