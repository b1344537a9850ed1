// A pad for one digit: white on black, as MNIST's are.
//
// Streamlit calls the default export whenever `data` or the theme changes, always with
// the same parent, and of all the clean-ups it was given runs the last one. So the pad
// is made once per root, and updates leave a stroke in progress alone.

const PAUSE = 350; // ms after a stroke until it is sent: a 4 or a 5 takes two
const BRUSH = 0.075; // of the side: 2 pixels of 28 where the digit fills the pad

const pads = new WeakMap();
// Strokes by key, for a pad that is taken off the page and comes back.
const memory = new Map();

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".pad");
  let pad = pads.get(root);
  if (!pad) pads.set(root, (pad = new Pad(root, data)));
  pad.send = (png) => setStateValue("drawing", png);
  pad.update(data);
  const call = ++pad.calls;
  return () => {
    // A call that was overtaken while it loaded is cleaned up after its successor began.
    if (call !== pad.calls) return;
    pad.destroy();
    pads.delete(root);
  };
}

class Pad {
  constructor(root, data) {
    this.canvas = root.querySelector("canvas");
    this.pen = this.canvas.getContext("2d", { alpha: false });
    this.hint = root.querySelector(".hint");
    this.undoButton = root.querySelector(".undo");
    this.clearButton = root.querySelector(".clear");
    this.calls = 0;
    this.stroke = null; // the one being drawn: points as fractions of the side
    this.key = data.key;
    // What Undo goes back through; the last entry is what is on the pad.
    this.history = memory.get(data.key) ?? [[]];
    this.unsent = this.strokes.length > 0 && !data.held;
    this.listening = new AbortController();
    const signal = this.listening.signal;
    const listen = (type, handle) => this.canvas.addEventListener(type, handle, { signal });
    listen("pointerdown", (event) => this.begin(event));
    listen("pointermove", (event) => this.extend(event));
    listen("pointerup", (event) => this.end(event));
    listen("pointercancel", (event) => this.end(event));
    this.undoButton.addEventListener("click", () => this.undo(), { signal });
    this.clearButton.addEventListener("click", () => this.clear(), { signal });
  }

  get strokes() {
    return this.history[this.history.length - 1];
  }

  destroy() {
    this.listening.abort();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
  }

  update({ size }) {
    if (this.canvas.width !== size || this.canvas.height !== size) {
      this.unsent ||= this.sent !== undefined && this.strokes.length > 0;
      this.canvas.width = this.canvas.height = size;
      this.canvas.parentElement.style.setProperty("--size", `${size}px`);
    }
    this.draw();
    if (this.unsent) this.commit(0);
    this.unsent = false;
  }

  begin(event) {
    if (this.stroke || event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    clearTimeout(this.timer);
    this.pointer = event.pointerId;
    this.stroke = [this.point(event)];
    this.draw();
  }

  extend(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length ? steps : [event]) this.stroke.push(this.point(step));
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  end(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    const strokes = [...this.strokes, this.stroke];
    this.stroke = null;
    this.become(strokes, PAUSE);
  }

  undo() {
    if (this.history.length > 1) this.history.pop();
    this.draw();
    this.commit(PAUSE);
  }

  clear() {
    this.become([], 0);
  }

  become(strokes, pause) {
    this.history.push(strokes);
    memory.set(this.key, this.history);
    this.draw();
    this.commit(pause);
  }

  commit(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const png = this.strokes.length ? this.canvas.toDataURL("image/png") : null;
      if (png !== this.sent) this.send(png);
      this.sent = png;
    }, pause);
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  // All of it each time: strokes are few, and segments drawn one by one would leave
  // darker seams where their soft edges overlap.
  draw() {
    const { pen, canvas } = this;
    const side = canvas.width;
    pen.shadowBlur = 0;
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, side, side);
    pen.strokeStyle = pen.shadowColor = "#fff";
    pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = BRUSH * side;
    pen.shadowBlur = 0.012 * side;
    const shown = this.stroke ? [...this.strokes, this.stroke] : this.strokes;
    for (const points of shown) this.trace(points.map(([x, y]) => [x * side, y * side]));
    this.describe(shown.length);
  }

  // A curve through the midpoints, with the points as its handles: no corners.
  trace(points) {
    const { pen } = this;
    pen.beginPath();
    pen.moveTo(...points[0]);
    for (let at = 1; at < points.length - 1; at += 1) {
      const [x, y] = points[at];
      const [nextX, nextY] = points[at + 1];
      pen.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    const [x, y] = points[points.length - 1];
    pen.lineTo(x + 0.01, y); // a path of no length would leave no dot
    pen.stroke();
  }

  describe(count) {
    this.hint.hidden = count > 0;
    this.undoButton.disabled = this.history.length < 2;
    this.clearButton.disabled = this.strokes.length === 0;
    const content = count === 0 ? "empty" : count === 1 ? "1 stroke" : `${count} strokes`;
    this.canvas.setAttribute("aria-label", `Drawing pad, ${content}`);
  }
}
