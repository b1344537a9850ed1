// Every channel of a layer on one canvas as large as what can be seen of them: a scroll
// draws the tiles that come into view, so two thousand cost no more than a hundred.

const FOOT = 7; // from a tile to what is written below it, with room for a ring
const QUIET = new Set(["dead", "silent", "constant"]);

export class View {
  constructor(root, link) {
    this.root = root;
    this.link = link;
    for (const name of ["scroll", "space", "card"]) this[name] = root.querySelector(`.${name}`);
    this.canvas = this.scroll.querySelector("canvas");
    this.option = this.scroll.querySelector("[role=option]");
    this.active = 0;
    this.pointed = -1;
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = (type, handle) => this.scroll.addEventListener(type, handle, { signal });
    on("pointermove", (event) => event.pointerType !== "touch" && this.point(this.at(event)));
    on("pointerleave", () => this.leave());
    on("click", (event) => this.onClick(event));
    on("keydown", (event) => this.onKey(event));
    on("scroll", () => this.onScroll());
    on("focus", () => this.soon());
    on("blur", () => this.leave());
    this.watching = new ResizeObserver(() => this.image && this.arrange());
    this.watching.observe(this.scroll);
  }

  destroy() {
    this.listening.abort();
    this.watching.disconnect();
    cancelAnimationFrame(this.frame);
    this.image?.close();
  }

  async update(data, part) {
    const { label, shown } = data;
    const chosen = this.link.heard(data.token) ? data.chosen : this.chosen;
    Object.assign(this, { data, chosen, theme: themeOf(this.root) });
    this.scroll.setAttribute("aria-label", label);
    if (this.part === part) return this.show(shown !== this.shown);
    this.part = part;
    this.root.dataset.ready = "no";
    const file = new Blob([part.bytes], { type: part.header.kind });
    const image = await createImageBitmap(file);
    if (this.part !== part || this.listening.signal.aborted) return image.close();
    this.image?.close();
    Object.assign(this, { image, sheet: part.header });
    this.active = Math.max(0, this.place());
    this.show(true);
  }

  // The ring follows the page's word. A tile that was just clicked is in view already.
  show(anew) {
    if (!this.image) return;
    this.shown = this.data.shown;
    const moved = anew || this.chosen !== this.drawn;
    this.drawn = this.chosen;
    if (anew) this.arrange();
    if (moved && this.place() >= 0) this.activate(this.place());
    this.root.dataset.ready = "yes";
    this.draw();
  }

  place() {
    return this.sheet.order.indexOf(this.chosen);
  }

  // ------------------------------------------------------------------- where tiles are
  arrange() {
    const { clientWidth: width, clientHeight: height } = this.scroll;
    if (!width || !height) return;
    this.point(-1);
    this.plan = planned(this.sheet, this.data.shown, width, height);
    this.space.style.height = `${this.plan.total}px`;
    const { columns, side, across, down } = this.plan;
    this.root.dataset.layout = JSON.stringify({ columns, side, across, down, edge: EDGE });
    this.reveal(this.active);
    this.draw();
  }

  box(index) {
    const { columns, across, down, wide, tall } = this.plan;
    const x = snap(EDGE + (index % columns) * across);
    const y = snap(EDGE + Math.floor(index / columns) * down - this.scroll.scrollTop);
    return { x, y, width: wide, height: tall };
  }

  at(event) {
    if (!this.plan) return -1;
    const { columns, across, down, side } = this.plan;
    const frame = this.canvas.getBoundingClientRect();
    const x = event.clientX - frame.left - EDGE;
    const y = event.clientY - frame.top - EDGE + this.scroll.scrollTop;
    const [column, row] = [Math.floor((x + SPACE / 2) / across), Math.floor((y + 4) / down)];
    const inside = column >= 0 && column < columns && row >= 0 && x - column * across < side + 5;
    const index = row * columns + column;
    return inside && index < this.sheet.order.length ? index : -1;
  }

