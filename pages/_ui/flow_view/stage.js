// The drawing and everything over it: what is where, zoomed how far.

const MOST = 16; // times the natural size
const REST = 140; // milliseconds after which a gesture has ended
const NEAR = 4; // CSS pixels beside a thin flow that still count as on it

class Stage {
  constructor(model) {
    this.model = model;
    this.view = { zoom: 1, x: 0, y: 0 };
    this.least = 1;
    this.part = 1;
    this.element = make("div", "stage");
    this.field = make("div", "field", { tabindex: 0, role: "application" });
    this.field.setAttribute("aria-roledescription", "flow of clusters");
    this.ribbons = new Ribbons(model);
    this.lines = new Lines(model);
    this.boxes = new Boxes(model);
    this.tracks = new Tracks(model);
    this.labels = new Labels(model);
    this.empty = make("p", "empty");
    const { glow } = this.ribbons;
    this.sheets = [
      new Sheet("flows", this.ribbons.element),
      new Sheet("traces", this.lines.element),
      new Sheet("front", glow, this.boxes.element, this.tracks.element),
    ];
    this.field.append(...this.sheets.map((sheet) => sheet.svg), this.labels.element, this.empty);
    this.element.append(this.labels.head, this.field);
  }

  destroy() {
    clearTimeout(this.settling);
  }

  // -------------------------------------------------------------------- drawing
  layOut(notes) {
    const { clientWidth: width, clientHeight: all } = this.element;
    if (!width || !all) return false;
    this.labels.measure();
    const probe = new Frame(this.model, width, all, this.labels.beside);
    this.headed = this.labels.settle(probe, notes);
    this.labels.head.style.height = `${this.headed}px`;
    this.frame = new Frame(this.model, width, all - this.headed, this.labels.beside);
    this.look();
    this.settle();
    return true;
  }

  // Everything anew, as it lies between the two orders; in motion, the bands are coarse.
  draw(moves = false) {
    if (!this.frame) return;
    const { frame, view } = this;
    this.pose = this.model.pose(this.part);
    this.ribbons.draw(frame, this.pose, this.least, moves);
    this.lines.draw(frame, this.pose);
    this.boxes.draw(frame, this.pose, view.zoom);
    this.tracks.draw(frame, this.pose);
    this.words();
    const faint = this.model.flows.filter((flow) => flow.count < this.least).length;
    this.empty.hidden = !faint || faint < this.model.flows.length;
    this.empty.textContent = `No flow has ${this.least.toLocaleString("en")} images or more.`;
    this.element.dataset.faint = faint;
  }

  words() {
    this.labels.draw(this.frame, this.pose, this.view, this.headed, this.tracks);
  }

