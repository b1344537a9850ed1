// The rectangle: cells on a canvas, zoomed and moved, with a card that names one of them.

const WIDEST = 200; // CSS pixels of a cell
const NUMBERS = 42; // from here on a cell holds its number
const NAMES = 26; // from here on it says so if it is NaN or infinite
const LINES = 12; // from here on lines part the cells
const HELP = "Click a cell to choose it. Drag to move; zoom with Ctrl and the wheel, or + and −.";
const TOOLS = [["Zoom in", "+"], ["Zoom out", "−"], ["Show all", "⤢"]];

export class View {
  constructor(root, link) {
    this.root = root;
    this.link = link;
    for (const name of ["stage", "card", "tools", "hint", "facts", "now", "strip"])
      this[name] = root.querySelector(`.${name}`);
    this.canvas = root.querySelector("canvas");
    this.ends = root.querySelectorAll(".ends span");
    this.cursor = [0, 0];
    this.pointed = null;
    this.makeTools();
    this.gestures = new Gestures(this.canvas, this);
    this.watching = new ResizeObserver(() => this.cells && this.resize());
    this.watching.observe(this.stage);
  }

  destroy() {
    this.gestures.destroy();
    this.watching.disconnect();
    cancelAnimationFrame(this.frame);
    this.tools.replaceChildren();
  }

  makeTools() {
    const deeds = [() => this.zoom(1.6), () => this.zoom(1 / 1.6), () => this.home()];
    TOOLS.forEach(([name, sign], at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = name;
      button.setAttribute("aria-label", name);
      button.textContent = sign;
      button.onclick = deeds[at];
      this.tools.append(button);
    });
  }

  update(data, part) {
    const chosen = this.link.heard(data.token) ? data.chosen : this.chosen;
    const anew = this.part !== part;
    const before = this.cells;
    Object.assign(this, { data, part, chosen, theme: themeOf(this.root) });
    if (anew) {
      this.cells = new Cells(part);
      this.point(null);
      this.cursor = chosen ?? [0, 0];
      this.describe();
      // Another channel of the same layer is looked at in the same place.
      const alike = before?.rows === this.cells.rows && before.columns === this.cells.columns;
      if (!alike) this.home();
    }
    this.canvas.setAttribute("aria-label", data.label);
    this.root.dataset.ready = "yes";
    this.say();
    this.draw();
  }

  describe() {
    const { cells } = this;
    this.strip.style.background = cells.gradient();
    this.strip.setAttribute("aria-label", `Colours: ${cells.ends.filter(Boolean).join(" to ")}`);
    this.ends.forEach((end, at) => (end.textContent = cells.ends[at]));
    this.facts.textContent = cells.facts;
  }

  // What is chosen, in words that stay.
  say() {
    const { chosen, cells, data } = this;
    const none = !chosen || !cells.inside(...chosen);
    this.now.classList.toggle("none", none);
    if (none) return void (this.now.textContent = HELP);
    const words = [cells.where(...chosen), cells.name(...chosen)].filter(Boolean).join(", ");
    this.now.textContent = `Chosen: ${words}: ${data.unit} ${exact(cells.value(...chosen))}`;
  }