  reveal(index) {
    const { columns, down } = this.plan;
    const { scroll } = this;
    const top = EDGE + Math.floor(index / columns) * down;
    if (top - EDGE < scroll.scrollTop) scroll.scrollTop = top - EDGE;
    else if (top + down > scroll.scrollTop + scroll.clientHeight)
      scroll.scrollTop = top + down - scroll.clientHeight;
  }

  // ------------------------------------------------------------------------- drawing
  soon() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    if (!this.image || !this.plan) return;
    const { clientWidth: width, clientHeight: height, scrollTop } = this.scroll;
    this.canvas.style.marginBottom = `${-height}px`; // the space lies over the canvas
    const pen = fit(this.canvas, width, height);
    const { columns, down, letters } = this.plan;
    pen.font = `${letters}px ${this.theme.font}`;
    pen.textBaseline = "top";
    const roomy = this.roomy(pen);
    const ringed = this.place();
    const first = Math.max(0, Math.floor((scrollTop - EDGE) / down)) * columns;
    const last = Math.ceil((scrollTop + height) / down) * columns;
    for (let index = first; index < Math.min(last, this.sheet.order.length); index++)
      this.drawTile(pen, index, roomy, index === ringed);
    const focused = this.scroll.matches(":focus-visible");
    if (focused) this.ring(pen, this.active, this.theme.text, 2);
    if (this.pointed >= 0) this.ring(pen, this.pointed, this.theme.accent, 2);
    if (ringed >= 0) this.ring(pen, ringed, this.theme.accent, 4);
  }

  // Captions are written under every tile or, where one does not fit, under none.
  roomy(pen) {
    const { order, captions } = this.sheet;
    const widest = (texts) => Math.max(...texts.map((text) => pen.measureText(text).width));
    const index = widest([String(Math.max(...order))]);
    const longest = captions.reduce((a, b) => (b.length > a.length ? b : a), "");
    return longest && index + 8 + widest([longest]) <= this.plan.across - 4;
  }

  paint(pen, index, x, y, width, height) {
    const { tile, columns, gap } = this.sheet;
    const from = [(index % columns) * (tile[0] + gap), Math.floor(index / columns) * (tile[1] + gap)];
    pen.imageSmoothingEnabled = width * (devicePixelRatio || 1) < tile[0];
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.image, ...from, ...tile, x, y, width, height);
  }

  drawTile(pen, index, roomy, chosen) {
    const { theme, sheet } = this;
    const { x, y, width, height } = this.box(index);
    pen.lineWidth = 1;
    pen.strokeStyle = theme.line; // else black tiles would be lost on a dark page
    pen.strokeRect(x - 0.5, y - 0.5, width + 1, height + 1);
    this.paint(pen, index, x, y, width, height);
    if (sheet.marks[index]) this.drawMark(pen, sheet.marks[index], { x, y, width, height });
    const { letters } = this.plan;
    const name = String(sheet.order[index]);
    pen.font = `${chosen ? 700 : 600} ${letters}px ${theme.font}`;
    pen.fillStyle = theme.text;
    pen.fillText(name, x, y + height + FOOT);
    if (!roomy) return;
    const after = x + pen.measureText(name).width + 7;
    pen.font = `${letters}px ${theme.font}`;
    pen.globalAlpha = 0.75;
    pen.fillText(sheet.captions[index], after, y + height + FOOT);
    pen.globalAlpha = 1;
  }

  // A word at the foot of the tile; what is broken has the colour of broken pixels.
  drawMark(pen, word, { x, y, width, height }) {
    const size = clamp(width / 5, 11, 15);
    const loud = !QUIET.has(word);
    const high = Math.round(size * 1.35);
    pen.fillStyle = loud ? this.data.broken : "#e4e4e4";
    pen.fillRect(x, y + height - high, width, high);
    pen.fillStyle = "#101010";
    pen.font = `600 ${size}px ${this.theme.font}`;
    pen.textAlign = "center";
    pen.fillText(word, x + width / 2, y + height - high + size * 0.18, width - 2);
    pen.textAlign = "left";
  }

  // A line of the page's colour keeps the ring apart from the picture.
  ring(pen, index, colour, thick) {
    const { x, y, width, height } = this.box(index);
    const away = 1 + thick / 2;
    pen.strokeStyle = this.theme.page;
    pen.lineWidth = 2;
    pen.strokeRect(x - 1, y - 1, width + 2, height + 2);
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.strokeRect(x - away, y - away, width + 2 * away, height + 2 * away);
    if (thick < 4) return;
    const out = thick + 1.75; // a thin line of the text's colour: the accent is dim on a dark page
    pen.strokeStyle = this.theme.text;
    pen.lineWidth = 1.5;
    pen.strokeRect(x - out, y - out, width + 2 * out, height + 2 * out);
  }

  // ---------------------------------------------------------------- pointer and keys
  point(index) {
    if (index === this.pointed) return;
    this.pointed = index;
    this.scroll.style.cursor = index < 0 ? "" : "pointer";
    this.explain(index);
    this.soon();
  }

  explain(index) {
    const { card, sheet, data } = this;
    card.hidden = index < 0;
    if (index < 0) return;
    const longer = Math.max(...sheet.tile);
    const times = longer > 176 ? 176 / longer : Math.floor((longer < 3 ? 96 : 176) / longer);
    const [width, height] = sheet.tile.map((length) => length * times);
    const canvas = card.querySelector("canvas");
    this.paint(fit(canvas, width, height), index, 0, 0, width, height);
    card.dataset.channel = sheet.order[index];
    card.querySelector(".name").textContent = `${data.noun} ${sheet.order[index]}`;
    const mark = card.querySelector(".mark");
    mark.textContent = sheet.marks[index] ?? "";
    tell(card.querySelector("dl"), Object.entries(sheet.facts).map(([name, all]) => [name, all[index]]));
    beside(card, this.root, this.box(index));
  }

  leave() {
    this.point(-1);
    this.explain(-1);
    this.soon();
  }

  onScroll() {
    if (this.pointed >= 0) this.point(-1);
    else if (!this.card.hidden) this.explain(this.active); // the keys have scrolled
    this.soon();
  }

  onClick(event) {
    const index = this.at(event);
    this.pick(index);
    if (event.pointerType === "touch") this.explain(index); // a finger cannot hover
  }

  pick(index) {
    if (index < 0) return;
    this.chosen = this.drawn = this.sheet.order[index];
    this.activate(index);
    this.draw(); // at once: the answer of the server may take a while
    this.link.say("choice", this.chosen);
  }

  activate(index) {
    const { order, captions, marks } = this.sheet;
    this.active = index;
    const words = [`${this.data.noun} ${order[index]}`, captions[index], marks[index]];
    this.option.textContent = words.filter(Boolean).join(", ");
    this.option.setAttribute("aria-selected", String(order[index] === this.chosen));
    this.option.setAttribute("aria-posinset", index + 1);
    this.option.setAttribute("aria-setsize", order.length);
    if (this.plan) this.reveal(index);
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.plan) return;
    const { columns, down } = this.plan;
    const last = this.sheet.order.length - 1;
    const page = columns * Math.max(1, Math.floor(this.scroll.clientHeight / down));
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const target = { Home: 0, End: last }[event.key] ?? this.active + steps[event.key];
    const leap = { PageUp: -page, PageDown: page }[event.key];
    if (event.key === "Enter" || event.key === " ") this.pick(this.active);
    else if (event.key === "Escape") this.explain(-1);
    else if (leap) this.move(clamp(this.active + leap, 0, last));
    else if (target >= 0 && target <= last) this.move(target);
    else if (!(event.key in steps)) return;
    event.preventDefault();
  }

  move(index) {
    this.point(-1);
    this.activate(index);
    this.draw();
    this.explain(index);
  }
}
