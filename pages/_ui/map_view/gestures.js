// Mouse, pen, fingers and keys on one panel, turned into what they mean.

const STILL = 5; // pixels that a click may wander
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Gestures {
  // `panel` has hover, leave, click, select, step, zoom, pan and home.
  constructor(element, panel, toolbar) {
    Object.assign(this, { element, panel, toolbar });
    this.pointers = new Map();
    this.listening = new AbortController();
    const listen = (type, handle, options = {}) =>
      element.addEventListener(type, handle, { signal: this.listening.signal, ...options });
    listen("pointerdown", (event) => this.onDown(event));
    listen("pointermove", (event) => this.onMove(event));
    listen("pointerup", (event) => this.onUp(event));
    listen("pointercancel", (event) => this.onUp(event, true));
    // A finger leaves as soon as it is lifted; what it tapped stays.
    listen("pointerleave", (event) => event.pointerType !== "touch" && !this.drag && panel.leave());
    listen("dblclick", () => panel.home());
    listen("wheel", (event) => this.onWheel(event), { passive: false });
    listen("keydown", (event) => this.onKey(event));
    listen("blur", () => panel.leave());
  }

  destroy() {
    this.listening.abort();
  }

  place(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  onDown(event) {
    if (event.button > 0) return;
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.place(event));
    if (this.pointers.size === 2) this.pinch = this.spread();
    if (this.pointers.size > 1) return this.stop();
    const tool = event.shiftKey && this.toolbar.tool === "move" ? "box" : this.toolbar.tool;
    const start = this.place(event);
    this.drag = { tool, start, path: [start], adds: event.shiftKey, far: false };
  }

  onMove(event) {
    const here = this.place(event);
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, here);
    if (this.pinch && this.pointers.size === 2) return this.squeeze();
    const { drag } = this;
    if (!drag) {
      if (event.pointerType !== "touch") this.panel.hover(...here);
      return;
    }
    const last = drag.path.at(-1);
    drag.far ||= Math.hypot(here[0] - drag.start[0], here[1] - drag.start[1]) > STILL;
    if (!drag.far) return;
    this.panel.leave();
    if (drag.tool === "move") {
      this.panel.pan(here[0] - last[0], here[1] - last[1]);
      drag.path = [here];
    } else {
      drag.path = drag.tool === "box" ? boxOf(drag.start, here) : [...drag.path, here];
      this.panel.rope(drag);
    }
  }

  onUp(event, cancelled = false) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.pointers.size < 2) this.pinch = null;
    const { drag } = this;
    this.stop();
    if (!drag || cancelled) return;
    if (!drag.far) this.panel.click(...drag.start, drag.adds, event.pointerType === "touch");
    else if (drag.tool !== "move") this.panel.select(drag.path, drag.adds);
  }

  stop() {
    this.drag = null;
    this.panel.rope(null);
  }

  // Two fingers: their middle carries the map, their distance its zoom.
  spread() {
    const [[x, y], [u, v]] = this.pointers.values();
    return { x: (x + u) / 2, y: (y + v) / 2, far: Math.max(Math.hypot(x - u, y - v), 1) };
  }

  squeeze() {
    const before = this.pinch;
    const now = (this.pinch = this.spread());
    this.panel.pan(now.x - before.x, now.y - before.y);
    this.panel.zoom(now.far / before.far, now.x, now.y);
  }

  // The page keeps its wheel until the reader has entered the map or holds Ctrl (which is
  // also what a pinch on a touch pad says), and gets it back where the map cannot go on.
  onWheel(event) {
    const entered = this.element.matches(":focus");
    if (!entered && !event.ctrlKey) return this.panel.hint();
    const lines = event.deltaMode === 1 ? 24 : 1;
    const strength = event.ctrlKey && Math.abs(event.deltaY) < 30 ? 0.01 : 0.0018;
    const factor = Math.exp(-clamp(event.deltaY * lines, -240, 240) * strength);
    if (!event.ctrlKey && factor < 1 && this.panel.view.zoom <= 0.8) return;
    event.preventDefault();
    this.panel.zoom(factor, ...this.place(event));
    this.panel.hover(...this.place(event));
  }

  onKey(event) {
    if (event.metaKey || event.altKey || event.ctrlKey) return;
    const { key } = event;
    if (key in KEYS) this.panel.step(...KEYS[key]);
    else if (key === "Enter" || key === " ") this.panel.enter();
    else if (key === "Escape") this.escape();
    else if (key === "+" || key === "=") this.panel.zoom(1.4);
    else if (key === "-") this.panel.zoom(1 / 1.4);
    else if (key === "0") this.panel.home();
    else return;
    event.preventDefault();
  }

  escape() {
    if (this.drag) this.stop();
    else this.panel.clear();
  }
}

function boxOf([x, y], [u, v]) {
  return [[x, y], [u, y], [u, v], [x, v]];
}

// Whether a place is inside a closed path: how often a ray to the right crosses it.
function inside(path, x, y) {
  let within = false;
  path.forEach(([x1, y1], at) => {
    const [x2, y2] = path[(at || path.length) - 1];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) within = !within;
  });
  return within;
}
