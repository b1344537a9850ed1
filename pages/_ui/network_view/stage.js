// Where the drawings stand: the network, and below it what is inside of the chosen part.

const SCROLLBAR = 14; // CSS pixels that the Python side has counted in, too
const INSIDE = 54; // what frames the detail row
const DEEPEST = { full: 280, compact: 40 }; // the detail row itself; what is taller shrinks

class Stage {
  // `does` has choose and expand.
  constructor(scene, does) {
    this.does = does;
    this.element = make("div", "stage", { role: "listbox", tabindex: "0" });
    this.main = new Pane(scene.zoom);
    this.detail = new Pane();
    this.inside = make("div", "inside", { role: "none" });
    this.caption = make("p", "caption", { role: "none" });
    this.inside.append(this.caption, this.detail.element);
    this.card = new Card();
    this.element.append(this.main.element, this.inside);
    this.plates = new Map();
    this.listening = new AbortController();
    this.watch();
    this.sizes = new ResizeObserver(() => this.layOut());
    this.sizes.observe(this.element);
  }

  destroy() {
    this.listening.abort();
    this.sizes.disconnect();
    this.card.hide();
  }

  update(scene) {
    this.scene = scene;
    this.choices = new Set(scene.choices);
    this.element.setAttribute("aria-label", scene.label);
    const shown = [scene.main, ...Object.values(scene.details)];
    const texts = new Set(shown.map((sketch) => sketch.svg));
    for (const text of [...this.plates.keys()]) if (!texts.has(text)) this.plates.delete(text);
    const before = this.main.plate;
    this.point(null);
    this.main.show(this.plateOf(scene.main));
    this.inside.hidden = shown.length === 1;
    if (before !== this.main.plate) this.layOut();
  }

  // A drawing is read when it is first shown, and kept while the scene has it.
  plateOf(sketch) {
    let plate = this.plates.get(sketch.svg);
    if (!plate) this.plates.set(sketch.svg, (plate = new Plate(sketch)));
    if (plate.sketch !== sketch) plate.update(sketch, this.choices, this.scene.zoom);
    plate.sketch = sketch;
    return plate;
  }

  // ------------------------------------------------------------------ selection
  select(layer, gently) {
    const part = this.main.plate.nodeOf(layer);
    const sketch = this.scene.details[part];
    this.main.plate.mark(part, "selected");
    this.detail.plate?.mark("", "hover");
    this.detail.show(sketch ? this.plateOf(sketch) : null);
    this.detail.plate?.mark(this.detail.plate.nodeOf(layer), "selected");
    this.inside.classList.toggle("empty", !sketch);
    const title = this.main.plate.nodes.get(part)?.title;
    if (sketch) this.caption.textContent = `Inside ${title}`;
    else this.caption.textContent = "Choose a block to see the layers inside";
    this.part = part;
    this.fitDetail();
    this.main.reveal(part, gently);
    this.detail.reveal(this.detail.plate?.marks.selected, gently);
    this.tie();
  }

  // The detail row points at the part that it is inside of, and stands below it.
  tie() {
    if (this.inside.hidden || !this.main.plate?.nodes.has(this.part)) return;
    const [box, frame] = [this.main.boxOf(this.part), this.inside.getBoundingClientRect()];
    const place = clamp((box.left + box.right) / 2 - frame.left, 18, frame.width - 18);
    this.inside.style.setProperty("--tip", `${place}px`);
    const { element, plate, scale } = this.detail;
    if (!plate) return;
    const [width, room] = [plate.width * scale, element.clientWidth];
    plate.svg.style.marginLeft = `${clamp(place - width / 2, 0, Math.max(0, room - width))}px`;
  }

  // --------------------------------------------------------------------- layout
  layOut() {
    const { scene, main, element } = this;
    if (!scene || !element.clientWidth) return;
    const inner = Object.values(scene.details).map((sketch) => sketch.height);
    const most = DEEPEST[scene.compact ? "compact" : "full"];
    this.deepest = Math.min(most, Math.max(0, ...inner));
    // The band hides its scrollbars: the chosen part is scrolled into view anyway.
    const slack = scene.compact ? 4 : SCROLLBAR;
    const frame = inner.length ? (scene.compact ? 4 : INSIDE + SCROLLBAR) : 0;
    const free = element.clientHeight - frame - slack;
    const share = free / (main.plate.height + this.deepest);
    this.most = scene.zoom ? 1 : clamp(share, 0.3, scene.compact ? 1.25 : 1.6);
    this.inside.style.height = `${Math.ceil(this.deepest * this.most + frame)}px`;
    if (!scene.zoom) main.resize(this.scaleOf(main, this.most));
    else if (main.free) main.zoom(1);
    else main.fit();
    this.fitDetail();
    main.reveal(this.part, false);
    this.tie();
  }

