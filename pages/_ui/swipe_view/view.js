// Two canvases on top of each other, of which the upper one is cut at the divider.

const STEP = 0.02; // of the width, with an arrow key
const STRIDE = 0.1; // with Shift, and with Page up and Page down
const MOST_PLACES = 60; // pairs whose divider is remembered
const KEYS = {
  ArrowLeft: -STEP,
  ArrowDown: -STEP,
  ArrowRight: STEP,
  ArrowUp: STEP,
  PageDown: -STRIDE,
  PageUp: STRIDE,
  Home: -1,
  End: 1,
};
// Where a reader left the divider of a pair: a mount may go and come back, as while a job runs.
const places = new Map();

export class View {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.divider = root.querySelector(".divider");
    this.button = root.querySelector("button");
    this.words = root.querySelectorAll(".words span");
    this.canvases = ["before", "after"].map((name) => root.querySelector(`.${name}`));
    this.pair = "";
    this.dragging = null;
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = (type, handle) => this.stage.addEventListener(type, handle, { signal });
    on("pointerdown", (event) => this.onDown(event));
    on("pointermove", (event) => event.pointerId === this.dragging && this.drag(event));
    on("pointerup", () => (this.dragging = null));
    on("pointercancel", () => this.onCancel());
    on("keydown", (event) => this.onKey(event));
    this.blinking = new Blinking(this.button, (seen) => this.show(seen));
    this.sizing = new ResizeObserver(() => this.sharpen());
    this.sizing.observe(this.stage);
  }

  destroy() {
    this.listening.abort();
    this.blinking.destroy();
    this.sizing.disconnect();
  }

  update(data, ...images) {
    this.data = data;
    const pair = `${data.before}/${data.after}`;
    if (pair !== this.pair) {
      this.pair = pair;
      this.canvases.forEach((canvas, at) => paint(canvas, images[at].packed, data.shape));
      // Another picture is looked at where the last one was.
      this.place = places.get(pair) ?? this.place ?? data.start;
    }
    this.root.setAttribute("aria-label", data.alt);
    this.divider.setAttribute("aria-label", `Divider: ${data.words.join(" left, ")} right`);
    this.words.forEach((word, at) => (word.textContent = data.words[at]));
    this.equal(data.before === data.after);
    this.sharpen();
    this.show(this.blinking.seen);
    this.root.dataset.ready = "yes";
  }

  // Who blinks two equal pictures waits for nothing.
  equal(same) {
    if (same) this.blinking.stop();
    if (same !== this.button.disabled) {
      this.button.disabled = same;
      if (!same) this.blinking.name();
    }
    if (same) this.button.textContent = "No difference";
  }

  // Squares with edges, unless there is less than a point of the screen for each.
  sharpen() {
    if (!this.data) return;
    const points = this.stage.clientWidth * (devicePixelRatio || 1);
    this.root.classList.toggle("crisp", points >= this.data.shape[1]);
  }

  // Which one is seen alone, 0 or 1, or null: both, as far as the divider lets them.
  show(seen) {
    if (!this.data) return;
    const before = seen === null ? this.place : 1 - seen;
    const left = `${100 * this.place}%`;
    this.stage.style.setProperty("--place", left);
    this.canvases[0].style.clipPath = `inset(0 ${100 * (1 - before)}% 0 0)`;
    this.stage.classList.toggle("alone", seen !== null);
    this.words.forEach((word, at) => word.classList.toggle("off", [before, 1 - before][at] === 0));
    const share = Math.round(100 * this.place);
    const [one, other] = this.data.words;
    this.divider.setAttribute("aria-valuenow", share);
    this.divider.setAttribute("aria-valuetext", `${share} % ${one}, ${100 - share} % ${other}`);
  }

  move(place) {
    this.place = clamp(place, 0, 1);
    places.delete(this.pair);
    places.set(this.pair, this.place); // the newest last
    if (places.size > MOST_PLACES) places.delete(places.keys().next().value);
    this.blinking.stop();
    this.show(null);
  }

  // ---------------------------------------------------------------- pointer and keys
  onDown(event) {
    if (event.button > 0 || !this.data) return;
    event.preventDefault(); // no text is marked, and the divider takes the focus itself
    this.stage.setPointerCapture(event.pointerId);
    this.dragging = event.pointerId;
    this.from = this.place;
    this.drag(event);
    this.divider.focus({ preventScroll: true });
  }

  // A finger that turned out to scroll the page moved nothing.
  onCancel() {
    if (this.dragging !== null) this.move(this.from);
    this.dragging = null;
  }

  drag(event) {
    const { left, width } = this.stage.getBoundingClientRect();
    this.move((event.clientX - left) / width);
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    const step = KEYS[event.key];
    const far = event.shiftKey ? Math.sign(step) * Math.max(Math.abs(step), STRIDE) : step;
    this.move(Math.round(100 * (this.place + far)) / 100);
  }
}

function paint(canvas, { header, bytes }, [rows, columns]) {
  [canvas.width, canvas.height] = [columns, rows];
  const pen = canvas.getContext("2d");
  const pixels = pen.createImageData(columns, rows);
  for (let index = 0; index < rows * columns; index++) {
    for (let part = 0; part < 3; part++)
      pixels.data[4 * index + part] = bytes[header.channels * index + part % header.channels];
    pixels.data[4 * index + 3] = 255;
  }
  pen.putImageData(pixels, 0, 0);
}
