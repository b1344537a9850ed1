// The network at a glance: puts the parts together and talks with Python.

export class View {
  constructor(root, link) {
    Object.assign(this, { root, link, selected: null, hovered: null, cursor: null });
    this.painter = new Painter();
    this.build();
    this.listen();
    // For whoever wants to aim at a square: its box on the page.
    root.placeOf = (layer, unit) => this.placeOf(layer, unit);
  }

  build() {
    this.legend = new Legend(() => this.save());
    this.canvas = make("canvas", "rows", {
      tabindex: "0",
      role: "application",
      "aria-roledescription": "rows of units",
    });
    this.spacer = make("div", "spacer");
    this.spacer.append(this.canvas);
    this.scroller = make("div", "scroller", { tabindex: "-1" });
    this.scroller.append(this.spacer);
    this.empty = make("p", "empty", {}, "There is no layer to show here.");
    this.live = make("div", "spoken", { "aria-live": "polite" });
    this.frame = make("div", "frame");
    this.frame.append(this.legend.element, this.scroller, this.empty, this.live);
    this.card = new Card(this.frame);
    this.root.replaceChildren(this.frame);
  }

  listen() {
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = (target, type, handle) => target.addEventListener(type, handle, { signal });
    on(this.canvas, "pointermove", (event) => this.onMove(event));
    on(this.canvas, "pointerleave", () => this.hover(null));
    on(this.canvas, "click", (event) => this.onClick(event));
    on(this.canvas, "keydown", (event) => this.onKey(event));
    on(this.canvas, "focus", () => this.onFocus());
    on(this.canvas, "blur", () => this.point(null));
    on(this.scroller, "scroll", () => this.onScroll());
    on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.touch());
    this.sizes = new ResizeObserver(() => this.network && this.arrange());
    this.sizes.observe(this.scroller);
    document.fonts.ready.then(() => this.touch());
  }

  destroy() {
    this.gone = true;
    this.listening.abort();
    this.sizes.disconnect();
    this.root.replaceChildren();
  }

  // --------------------------------------------------------------- what Python says
  update(data, parts) {
    this.data = data;
    const { rows, values, marks } = data.parts;
    const isNew = rows !== this.rowsDigest;
    if (isNew) this.renew(rows, parts.get(rows).bytes);
    this.network.fill(parts.get(values).bytes, parts.get(marks)?.bytes ?? null);
    this.network.scale(this.data.scale, this.data.signed);
    this.canvas.setAttribute("aria-label", this.data.label + HINT);
    this.empty.hidden = this.network.rows.length > 0;
    this.scroller.hidden = this.legend.element.hidden = !this.empty.hidden;
    this.arrange();
    this.adopt(isNew);
  }

  // Another network: nothing that was pointed at is there any more.
  renew(digest, text) {
    this.rowsDigest = digest;
    // Read anew: two views of one network note different things of its rows.
    this.network = new Network(JSON.parse(new TextDecoder().decode(text)));
    Object.assign(this, { hovered: null, cursor: null, selected: null, layout: null });
    this.painter.names.clear();
    this.scroller.scrollTop = 0;
    this.card.hide();
  }

  // Python's word counts unless the reader has said something since that it has not heard.
  adopt(isNew) {
    const { value, token } = this.data.selected;
    if (!isNew && !this.link.heard(token)) return;
    const [layer, unit] = value;
    const row = this.network.places.get(layer);
    const wanted = row === undefined ? null : { row, unit: unit ?? -1 };
    const isOther = !samePlace(wanted, this.selected);
    this.selected = wanted;
    if (wanted && isOther) this.reveal(wanted);
    this.touch();
  }

  // ------------------------------------------------------------ what the reader does
  onMove(event) {
    if (event.pointerType === "touch") return;
    const { clientX: x, clientY: y } = event;
    // A browser reports a move, too, when something moves under a pointer that rests.
    if (this.cursor && this.pointer?.x === x && this.pointer?.y === y) return;
    this.pointer = { x, y };
    this.cursor = null;
    this.hover(this.at(event));
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const scroll = this.scroller.scrollTop;
    const pinned = this.layout?.pinned(scroll);
    if (pinned && y < pinned.y + PIN) return null;
    return this.layout?.hit(x, y + scroll) ?? null;
  }

  hover(place) {
    const isOver = place && place.unit > -2;
    this.canvas.style.cursor = isOver ? "pointer" : "default";
    if (samePlace(place, this.hovered)) return;
    this.hovered = place;
    this.touch();
  }

  onClick(event) {
    const place = this.at(event);
    if (!place || place.unit < -1) return;
    this.hovered = place;
    this.start = place; // where the keys go on from
    this.select(place);
  }

  onScroll() {
    // What is under the pointer is another thing now.
    if (this.hovered && this.pointer)
      this.hovered = this.at({ clientX: this.pointer.x, clientY: this.pointer.y });
    this.touch();
  }

  onFocus() {
    if (this.canvas.matches(":focus-visible"))
      this.point(this.start ?? this.selected ?? { row: 0, unit: -1 });
  }

  onKey(event) {
    if (event.altKey || !this.network.rows.length) return;
    const place = this.cursor ?? this.start ?? this.selected ?? { row: 0, unit: -1 };
    if (event.key === "Enter" || event.key === " ") this.select(place);
    else if (event.key === "Escape") this.point(null);
    else {
      const next = follow(event, place, this.layout);
      if (!next) return;
      this.hovered = null;
      this.point(next);
    }
    event.preventDefault();
  }

  // Where the keyboard is.
  point(place) {
    this.cursor = place;
    if (place) {
      this.start = place;
      this.reveal(place);
      this.live.textContent = spoken(this.network, place, this.data.unit);
    }
    this.touch();
  }

  select(place) {
    this.selected = { ...place };
    const { layer } = this.network.rows[place.row];
    const value = [layer, place.unit < 0 ? null : place.unit];
    this.live.textContent = `selected: ${spoken(this.network, place, this.data.unit)}`;
    this.touch(); // at once: the answer of the server may take a while
    this.link.say("selected", value);
  }

  save() {
    save(pictureOf(this.shown(), this.data.label, this.data.unit), this.data.label);
  }

  // ------------------------------------------------------------------------- drawing
  arrange() {
    const { clientWidth: width, clientHeight: height } = this.scroller;
    if (!width || !height || !this.network.rows.length) return;
    const ratio = devicePixelRatio || 1;
    const state = [width, height, ratio, factsOf(this.network)].join();
    if (!this.layout || state !== this.arranged) {
      this.arranged = state;
      const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
      this.layout = new Layout(this.network, width, height, ratio);
      Object.assign(this.canvas, { width: wide, height: tall });
      Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
      this.spacer.style.height = `${Math.max(height, this.layout.height)}px`;
    }
    this.touch();
  }

  shown() {
    const { network, layout, theme, selected, hovered, cursor } = this;
    return { network, layout, theme, selected, hovered, cursor, height: this.scroller.clientHeight };
  }

  touch() {
    if (this.scheduled || this.gone || !this.layout) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      // A page that is being laid out gives it no height yet.
      if (!this.gone && this.layout && this.scroller.clientHeight) this.paint();
    });
  }

  paint() {
    this.theme = { ...themeOf(this.root), broken: pixel(...this.network.broken) };
    this.network.paper = this.theme.name;
    const { scrollTop, clientHeight } = this.scroller;
    const shown = this.shown();
    this.painter.paint(this.canvas.getContext("2d"), shown, scrollTop, clientHeight);
    const place = this.cursor ?? this.hovered;
    this.legend.update(shown, this.data.unit, place ?? this.selected);
    if (place) this.card.show(this.network, place, this.data.unit, this.boxIn(place));
    else this.card.hide();
    this.root.dataset.ready = "yes";
  }

  // The box of a square, or of the start of a row, in the frame.
  boxIn(place) {
    const top = this.scroller.offsetTop - this.scroller.scrollTop;
    const left = this.scroller.offsetLeft;
    if (place.unit >= 0) {
      const { x, y, side } = this.layout.box(place.row, place.unit);
      return { x: x + left, y: y + top, side };
    }
    const item = this.layout.rowItems[place.row];
    const isPointer = this.cursor === null && this.pointer;
    const x = isPointer ? this.pointer.x - this.root.getBoundingClientRect().left : 40;
    return { x, y: item.top + top, side: Math.min(item.height, 40) };
  }

  reveal(place) {
    if (!this.layout) return;
    const item = this.layout.rowItems[place.row];
    const box = place.unit < 0 ? null : this.layout.box(place.row, place.unit);
    const top = (box ? box.y : item.top) - PIN - 8;
    const bottom = (box ? box.y + box.side : item.top + item.height) + 10;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = Math.max(0, top);
    else if (bottom > scrollTop + clientHeight) this.scroller.scrollTop = bottom - clientHeight;
  }

  placeOf(layer, unit) {
    const row = this.network.places.get(layer);
    const origin = this.scroller.getBoundingClientRect();
    const y = origin.top - this.scroller.scrollTop;
    if (unit !== null) {
      const box = this.layout.box(row, unit);
      return { x: box.x + origin.left, y: box.y + y, width: box.side, height: box.side };
    }
    const item = this.layout.rowItems[row];
    return { x: origin.left, y: item.top + y, width: this.layout.name, height: item.height };
  }
}

const HINT = ". Arrow keys move between units and rows, Enter selects.";

function samePlace(one, other) {
  return one?.row === other?.row && one?.unit === other?.unit;
}
