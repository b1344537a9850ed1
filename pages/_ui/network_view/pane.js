// A frame that a drawing is scrolled in; one that zooms also takes wheel, fingers and drags.

const STILL = 5; // pixels that a click may wander
const MOST = 4; // times the natural size

class Pane {
  constructor(zooms = false) {
    this.element = make("div", "pane", { role: "none", tabindex: "-1" });
    this.scale = 1;
    if (zooms) this.listen();
  }

  // Puts a drawing into the frame; the same one stays as it is.
  show(plate) {
    if (this.plate === plate) return;
    this.plate = plate;
    this.element.replaceChildren(...(plate ? [plate.svg] : []));
  }

  resize(scale) {
    this.scale = scale;
    if (!this.plate) return;
    this.plate.svg.style.width = `${this.plate.width * scale}px`;
    this.plate.svg.style.height = `${this.plate.height * scale}px`;
  }

  // Where a part is on the screen.
  boxOf(name) {
    const [left, top, width, height] = this.plate.nodes.get(name).box;
    const frame = this.plate.svg.getBoundingClientRect();
    const { scale } = this;
    const [x, y] = [frame.left + left * scale, frame.top + top * scale];
    return { left: x, right: x + width * scale, top: y, bottom: y + height * scale };
  }

  // Scrolls within the frame only: the page itself stays where the reader has it.
  reveal(name, gently) {
    if (!this.plate?.nodes.has(name)) return;
    const [box, frame] = [this.boxOf(name), this.element.getBoundingClientRect()];
    const margin = Math.min(24, frame.width / 8);
    const hidden =
      box.left < frame.left + margin - 1 ||
      box.right > frame.right - margin + 1 ||
      box.top < frame.top ||
      box.bottom > frame.bottom;
    if (!hidden) return;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.element;
    this.element.scrollTo({
      left: scrollLeft + box.left - frame.left - (clientWidth - box.right + box.left) / 2,
      top: scrollTop + box.top - frame.top - (clientHeight - box.bottom + box.top) / 2,
      behavior: gently && !calm() ? "smooth" : "instant",
    });
  }

  // ---------------------------------------------------------------------- zoom
  fit() {
    this.free = false;
    this.resize(clamp(this.element.clientWidth / this.plate.width, this.least(), 1));
  }

  // The scale at which all of the drawing is seen.
  least() {
    const { clientWidth, clientHeight } = this.element;
    return Math.min(1, clientWidth / this.plate.width, clientHeight / this.plate.height);
  }

  // What is at (x, y) of the frame stays there.
  zoom(factor, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2) {
    const scale = clamp(this.scale * factor, this.least(), MOST);
    const frame = this.element.getBoundingClientRect();
    const before = this.plate.svg.getBoundingClientRect();
    const times = scale / this.scale;
    const [across, down] = [x + frame.left - before.left, y + frame.top - before.top];
    this.free = true;
    this.resize(scale);
    const after = this.plate.svg.getBoundingClientRect();
    this.element.scrollLeft += after.left + across * times - frame.left - x;
    this.element.scrollTop += after.top + down * times - frame.top - y;
  }

  listen() {
    const { element } = this;
    element.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    element.addEventListener("touchmove", (event) => this.onTouch(event), { passive: false });
    element.addEventListener("touchend", () => (this.spread = null));
    element.addEventListener("pointerdown", (event) => this.onDown(event));
    element.addEventListener("pointermove", (event) => this.onDrag(event));
    for (const end of ["pointerup", "pointercancel"])
      element.addEventListener(end, () => this.onUp());
    // The click that ends a drag is none.
    element.addEventListener("click", (event) => this.dragged && event.stopPropagation(), true);
  }

  // The wheel scrolls, as everywhere; with Ctrl, which is also what a pinch on a touch pad
  // says, it zooms.
  onWheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const strength = Math.abs(event.deltaY) < 30 ? 0.01 : 0.002;
    const frame = this.element.getBoundingClientRect();
    const factor = Math.exp(-clamp(event.deltaY, -240, 240) * strength);
    this.zoom(factor, event.clientX - frame.left, event.clientY - frame.top);
  }

  onTouch(event) {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    const [one, other] = event.touches;
    const far = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const frame = this.element.getBoundingClientRect();
    const x = (one.clientX + other.clientX) / 2 - frame.left;
    const y = (one.clientY + other.clientY) / 2 - frame.top;
    if (this.spread) this.zoom(far / this.spread, x, y);
    this.spread = far;
  }

  // Fingers scroll by themselves; a mouse drags.
  onDown(event) {
    this.dragged = false;
    if (event.button > 0 || event.pointerType === "touch") return;
    this.grip = { x: event.clientX, y: event.clientY, id: event.pointerId };
  }

  onDrag(event) {
    const { grip } = this;
    if (!grip) return;
    if (!event.buttons) return this.onUp(); // the button was let go outside
    const [x, y] = [event.clientX - grip.x, event.clientY - grip.y];
    if (!this.dragged && Math.hypot(x, y) <= STILL) return;
    if (!this.dragged) this.element.setPointerCapture(grip.id);
    this.dragged = true;
    this.element.classList.add("dragged");
    this.element.scrollLeft -= x;
    this.element.scrollTop -= y;
    Object.assign(grip, { x: event.clientX, y: event.clientY });
  }

  onUp() {
    this.grip = null;
    this.element.classList.remove("dragged");
  }
}