  // ---------------------------------------------------------------------- the window
  // `side` is that of a cell, `x` and `y` where the first one begins, in CSS pixels.
  least() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const room = Math.min((width - 8) / this.cells.columns, (height - 8) / this.cells.rows);
    const ratio = devicePixelRatio || 1;
    const whole = room * ratio >= 2 ? Math.floor(room * ratio) / ratio : room;
    return Math.min(WIDEST, whole);
  }

  home() {
    if (!this.stage.clientWidth) return;
    this.side = this.least();
    this.near = false;
    this.hold();
    this.draw();
  }

  resize() {
    if (!this.near) return this.home();
    this.side = Math.max(this.side, this.least());
    this.hold();
    this.draw();
  }

  // What is smaller than the stage stands in its middle, what is larger fills it.
  hold() {
    const { columns, rows } = this.cells;
    const within = (at, room, length) =>
      snap(length <= room ? (room - length) / 2 : clamp(at, room - length, 0));
    this.x = within(this.x ?? 0, this.stage.clientWidth, columns * this.side);
    this.y = within(this.y ?? 0, this.stage.clientHeight, rows * this.side);
    this.canvas.style.touchAction = this.near ? "none" : "pan-y";
    this.root.dataset.window = JSON.stringify({ side: this.side, x: this.x, y: this.y });
  }

  zoom(factor, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2) {
    const before = this.side;
    const least = this.least();
    this.side = clamp(before * factor, least, Math.max(least, WIDEST));
    this.near = this.side > least;
    this.x = x - ((x - this.x) * this.side) / before;
    this.y = y - ((y - this.y) * this.side) / before;
    this.hold();
    this.soon();
  }

  pan(x, y) {
    this.x += x;
    this.y += y;
    this.hold();
    this.soon();
  }

  at(event) {
    const frame = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - frame.left - this.x) / this.side);
    const row = Math.floor((event.clientY - frame.top - this.y) / this.side);
    return this.cells.inside(row, column) ? [row, column] : null;
  }

  box([top, left, bottom = top + 1, right = left + 1]) {
    const [x, y] = [snap(this.x + left * this.side), snap(this.y + top * this.side)];
    const width = snap(this.x + right * this.side) - x;
    return { x, y, width, height: snap(this.y + bottom * this.side) - y };
  }

  reveal([row, column]) {
    const { x, y, width, height } = this.box([row, column]);
    const off = (at, length, room) => Math.max(0, -at) + Math.min(0, room - at - length);
    this.pan(off(x, width, this.stage.clientWidth), off(y, height, this.stage.clientHeight));
  }

  // ------------------------------------------------------------------------- drawing
  soon() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!this.cells || !width || !this.side) return;
    const pen = fit(this.canvas, width, height);
    const { rows, columns, picture } = this.cells;
    const { x, y, width: wide, height: tall } = this.box([0, 0, rows, columns]);
    pen.imageSmoothingEnabled = this.side * (devicePixelRatio || 1) < 1;
    pen.drawImage(picture, x, y, wide, tall);
    pen.lineWidth = 1;
    pen.strokeStyle = this.theme.line;
    if (this.cells.cells === rows * columns) pen.strokeRect(x - 0.5, y - 0.5, wide + 1, tall + 1);
    if (this.side >= LINES) this.eachSeen((row, column) => this.drawCell(pen, row, column));
    if (this.data.mark) this.drawMark(pen, this.data.mark);
    if (this.canvas.matches(":focus-visible")) this.ring(pen, this.cursor, "#000", 2);
    if (this.pointed) this.ring(pen, this.pointed, this.theme.accent, 2);
    if (this.chosen) this.ring(pen, this.chosen, this.theme.accent, 3);
  }

  eachSeen(handle) {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const first = (at) => Math.max(0, Math.floor(-at / this.side));
    for (let row = first(this.y); row < this.cells.rows; row++) {
      if (this.y + row * this.side > height) break;
      for (let column = first(this.x); column < this.cells.columns; column++) {
        if (this.x + column * this.side > width) break;
        if (this.cells.inside(row, column)) handle(row, column);
      }
    }
  }

  drawCell(pen, row, column) {
    const { x, y, width, height } = this.box([row, column]);
    pen.strokeStyle = "rgb(128 128 128 / 45%)";
    pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    const { cells, side } = this;
    const value = cells.value(row, column);
    if (side < (Number.isFinite(value) ? NUMBERS : NAMES)) return;
    const letters = clamp(side * 0.27, 12, 30);
    const name = side >= 96 ? cells.name(row, column) : "";
    const [middle, below] = name ? [y + height / 2 - 8, y + height / 2 + letters * 0.75] : [y + height / 2];
    pen.fillStyle = cells.isLight(row * cells.columns + column) ? "#000" : "#fff";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = `600 ${letters}px ${this.theme.font}`;
    pen.fillText(rounded(value), x + width / 2, middle, width - 4);
    if (!name) return;
    const room = Math.floor(width / 7.5);
    const short = name.length > room ? `${name.slice(0, room - 1)}…` : name;
    pen.font = `14px ${this.theme.font}`;
    pen.fillText(short, x + width / 2, below, width - 8);
  }

  // White beside the colour: a ring is seen on every cell.
  ring(pen, place, colour, thick) {
    const { x, y, width, height } = this.box(place);
    for (const [wide, ink] of [[thick + 3, "#fff"], [thick, colour]]) {
      pen.lineWidth = wide;
      pen.strokeStyle = ink;
      pen.strokeRect(x, y, width, height);
    }
    pen.lineWidth = 1;
  }

  // Dashes of black and white: no choice of the reader, and seen on every cell, too.
  drawMark(pen, place) {
    const { x, y, width, height } = this.box(place);
    pen.lineWidth = 3;
    for (const [ink, dashes] of [["#000", []], ["#fff", [6, 6]]]) {
      pen.strokeStyle = ink;
      pen.setLineDash(dashes);
      pen.strokeRect(x, y, width, height);
    }
    pen.setLineDash([]);
    pen.lineWidth = 1;
  }

  // ---------------------------------------------------------------- pointer and keys
  point(place) {
    if (String(place) === String(this.pointed)) return;
    this.pointed = place;
    this.canvas.style.cursor = place ? "crosshair" : "";
    this.explain(place);
    this.soon();
  }

  leave() {
    this.point(null);
    this.explain(null);
    this.soon();
  }

  explain(place) {
    const { card, cells } = this;
    card.hidden = !place;
    if (!place) return;
    card.dataset.place = place.join();
    card.querySelector(".value").textContent = exact(cells.value(...place));
    card.querySelector(".name").textContent = cells.name(...place);
    card.querySelector(".where").textContent = `${cells.where(...place)} · ${this.data.unit}`;
    const box = this.box(place);
    beside(card, this.root, { ...box, x: box.x + 1, y: box.y + 1 });
  }

  pick(place) {
    if (!place) return;
    this.chosen = this.cursor = place;
    this.say();
    this.draw(); // at once: the answer of the server may take a while
    this.link.say("choice", place);
  }

  help() {
    this.hint.classList.add("shown");
    clearTimeout(this.helping);
    this.helping = setTimeout(() => this.hint.classList.remove("shown"), 1200);
  }

  step(down, across) {
    const [row, column] = this.cursor;
    if (this.cells.inside(row + down, column + across)) this.cursor = [row + down, column + across];
    this.point(null);
    this.reveal(this.cursor);
    this.draw();
    this.explain(this.cursor);
  }
}
