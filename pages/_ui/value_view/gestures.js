// Mouse, pen, fingers, wheel and keys on a canvas, turned into what they mean.

const STILL = 4; // pixels that a click may wander
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

class Gestures {
  // `view` has at, point, pick, explain, step, zoom, pan, home and help.
  constructor(canvas, view) {
    Object.assign(this, { canvas, view, pointers: new Map() });
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = (type, handle) => canvas.addEventListener(type, handle, { signal, passive: false });
    on("pointerdown", (event) => this.onDown(event));
    on("pointermove", (event) => this.onMove(event));
    on("pointerup", (event) => this.onUp(event));
    on("pointercancel", (event) => this.onUp(event, true));
    on("pointerleave", (event) => event.pointerType !== "touch" && view.point(null));
    on("wheel", (event) => this.onWheel(event));
    on("keydown", (event) => this.onKey(event));
    on("focus", () => view.soon());
    on("blur", () => view.leave());
  }

  destroy() {
    this.listening.abort();
  }

  onDown(event) {
    if (event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.drag = { far: this.pointers.size > 1, x: event.clientX, y: event.clientY };
    this.far = this.spread().far;
  }

  onMove(event) {
    const { view, drag, pointers } = this;
    const last = pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType !== "touch") view.point(view.at(event));
      return;
    }
    const here = [event.clientX, event.clientY];
    drag.far ||= Math.hypot(here[0] - drag.x, here[1] - drag.y) > STILL;
    if (!drag.far) return;
    pointers.set(event.pointerId, here);
    view.point(null);
    // Two fingers carry the map half each, and their distance is its zoom.
    view.pan((here[0] - last[0]) / pointers.size, (here[1] - last[1]) / pointers.size);
    if (pointers.size < 2) return;
    const { far, x, y } = this.spread();
    view.zoom(far / this.far, x, y);
    this.far = far;
  }

  spread() {
    const [[x, y], [u, v] = [x, y]] = [...this.pointers.values()];
    const frame = this.canvas.getBoundingClientRect();
    const far = Math.max(1, Math.hypot(x - u, y - v));
    return { far, x: (x + u) / 2 - frame.left, y: (y + v) / 2 - frame.top };
  }

  onUp(event, cancelled = false) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.far = this.pointers.size ? this.spread().far : 1;
    if (this.pointers.size || this.drag.far || cancelled) return;
    const place = this.view.at(event);
    this.view.pick(place);
    if (event.pointerType === "touch") this.view.explain(place); // a finger cannot hover
  }

  // The page keeps its wheel: only with Ctrl, which a pinch on a touch pad sends, too.
  onWheel(event) {
    if (!event.ctrlKey && !event.metaKey) return this.view.help();
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 24 : 1;
    const strength = Math.abs(event.deltaY) < 30 ? 0.01 : 0.0018;
    const frame = this.canvas.getBoundingClientRect();
    const factor = Math.exp(-clamp(event.deltaY * lines, -240, 240) * strength);
    this.view.zoom(factor, event.clientX - frame.left, event.clientY - frame.top);
    this.view.point(this.view.at(event));
    return undefined;
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const { view } = this;
    const deeds = {
      Enter: () => view.pick(view.cursor),
      " ": () => view.pick(view.cursor),
      Escape: () => view.explain(null),
      "+": () => view.zoom(1.6),
      "=": () => view.zoom(1.6),
      "-": () => view.zoom(1 / 1.6),
      0: () => view.home(),
    };
    if (Object.hasOwn(ARROWS, key)) view.step(...ARROWS[key]);
    else if (Object.hasOwn(deeds, key)) deeds[key]();
    else return;
    event.preventDefault();
  }
}
