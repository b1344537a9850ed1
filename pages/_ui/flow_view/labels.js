// Words over the drawing, which keep their size when it is zoomed, and the heads of columns.

const LETTERS = 15; // CSS pixels of the letters
const LINE = 17; // the height that a line of them needs
const TILT = 35; // degrees of names that are too wide for their columns

class Labels {
  constructor(model) {
    this.model = model;
    this.head = draw("svg", { class: "head", "aria-hidden": "true" });
    this.element = draw("svg", { class: "words", "aria-hidden": "true" });
    this.names = model.layers.map((layer, column) => {
      const group = draw("g", { class: "column" });
      const [name, note] = [draw("text", { class: "name" }), draw("text", { class: "note" })];
      name.textContent = model.names[column];
      group.append(name, note);
      this.head.append(group);
      return { group, name, note };
    });
    this.texts = model.nodes.map((node) => this.label(node));
    this.marks = draw("g");
    this.element.append(...this.texts.map(({ text }) => text), this.marks);
  }

  label(node) {
    const { groups, by } = this.model;
    const text = draw("text", { class: "label" });
    const [name, count] = [draw("tspan"), draw("tspan", { class: "count" })];
    // A class that is less than half of a cluster does not name it.
    const most = 2 * node.majority.count >= node.count ? groups[node.majority.group] : "mixed";
    const word = node.cluster < 0 || !by ? node.name : most;
    const short = word.length > 14 ? `${word.slice(0, 13)}…` : word;
    name.textContent = short;
    count.textContent = ` ${node.count.toLocaleString("en")}`;
    text.append(name, count);
    return { text, name, count, short, width: 0 };
  }

  // How wide names are is known once there is a font.
  measure() {
    const { font } = getComputedStyle(this.head);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = font.replace(/^.*?(\d+px)/, `600 ${LETTERS}px`);
    const width = (text) => pen.measureText(text).width;
    for (const one of this.texts) one.width = width(one.short);
    this.wide = this.model.names.map(width);
    const last = this.model.columns.at(-1).map(({ index }) => this.texts[index]);
    this.beside = Math.max(...last.map((one) => one.width + width(one.count.textContent)));
  }

  // Names stand flat if all of them fit; returns the height that they take.
  settle(frame, notes) {
    const { spacing } = frame;
    const widest = Math.max(...this.wide);
    this.flat = widest <= spacing - 8 || this.model.layers.length === 1;
    this.names.forEach(({ note }, column) => {
      note.textContent = notes[column] || describe(this.model.columns[column]);
    });
    const roomy = this.flat && spacing >= 92;
    this.head.classList.toggle("noted", roomy);
    const tilted = Math.sin((TILT * Math.PI) / 180) * widest + 24;
    return this.flat ? (roomy ? 46 : 28) : Math.ceil(Math.min(tilted, 120));
  }

  // -------------------------------------------------------------------- places
  draw(frame, pose, view, height, tracks) {
    this.drawHead(frame, view, height);
    const marks = tracks.marks(frame, pose);
    this.model.columns.forEach((nodes, column) => {
      const marked = marks
        .filter((mark) => mark.column === column)
        .map(({ y }) => y * view.zoom + view.y);
      this.drawColumn(frame, pose, view, nodes, column, marked);
    });
    this.drawMarks(frame, view, marks);
  }

  drawHead(frame, view, height) {
    this.names.forEach(({ group, name }, column) => {
      const x = (frame.x(column) + frame.box / 2) * view.zoom + view.x;
      const [y, tilt] = this.flat
        ? [this.head.classList.contains("noted") ? 18 : 19, 0]
        : [height - 8, -TILT];
      const wide = this.wide[column] / 2;
      const near = this.flat ? clamp(x, wide + 2, Math.max(wide + 2, frame.width - wide - 2)) : x;
      // Zoomed in, a name that lies outside goes with its column.
      group.setAttribute(
        "transform",
        `translate(${round(view.zoom === 1 ? near : x)} ${round(y)})`,
      );
      name.setAttribute("transform", `rotate(${tilt})`);
      name.setAttribute("text-anchor", this.flat ? "middle" : "start");
    });
  }

