// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// Numbers and elements for people.

/** A number with four significant digits, and its unit. */
export function shown(value, unit = "1") {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const digits = Number.isInteger(value) && Math.abs(value) < 1e7 ? String(value) : String(Number(value.toPrecision(4)));
  return unit === "1" || unit === "" ? digits : `${digits} ${unit}`;
}

export function milliseconds(seconds) {
  return `${(1000 * seconds).toFixed(seconds < 0.01 ? 2 : 1)} ms`;
}

export function words(name) {
  return name.replaceAll("_", " ");
}

/** Makes an element: element("td", {class: "x"}, "text", child, …). */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A table: header texts, rows of texts or elements, and what happens on a click on a row. */
export function table(header, rows, onrow = null) {
  const body = element("tbody");
  rows.forEach((cells, number) => {
    const row = element("tr", onrow ? { class: "clickable", tabindex: "0" } : {}, ...cells.map((cell) => element("td", {}, cell)));
    if (onrow) {
      row.addEventListener("click", () => onrow(number));
      row.addEventListener("keydown", (event) => event.key === "Enter" && onrow(number));
    }
    body.append(row);
  });
  return element("table", {}, element("thead", {}, element("tr", {}, ...header.map((text) => element("th", {}, text)))), body);
}
