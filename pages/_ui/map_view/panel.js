// One map: its title, its canvas, and what it knows. Whatever concerns both maps it tells
// its owner, which has the functions hover, inspect, select, clear, want and schedule.

const HINT = "Click the map, or hold Ctrl, to zoom with the wheel";

class PanelView {
  constructor(owner, calm) {
    this.owner = owner;
    this.choice = owner.choice;
    this.player = new Player(calm);
    this.view = new View();
    this.held = new Map(); // name of a part -> { digest, value }
    this.placed = [];
    this.placedAt = -1;
    this.build();
    this.painter = new Painter(this.below, this.above);
    this.gestures = new Gestures(this.above, this, owner.toolbar);
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.stage);
  }

  build() {
    this.element = make("section", "panel");
    this.playbar = new Playbar(this);
    this.title = make("h3", "title");
    this.status = make("span", "status");
    const head = make("header", "head");
    head.append(this.title, this.status, this.playbar.element);
    this.stage = make("div", "stage");
    this.below = make("canvas", "below", { "aria-hidden": "true" });
    const role = { tabindex: "0", role: "application", "aria-roledescription": "map" };
    this.above = make("canvas", "above", role);
    this.note = make("p", "hint", { "aria-hidden": "true" }, HINT);
    this.stage.append(this.below, this.above, this.note);
    this.element.append(head, this.stage);
  }

  destroy() {
    this.sizes.disconnect();
    this.gestures.destroy();
    this.element.remove();
  }

  // -------------------------------------------------------------------- what is known
  // Whether everything is here without which nothing can be drawn.
  static ready(head, parts) {
    return parts.has(head.facts) && (parts.has(head.points) || parts.has(head.frames));
  }

  update(head, parts, images, label) {
    const fresh = images !== this.images;
    const other = fresh || head.run !== this.head?.run;
    if (fresh) {
      this.held.clear();
      this.order = shuffled(images.count);
      this.placed = [];
    }
    Object.assign(this, { head, images });
    this.facts = this.take("facts", parts, (part) => new Facts(part));
    this.neighbours = this.take("neighbours", parts, (part) => new Neighbours(part));
    this.placed = this.take("placed", parts, (part) => this.load(part.placed)) ?? [];
    const points = this.take("points", parts, (part) => unpack(part.points));
    const window = this.take("frames", parts, (part, digest) => ({ ...part, digest }));
    this.player.update({ run: head.run, live: head.live, points, window }, fresh);
    this.view.frame(this.placed);
    if (other) this.view.reset();
    this.above.setAttribute("aria-label", [label, head.title].filter(Boolean).join(": "));
    this.title.textContent = head.title;
    this.status.textContent = head.status;
    this.status.title = head.status;
    this.playbar.update();
  }

  // A part that is named but has not come yet leaves what was there before it.
  take(name, parts, read) {
    const digest = this.head[name];
    if (digest === undefined) this.held.delete(name);
    else if (this.held.get(name)?.digest !== digest && parts.has(digest))
      this.held.set(name, { digest, value: read(parts.get(digest), digest) });
    return this.held.get(name)?.value ?? null;
  }

  load(all) {
    return all.map((packed) => new Pin(packed, this.images, () => this.touch()));
  }

  // After a change of colours, filters or legend.
  recolour() {
    this.colouring = this.facts.colouring(this.choice.colour);
    const presence = this.choice.presence(this.colouring, this.images.count);
    // The same array while it says the same: thumbnails are chosen anew for another.
    const old = this.presence ?? [];
    const isSame = old.length === presence.length && presence.every((one, at) => one === old[at]);
    if (!isSame) this.presence = presence;
    this.filtered = this.choice.visible.includes(0);
    this.touch(true);
  }

  // ------------------------------------------------------------ what the painter asks
  get places() { return this.player.places; }
  get moved() { return this.player.moved; }
  get count() { return this.images.count; }
  get marks() { return this.choice.marks; }
  get selected() { return this.choice.selected; }
  get hovered() { return this.choice.hovered; }
  get inspected() { return this.choice.inspected; }

  screen(index) {
    const { places, view } = this;
    return [view.screenX(places[2 * index]), view.screenY(places[2 * index + 1])];
  }

  // ------------------------------------------------------------------------- drawing
  touch(points = false) {
    this.dirty = Math.max(this.dirty ?? 0, points ? 2 : 1);
    this.owner.schedule();
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight) return;
    [this.view.width, this.view.height] = [clientWidth, clientHeight];
    if (!this.painter.resize(clientWidth, clientHeight, window.devicePixelRatio || 1)) return;
    this.dirty = 2;
    this.frame(performance.now()); // now: a canvas of new size is empty
  }

  // Draws what has changed; says whether something still moves.
  frame(now) {
    if (!this.presence || !this.places || !this.painter.width) return false;
    this.moving = this.player.step(now);
    if (this.drawn !== this.player.moved) this.dirty = 2;
    if (this.dirty === 2) this.painter.points(this);
    const slides = this.placed.filter((pin) => pin.step(this, now)).length > 0;
    if (this.dirty) this.painter.marks(this, this.drag);
    this.drawn = this.player.moved;
    this.dirty = slides ? 1 : 0;
    this.playbar.show();
    this.stage.dataset.zoom = this.view.zoom.toFixed(2);
    return this.moving || slides;
  }

  // ------------------------------------------------------------------ finding points
  grid() {
    if (this.gridOf !== this.player.moved) this.cells = new Grid(this.places);
    this.gridOf = this.player.moved;
    return this.cells;
  }

  // The image at a place of the canvas, or -1.
  find(x, y) {
    if (!this.places || !this.presence) return -1;
    const { scale } = this.view;
    const there = this.view.at(x, y);
    const shown = (at) => this.presence[at] === 2;
    if (this.marks === "pictures") {
      const kept = this.painter.thinned(this);
      const half = this.painter.side(this, this.view) / 2 / scale;
      const found = this.grid().nearest(...there, half * 1.3, (at) => shown(at) && kept.has(at));
      if (found >= 0) return found;
    }
    const reach = Math.max(11, this.painter.radius(this.count, this.view) + 3);
    return this.grid().nearest(...there, reach / scale, shown);
  }

  // Whether the neighbours of an image lie to its right: the card goes to the other side.
  leans(index) {
    const near = [...(this.neighbours?.of(index) ?? [])];
    const own = this.places[2 * index];
    return near.reduce((sum, other) => sum + this.places[2 * other] - own, 0) > 0;
  }

  findPlaced(x, y) {
    return this.placed.findIndex((pin) => pin.hits(x, y));
  }

  // The image of the map that a placed one is itself, or -1.
  under({ x, y }) {
    const isThere = (at) => this.presence[at] === 2;
    return this.places ? this.grid().nearest(x, y, 0.5 / this.view.scale, isThere) : -1;
  }

  // ------------------------------------------------------- what the reader's hand does
  hover(x, y) {
    const placed = this.findPlaced(x, y);
    if (placed !== this.placedAt) this.touch();
    this.placedAt = placed;
    this.above.style.cursor = "";
    if (placed >= 0) return this.owner.hoverPlaced(this, this.placed[placed], x, y);
    const index = this.find(x, y);
    if (index >= 0) this.above.style.cursor = "pointer";
    this.owner.hover(this, index, x, y);
  }

  leave() {
    if (this.placedAt >= 0) this.touch();
    this.placedAt = -1;
    this.owner.hover(this, -1);
  }

  click(x, y, adds, touch) {
    const placed = this.findPlaced(x, y);
    const index = placed < 0 ? this.find(x, y) : this.under(this.placed[placed]);
    if (adds) {
      if (index >= 0) this.owner.select(this, [index], "switch");
      return;
    }
    if (touch && placed < 0) this.owner.hover(this, index, x, y);
    if (touch && placed >= 0) this.hover(x, y);
    if (placed < 0 || index >= 0) this.owner.inspect(this, index);
  }

  rope(drag) {
    this.drag = drag;
    this.touch();
  }

  select(path, adds) {
    const corners = path.map(([x, y]) => this.view.at(x, y));
    const found = [];
    for (let at = 0; at < this.count; at++) {
      if (this.presence[at] !== 2) continue;
      if (inside(corners, this.places[2 * at], this.places[2 * at + 1])) found.push(at);
    }
    this.owner.select(this, found, adds ? "add" : "only");
  }

  zoom(factor, x = this.view.width / 2, y = this.view.height / 2) {
    this.view.zoomAt(x, y, factor);
    this.touch(true);
  }

  pan(dx, dy) {
    this.view.pan(dx, dy);
    this.touch(true);
  }

  home() {
    this.view.reset();
    this.touch(true);
  }

  hint() {
    this.note.classList.add("shown");
    clearTimeout(this.hinting);
    this.hinting = setTimeout(() => this.note.classList.remove("shown"), 1800);
  }

  // ------------------------------------------------------------------------- keyboard
  // To the nearest point in a direction, mostly ahead rather than aside.
  step(dx, dy) {
    if (!this.places) return;
    const from = this.hovered >= 0 ? this.hovered : this.inspected;
    const { places, view } = this;
    const [u, v] = from < 0 ? [view.x, view.y] : [places[2 * from], places[2 * from + 1]];
    let [found, best] = [-1, Infinity];
    for (let at = 0; at < this.count; at++) {
      if (at === from || this.presence[at] !== 2) continue;
      const [x, y] = [places[2 * at] - u, places[2 * at + 1] - v];
      const [ahead, aside] = [x * dx + y * dy, Math.abs(x * dy - y * dx)];
      const cost = from < 0 ? Math.hypot(x, y) : ahead + 2 * aside;
      if ((from < 0 || (ahead > 0 && aside <= ahead)) && cost < best) [found, best] = [at, cost];
    }
    if (found < 0) return;
    this.reveal(found);
    this.owner.hover(this, found, ...this.screen(found), true);
  }

  reveal(index) {
    const [x, y] = this.screen(index);
    const { width, height } = this.view;
    if (x > 20 && y > 20 && x < width - 20 && y < height - 20) return;
    this.view.centre(this.places[2 * index], this.places[2 * index + 1]);
    this.touch(true);
  }

  enter() {
    if (this.hovered >= 0) this.owner.inspect(this, this.hovered, true);
  }

  clear() {
    this.leave();
    this.owner.inspect(this, -1);
    this.owner.select(this, [], "only");
  }
}