  fitDetail() {
    const { plate } = this.detail;
    if (!plate || !this.most) return;
    const share = Math.min(1, this.deepest / plate.height);
    this.detail.resize(this.scaleOf(this.detail, share * this.most));
  }

  // As large as there is height for; where the width does not do it shrinks a little, and
  // what still does not fit is scrolled.
  scaleOf(pane, most) {
    const width = pane.element.clientWidth / pane.plate.width;
    return clamp(width, Math.min(0.7, most), most);
  }

  // -------------------------------------------------------------------- pointer
  watch() {
    const { signal } = this.listening;
    const listen = (target, type, handle, options = {}) =>
      target.addEventListener(type, handle, { signal, ...options });
    listen(this.element, "pointermove", (event) => this.onMove(event));
    listen(this.element, "pointerleave", (event) => event.pointerType !== "touch" && this.leave());
    listen(this.element, "click", (event) => this.onClick(event));
    listen(this.element, "dblclick", (event) => this.open(this.hit(event)));
    listen(this.main.element, "scroll", () => this.tie());
    // Whatever scrolls moves the part away from under the pointer, and from its card.
    listen(window, "scroll", () => this.onScroll(), { capture: true, passive: true });
    listen(window, "pointerdown", (event) => event.pointerType === "touch" && this.point(null), {
      capture: true,
    });
  }

  hit(event) {
    for (const pane of [this.main, this.detail]) {
      if (!pane.plate || !pane.element.contains(event.target)) continue;
      const name = pane.plate.at(event);
      if (pane.plate.nodes.has(name)) return { pane, name };
    }
    return null;
  }

  onMove(event) {
    if (event.pointerType === "touch") return;
    if (this.main.grip && this.main.dragged) return this.leave();
    this.pointer = event;
    const hit = this.hit(event);
    this.point(hit, hit && beside(hit.pane.boxOf(hit.name), event));
  }

  leave() {
    this.pointer = null;
    this.point(null);
  }

  onScroll() {
    if (!this.pointed) return;
    if (!this.pointer) return this.point(this.pointed, this.pointed.pane.boxOf(this.pointed.name));
    const { clientX, clientY } = this.pointer;
    const target = this.element.getRootNode().elementFromPoint(clientX, clientY);
    const hit = target && this.hit({ target, clientX, clientY });
    if (hit?.name !== this.pointed.name || hit.pane !== this.pointed.pane) this.point(null);
  }

  onClick(event) {
    const hit = this.hit(event);
    if (!hit) return;
    if (this.scene.zoom && event.target.closest?.(CHIP)) return this.open(hit);
    this.does.choose(hit);
    this.clicked = hit; // the arrows go on from here
    if (event.pointerType !== "touch") return;
    this.pointer = null;
    this.point(hit, hit.pane.boxOf(hit.name));
  }

  open(hit) {
    if (!this.scene.zoom || !hit?.pane.plate.nodes.get(hit.name).expands) return;
    this.does.expand(hit.name);
  }

  // Highlight a part and say what it is, beside a place on the screen.
  point(hit, where) {
    for (const pane of [this.main, this.detail])
      pane.plate?.mark(hit?.pane === pane ? hit.name : "", "hover");
    this.pointed = hit;
    if (!hit) return this.card.hide();
    const node = hit.pane.plate.nodes.get(hit.name);
    this.card.show(node, this.hints(hit.pane, node));
    // Below the whole band, where it hides nothing that can be clicked.
    const { bottom } = this.element.getBoundingClientRect();
    const around = this.scene.compact ? { ...where, bottom: bottom - 6 } : where;
    return this.card.moveTo(around, horizontal(hit.pane.plate));
  }

  hints(pane, node) {
    const hints = [];
    if (node.dimmed) hints.push(`This part is ${UNSHOWN}.`);
    else if (pane === this.main && this.scene.details[node.name] && this.part !== node.name)
      hints.push("Click to choose a layer inside.");
    if (this.scene.zoom && node.expands && !node.handle)
      hints.push("Double-click or Shift + Enter opens it.");
    return hints;
  }
}

// The place of the pointer, stretched to what it is on: the card follows, and hides neither.
function beside({ left, right, top, bottom }, { clientX: x, clientY: y }) {
  const across = { x, left: Math.min(left, x), right: Math.max(right, x) };
  return { ...across, y, top: Math.min(top, y), bottom: Math.max(bottom, y) };
}
