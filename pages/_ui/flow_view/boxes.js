// The nodes: a box in the colour of its commonest class, with all its classes at its side.

const THINNEST = 3; // CSS pixels of a box that holds next to nothing
let pictures = 0;

class Boxes {
  constructor(model) {
    this.model = model;
    this.name = `flow-${++pictures}`;
    this.element = draw("g", { class: "boxes", role: "none" });
    this.shades = draw("defs");
    this.boxes = model.nodes.map((node) => this.box(node));
    this.kinds = [
      this.pattern("noise", draw("rect", { class: "line", width: 2.6, height: 7 })),
      this.pattern("small", draw("circle", { class: "line", cx: 3.5, cy: 3.5, r: 1.7 })),
    ];
    this.shades.append(...this.kinds);
    this.element.append(this.shades, ...this.boxes.map((box) => box.element));
  }

  box(node) {
    const { name } = this;
    const element = draw("g", { class: "node", role: "img", id: `${name}-${node.index}` });
    Object.assign(element.dataset, { column: node.column, cluster: node.cluster });
    element.setAttribute("aria-label", spoken(this.model, node));
    const back = draw("rect", { class: "back" }); // a box that stands back lets nothing through
    const body = draw("rect", { class: "body" });
    const side = draw("rect", { class: "side" });
    const ring = draw("rect", { class: "ring" });
    const kind = { [NOISE]: "noise", [SMALL]: "small" }[node.cluster];
    body.style.fill = kind ? `url(#${name}-${kind})` : inkOf(node.majority.group);
    // Less than half of a cluster does not colour it: what is mixed is pale.
    if (!kind && 2 * node.majority.count < node.count) body.style.fillOpacity = 0.4;
    side.style.fill = `url(#${name}-mix-${node.index})`;
    this.shades.append(mixture(`${name}-mix-${node.index}`, node));
    element.append(ring, back, body, side);
    return { element, back, body, side, ring };
  }

  draw(frame, pose, zoom) {
    const { box: width, scale } = frame;
    const [stripe, gap] = [clamp(width * 0.24, 2.5, 7), 1.5 / zoom];
    this.kinds.forEach((kind) =>
      kind.setAttribute("patternTransform", `rotate(45) scale(${1 / zoom})`),
    );
    this.boxes.forEach((box, index) => {
      const node = this.model.nodes[index];
      const height = Math.max(THINNEST / zoom, (pose.bottoms[index] - pose.tops[index]) * scale);
      const middle = frame.y((pose.tops[index] + pose.bottoms[index]) / 2);
      const x = frame.x(node.column);
      const y = middle - height / 2;
      place(box.back, x, y, width, height, 4 / zoom);
      place(box.body, x, y, width - stripe - gap, height, 4 / zoom);
      place(box.side, x + width - stripe, y, stripe, height, 2.5 / zoom);
      const away = 3 / zoom;
      place(box.ring, x - away, y - away, width + 2 * away, height + 2 * away, 7 / zoom);
    });
  }

  // What is no cluster: stripes for noise, dots for many small ones.
  pattern(kind, line) {
    const size = { width: 7, height: 7 };
    const whole = { id: `${this.name}-${kind}`, ...size, patternUnits: "userSpaceOnUse" };
    const pattern = draw("pattern", whole);
    pattern.append(draw("rect", { class: "ground", ...size }), line);
    return pattern;
  }

  // Gives a class to some nodes, and to no others.
  mark(word, nodes) {
    const which = new Set(nodes);
    this.boxes.forEach(({ element }, index) => element.classList.toggle(word, which.has(index)));
  }
}

function place(rect, x, y, width, height, corner) {
  const numbers = { x, y, width, height, rx: Math.min(corner, height / 2, width / 2) };
  for (const [name, value] of Object.entries(numbers)) rect.setAttribute(name, round(value));
}

// The classes of a node from top to bottom, without transitions between them.
function mixture(id, node) {
  const shade = draw("linearGradient", { id, x1: 0, y1: 0, x2: 0, y2: 1 });
  for (const { group, count, above } of node.mix)
    for (const offset of [above, above + count]) {
      const stop = draw("stop", { offset: offset / node.count });
      stop.style.stopColor = inkOf(group);
      shade.append(stop);
    }
  return shade;
}
