// Making elements, and small arithmetic.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  previous: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  in: "M12 5v14M5 12h14",
  out: "M5 12h14",
  fit: "M3 12h18M7 8l-4 4 4 4M17 8l4 4-4 4",
  find: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16.5 16.5L21 21",
};

function make(tag, name, attributes = {}, text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text; // never as HTML: names come from anywhere
  return element;
}

function draw(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function icon(name) {
  const svg = draw("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" });
  svg.append(draw("path", { d: ICONS[name] }));
  return svg;
}

function button(name, label, act) {
  const element = make("button", `tool ${name}`, { type: "button", title: label });
  element.setAttribute("aria-label", label);
  element.append(icon(name));
  element.addEventListener("click", act);
  return element;
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

// The layer above everything, so that no frame of the page can cut something off.
function raise(element, shown) {
  element.hidden = !shown;
  if (!element.showPopover) return; // an old browser: it stays where it is
  if (shown && !element.matches(":popover-open")) element.showPopover();
  if (!shown && element.matches(":popover-open")) element.hidePopover();
}

function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