  // ----------------------------------------------------------------------- zoom
  look() {
    const { frame, view } = this;
    view.zoom = clamp(view.zoom, 1, MOST);
    view.x = clamp(view.x, frame.width * (1 - view.zoom), 0);
    view.y = clamp(view.y, frame.height * (1 - view.zoom), 0);
    this.element.dataset.zoom = view.zoom.toFixed(2);
    for (const sheet of this.sheets) sheet.look(view);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settle(), REST);
    if (this.pose) this.words();
  }

  // A gesture has ended: what was only moved and stretched is drawn anew.
  settle() {
    clearTimeout(this.settling);
    for (const sheet of this.sheets) sheet.settle(this.view);
    if (this.pose) this.boxes.draw(this.frame, this.pose, this.view.zoom);
  }

  zoom(factor, x = this.frame.width / 2, y = this.frame.height / 2) {
    const { view } = this;
    const zoom = clamp(view.zoom * factor, 1, MOST);
    view.x = x - ((x - view.x) * zoom) / view.zoom;
    view.y = y - ((y - view.y) * zoom) / view.zoom;
    view.zoom = zoom;
    this.look();
  }

  pan(x, y) {
    this.view.x += x;
    this.view.y += y;
    this.look();
  }

  home() {
    Object.assign(this.view, { zoom: 1, x: 0, y: 0 });
    this.look();
  }

  // ------------------------------------------------------------------- pointing
  // The node or flow at a place of the field.
  at(left, top) {
    const { view, frame, model, pose } = this;
    if (!pose) return null;
    const [x, y] = [(left - view.x) / view.zoom, (top - view.y) / view.zoom];
    const near = NEAR / view.zoom;
    const column = Math.floor((x - frame.left + near) / frame.spacing);
    if (column < 0 || column >= model.columns.length) return null;
    if (x <= frame.end(column) + near) return this.nodeAt(column, y, near);
    return column < model.pairs.length ? this.flowAt(column, x, y, near) : null;
  }

  nodeAt(column, y, near) {
    const { frame, pose } = this;
    const away = (node) =>
      Math.max(frame.y(pose.tops[node.index]) - y, y - frame.y(pose.bottoms[node.index]));
    const found = nearest(this.model.columns[column], away);
    return found && away(found) <= near ? found : null;
  }

  flowAt(column, x, y, near) {
    const { frame, pose, model } = this;
    const begin = frame.end(column);
    const down = fallen(frame.along(x - begin, frame.x(column + 1) - begin));
    const away = (flow) => {
      const [start, end] = [pose.starts[flow.index], pose.ends[flow.index]];
      const top = frame.y(start + down * (end - start));
      return Math.max(top - y, y - top - flow.count * frame.scale);
    };
    const strong = model.pairs[column].filter((flow) => flow.count >= this.least);
    const under = strong.filter((flow) => away(flow) <= 0);
    if (under.length) return nearest(under, (flow) => flow.count); // the thinner lies above
    const found = nearest(strong, away);
    return found && away(found) <= near ? found : null;
  }

  // Where a node or flow is, as a box of the field.
  boxOf(one) {
    const { frame, pose, view, model } = this;
    const tall = (top, height) => [
      frame.y(top) * view.zoom + view.y,
      height * frame.scale * view.zoom,
    ];
    if (one.kind === "node") {
      const [y, height] = tall(pose.tops[one.index], one.count);
      return {
        x: frame.x(one.column) * view.zoom + view.x,
        y,
        width: frame.box * view.zoom,
        height,
      };
    }
    const { column } = model.nodes[one.source];
    const [begin, end] = [frame.end(column), frame.x(column + 1)];
    const [y, height] = tall((pose.starts[one.index] + pose.ends[one.index]) / 2, one.count);
    return { x: ((begin + end) / 2) * view.zoom + view.x, y, width: 0, height };
  }

  // Carries the drawing so that something that the keys have reached is in sight.
  reveal(one) {
    const { x, y, width, height } = this.boxOf(one);
    const { frame } = this;
    const shift = (start, length, room) =>
      start < 8
        ? 8 - start
        : start + length > room - 8
          ? Math.max(8 - start, room - 8 - start - length)
          : 0;
    this.pan(shift(x, width, frame.width), shift(y, height, frame.height));
  }

  // -------------------------------------------------------------------- marking
  // What is pointed at is lit, with all that leads there; `chosen` is ringed. Of `images`, or
  // null, the lines are shown: nodes that none of them passes stand back.
  mark(pointed, chosen, images) {
    const flows = !pointed
      ? []
      : pointed.kind === "flow"
        ? [pointed]
        : [...pointed.in, ...pointed.out];
    this.ribbons.light(this.frame, this.pose, flows);
    this.boxes.mark("chosen", chosen ? endsOf(chosen) : []);
    this.boxes.mark("pointed", pointed ? endsOf(pointed) : []);
    this.field.classList.toggle("lit", flows.length > 0);
    const front = pointed
      ? [...endsOf(pointed), ...flows.flatMap(endsOf)]
      : images && this.passed(images);
    const stay = front && new Set(front);
    const away = stay ? [...this.model.nodes.keys()].filter((node) => !stay.has(node)) : [];
    this.boxes.mark("away", away);
    this.labels.fade(away);
  }

  // Nodes that images, or paths, pass.
  passed(images) {
    const { assigned, images: count, layers } = this.model;
    const nodes = images.flatMap((image) =>
      layers.map((_, column) => assigned[column * count + image]),
    );
    return nodes.concat(this.tracks.tracks.flatMap((track) => track.nodes));
  }
}

function endsOf(one) {
  return one.kind === "node" ? [one.index] : [one.source, one.target];
}

function nearest(items, away) {
  let [best, least] = [null, Infinity];
  for (const item of items) {
    const far = away(item);
    if (far < least) [best, least] = [item, far];
  }
  return best;
}
