// One drawing: its SVG is read once, later only classes change.

const REACH = 6; // CSS pixels beside a thin part that still count as on it
const CHIP = ".chip, .sk-chip"; // what opens a part; some drawings bring their own
let made = 0;

class Plate {
  constructor(sketch) {
    this.id = `plate-${++made}`;
    this.text = sketch.svg;
    this.svg = parse(sketch.svg) ?? broken();
    this.svg.setAttribute("role", "none");
    this.elements = new Map();
    for (const element of this.svg.querySelectorAll("g.node"))
      this.elements.set(element.dataset.node, element);
    this.links = [...this.svg.querySelectorAll(".link")].map((element) => ({
      element,
      from: element.dataset.from,
      to: element.dataset.to,
      shortcut: element.classList.contains("sk-shortcut"),
    }));
    this.frame = draw("rect", { class: "ring", rx: 6, "aria-hidden": "true" });
    this.svg.append(this.frame);
    this.marks = { selected: "", hover: "" };
  }

  // The same drawing may come with other facts, or on a page that shows other layers.
  update(sketch, choices, opens) {
    this.width = sketch.width;
    this.height = sketch.height;
    this.nodes = new Map();
    this.flat = undefined;
    for (const node of sketch.nodes) {
      const element = this.elements.get(node.name);
      if (!element) continue;
      const place = this.nodes.size;
      const layer = targetOf(node, choices);
      const dimmed = node.layers.length > 0 && !layer;
      const handle = node.layers.length === 0 && Boolean(node.expands);
      this.nodes.set(node.name, { ...node, element, target: layer, dimmed, handle });
      element.id = `${this.id}-${place}`;
      element.setAttribute("role", "option");
      element.setAttribute("aria-label", spoken(node, dimmed));
      element.setAttribute("aria-selected", String(node.name === this.marks.selected));
      element.setAttribute("aria-disabled", String(!layer && !handle));
      element.classList.toggle("dimmed", dimmed);
      element.classList.toggle("bare", node.layers.length === 0 && !node.expands);
      if (opens && node.expands) this.addChip(node, element);
    }
  }

  // The sign of what can be opened.
  addChip(node, element) {
    if (element.querySelector(CHIP)) return;
    const [left, top, width] = node.box;
    const chip = draw("g", { class: "chip", transform: `translate(${left + width - 9} ${top})` });
    chip.append(draw("circle", { r: 9 }), draw("path", { d: "M-4.5 0h9M0-4.5v9" }));
    element.append(chip);
  }

  nodeOf(layer) {
    if (!layer) return "";
    for (const node of this.nodes.values()) if (node.layers.includes(layer)) return node.name;
    return "";
  }

  // Give the class `selected` or `hover` to one part, and `near` to the links of both.
  mark(name, word) {
    const before = this.marks[word];
    if (before === name) return;
    this.marks[word] = name;
    this.elements.get(before)?.classList.remove(word);
    this.elements.get(name)?.classList.add(word);
    if (word === "selected") {
      this.elements.get(before)?.setAttribute("aria-selected", "false");
      this.elements.get(name)?.setAttribute("aria-selected", "true");
    }
    const ends = Object.values(this.marks).filter(Boolean);
    for (const { element, from, to } of this.links)
      element.classList.toggle("near", ends.includes(from) || ends.includes(to));
  }

  ring(name) {
    const node = this.nodes.get(name);
    this.frame.classList.toggle("shown", Boolean(node));
    if (!node) return;
    const [left, top, width, height] = node.box;
    const sides = { x: left - 3, y: top - 3, width: width + 6, height: height + 6 };
    for (const [side, value] of Object.entries(sides)) this.frame.setAttribute(side, value);
  }

  // The part at a place on the screen; thin ones count from some pixels away.
  at(event) {
    const hit = event.target.closest?.("g.node");
    if (hit && this.svg.contains(hit)) return hit.dataset.node;
    const box = this.svg.getBoundingClientRect();
    const scale = box.width / this.width || 1;
    const [x, y] = [(event.clientX - box.left) / scale, (event.clientY - box.top) / scale];
    let [best, least] = ["", REACH / scale];
    for (const node of this.nodes.values()) {
      const [left, top, width, height] = node.box;
      const away = Math.hypot(
        Math.max(left - x, 0, x - left - width),
        Math.max(top - y, 0, y - top - height),
      );
      // Inside a box but on no ink: where boxes overlap, the drawing decides, not the box.
      if (away > 0 && away <= least) [best, least] = [node.name, away];
    }
    return best;
  }
}

function targetOf(node, choices) {
  if (choices.has(node.layer)) return node.layer;
  return node.layers.findLast((layer) => choices.has(layer)) ?? "";
}

function spoken(node, dimmed) {
  const facts = node.facts.map(([word, value]) => `${word} ${value}`);
  return [node.title, ...facts, ...(dimmed ? [UNSHOWN] : [])].join(", ");
}

// As XML, so that nothing in it runs; what could run later is taken out all the same.
function parse(text) {
  const read = new DOMParser().parseFromString(text, "image/svg+xml");
  const root = read.documentElement;
  if (root.localName !== "svg" || read.querySelector("parsererror")) return null;
  for (const one of root.querySelectorAll("script, foreignObject")) one.remove();
  for (const one of [root, ...root.querySelectorAll("*")])
    for (const { name, value } of [...one.attributes])
      if (/^on/i.test(name) || (/href$/i.test(name) && !value.startsWith("#")))
        one.removeAttribute(name);
  return document.importNode(root, true);
}

function broken() {
  const svg = draw("svg", { class: "sketch", viewBox: "0 0 600 60" });
  const words = draw("text", { x: 8, y: 34, fill: "currentColor" });
  words.textContent = "This drawing cannot be shown. The search field finds every layer.";
  svg.append(words);
  return svg;
}
