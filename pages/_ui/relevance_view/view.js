// One map: a canvas with a pixel a value, a crosshair over it, and what it reads below.

const CRISP = 128; // a side up to which pixels are squares with edges
const HELP = "Arrow keys move over the values, with Shift in larger steps.";

export class View {
  constructor(root) {
    this.root = root;
    const names = ["stage", "mark", "cross", "reading", "facts", "value", "aside", "where"];
    for (const name of [...names, "legend", "strip", "tick", "note"])
      this[name] = root.querySelector(`.${name}`);
    this.canvas = root.querySelector("canvas");
    this.ends = root.querySelectorAll(".ends span");
    this.words = root.querySelectorAll(".words span");
    this.stride = 1;
    this.gestures = new Pointing(this.canvas, this);
    this.group = new Group(this, (place) => this.show(place && this.here(place)));
  }

  destroy() {
    this.gestures.destroy();
    this.group.destroy();
  }

  update(data, values, image) {
    if (values !== this.values || image !== this.image) {
      if (values !== this.values) this.cursor = null;
      this.map = new Ink(values, image);
    }
    Object.assign(this, { data, values, image });
    this.map.look(data);
    this.map.paint(this.canvas);
    this.canvas.classList.toggle("crisp", Math.max(...data.shape) <= CRISP);
    this.canvas.setAttribute("aria-label", `${data.alt}. ${data.facts} ${HELP}`);
    this.describe();
    this.outline(data.mark);
    this.group.join(data.group);
    this.show(this.pointed && this.inside(...this.pointed) ? this.pointed : null);
    this.root.dataset.ready = "yes";
  }

  describe() {
    const { data, map } = this;
    this.facts.textContent = data.facts;
    this.note.textContent = data.note;
    this.legend.classList.toggle("without", data.ink === 0);
    if (map.isBare) return;
    this.strip.style.background = map.gradient();
    const spoken = [`${data.ends[0]} ${data.words[0]}`, data.ends[1], `${data.ends[2]} ${data.words[1]}`];
    const named = spoken.map((text) => text.trim()).filter(Boolean);
    this.strip.setAttribute("aria-label", `Colour scale: ${named.join(", ")}`);
    this.ends.forEach((end, at) => (end.textContent = data.ends[at]));
    this.words.forEach((word, at) => (word.textContent = data.words[at]));
  }

  outline(mark) {
    this.mark.hidden = !mark;
    if (!mark) return;
    const [rows, columns] = this.data.shape;
    const [top, left, bottom, right] = mark;
    const part = (from, to, all) => `${(100 * (to - from)) / all}%`;
    Object.assign(this.mark.style, {
      top: part(0, top, rows),
      left: part(0, left, columns),
      width: part(left, right, columns),
      height: part(top, bottom, rows),
    });
  }

  // ------------------------------------------------------------------- where it points
  inside(row, column) {
    return row >= 0 && row < this.map.rows && column >= 0 && column < this.map.columns;
  }

  here([down, across]) {
    return [Math.floor(down * this.map.rows), Math.floor(across * this.map.columns)];
  }

  at(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const place = this.here([(event.clientY - top) / height, (event.clientX - left) / width]);
    return this.inside(...place) ? place : null;
  }

  show(place) {
    this.pointed = place;
    this.cross.hidden = !place;
    if (!place) return this.rest();
    const [row, column] = place;
    const { rows, columns, values } = this.map;
    const index = row * columns + column;
    const set = (name, part) => this.cross.style.setProperty(name, `${100 * part}%`);
    set("--x", (column + 0.5) / columns);
    set("--y", (row + 0.5) / rows);
    set("--wide", 1 / columns);
    set("--tall", 1 / rows);
    this.stage.dataset.place = place.join();
    const isHeard = this.group.leads && this.canvas.matches(":focus");
    this.reading.setAttribute("aria-live", isHeard ? "polite" : "off");
    this.reading.classList.add("on");
    this.value.textContent = this.map.read(index);
    this.aside.textContent = this.map.isLeftOut(values[index]) ? "not drawn" : "";
    this.where.textContent = `row ${row}, column ${column}`;
    const tick = this.map.tick(values[index]);
    this.tick.hidden = tick === null;
    this.tick.style.left = `${100 * (tick ?? 0)}%`;
    return undefined;
  }

  // What the values are, while nobody points at one.
  rest() {
    delete this.stage.dataset.place;
    this.reading.setAttribute("aria-live", "off");
    this.reading.classList.remove("on");
    this.tick.hidden = true;
  }

  // ---------------------------------------------------------------- pointer and keys
  point(place) {
    if (!place) return this.group.clear();
    const [row, column] = place;
    this.group.tell([(row + 0.5) / this.map.rows, (column + 0.5) / this.map.columns]);
    return undefined;
  }

  pick(place) {
    this.cursor = place ?? this.cursor;
    this.point(place);
  }

  // After a finger, which cannot hover, and with Escape.
  explain(place) {
    this.point(place);
  }

  // The keyboard has come: it begins where there is most.
  soon() {
    if (this.canvas.matches(":focus-visible")) this.step(0, 0);
  }

  step(down, across) {
    const [row, column] = this.cursor ?? this.map.strongest();
    this.cursor = [
      clamp(row + down * this.stride, 0, this.map.rows - 1),
      clamp(column + across * this.stride, 0, this.map.columns - 1),
    ];
    this.point(this.cursor);
  }

  leave() {
    this.group.clear();
  }
}