  // A name stands in its box, or to the right of it where that is wide and free.
  // Where a path is marked, the mark is what counts.
  drawColumn(frame, pose, view, nodes, column, marked) {
    const isLast = column === this.model.layers.length - 1;
    const width = frame.box * view.zoom;
    const aside = isLast || frame.spacing * view.zoom > 190;
    const order = [...nodes].sort((one, other) => pose.tops[one.index] - pose.tops[other.index]);
    let below = -Infinity;
    for (const { index, cluster } of order) {
      const { text, width: wide } = this.texts[index];
      const height = (pose.bottoms[index] - pose.tops[index]) * frame.scale * view.zoom;
      const middle = frame.y((pose.tops[index] + pose.bottoms[index]) / 2) * view.zoom + view.y;
      const left = frame.x(column) * view.zoom + view.x;
      const body = width * 0.76;
      const room = (length) => !marked.some((y) => Math.abs(y - middle) < 12 + length / 2);
      const inside = !isLast && cluster >= 0 && wide <= body - 3 && height >= LINE && room(LINE);
      const upright = cluster < 0 && !aside && height >= wide + 10 && body >= 14 && room(wide);
      const free = middle - LINE / 2 >= below;
      const beside = !inside && aside && free && (isLast || height >= LINE);
      text.classList.toggle("inside", inside || upright);
      text.classList.toggle("gone", !(inside || upright || beside));
      const x = inside || upright ? left + body / 2 : left + width + 8;
      text.setAttribute("text-anchor", inside || upright ? "middle" : "start");
      const turn = upright ? " rotate(-90)" : "";
      text.setAttribute("transform", `translate(${round(x)} ${round(middle)})${turn}`);
      if (beside) below = middle + LINE / 2;
      this.dress(index, inside || upright);
    }
  }

  // Letters in a box are dark or light, whichever is read better on its colour.
  dress(index, inside) {
    const node = this.model.nodes[index];
    const { text, count } = this.texts[index];
    text.style.fill = inside && node.cluster >= 0 ? `var(--on-${node.majority.group})` : "";
    count.style.display = inside ? "none" : "";
  }

  // The names in boxes that stand back do so, too.
  fade(nodes) {
    const away = new Set(nodes);
    this.texts.forEach(({ text }, index) => text.classList.toggle("away", away.has(index)));
  }

  // --------------------------------------------------------------------- paths
  drawMarks(frame, view, all) {
    const roomy = frame.spacing * view.zoom >= 60;
    const marks = all.flatMap(({ column, x, y, at, look, sure, far }) => {
      const spot = `translate(${round(x * view.zoom + view.x)} ${round(y * view.zoom + view.y)})`;
      const group = draw("g", { class: `mark ${look}${far ? " far" : ""}`, transform: spot });
      group.append(draw("circle", { r: 8 }));
      if (sure !== undefined) group.append(draw("path", { d: sector(sure, 6) }));
      if (sure === undefined || !roomy) return [group];
      const below = isBelow({ at, y, column }, all, y * view.zoom + view.y, frame.height);
      const text = draw("text", { "text-anchor": "middle", y: below ? 25 : -14 });
      text.textContent = `${Math.round(100 * sure)} %`;
      group.append(text);
      return [group];
    });
    this.marks.replaceChildren(...marks);
  }
}

// Whether the number of a mark stands below it: where another path is above, or the edge.
function isBelow(mark, all, place, height) {
  if (place < 26) return true;
  if (place > height - 34) return false;
  const others = all.filter((one) => one.column === mark.column && one.at !== mark.at);
  return others.some((one) => one.y < mark.y || (one.y === mark.y && one.at < mark.at));
}

function describe(nodes) {
  const clusters = nodes.filter((node) => node.cluster !== NOISE).length;
  return `${clusters} cluster${clusters === 1 ? "" : "s"}`;
}

// A share of a disc, clockwise from above.
function sector(share, radius) {
  if (share >= 1)
    return `M0 ${-radius}A${radius} ${radius} 0 1 1 0 ${radius}A${radius} ${radius} 0 1 1 0 ${-radius}Z`;
  const [x, y] = [Math.sin, (angle) => -Math.cos(angle)].map(
    (turn) => radius * turn(2 * Math.PI * share),
  );
  return `M0 0V${-radius}A${radius} ${radius} 0 ${Number(share > 0.5)} 1 ${round(x)} ${round(y)}Z`;
}
