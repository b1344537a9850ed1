// A button that lets two pictures take turns, while it is held or from one press to the next.

const TURN = 500; // milliseconds that each is seen: two changes a second, far below a flash
const HELD = 350; // milliseconds after which a press is a hold

// `show` is told which of the two is seen alone, 0 or 1, or null for none.
class Blinking {
  constructor(button, show) {
    Object.assign(this, { button, show, seen: null });
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = (type, handle) => button.addEventListener(type, handle, { signal });
    on("pointerdown", (event) => this.onDown(event));
    on("pointerup", (event) => this.onUp(event));
    on("pointercancel", () => this.stop());
    on("contextmenu", (event) => event.preventDefault()); // a finger that holds still
    // Keys and screen readers press without a pointer.
    on("click", (event) => event.detail === 0 && this.press());
    this.calm.addEventListener("change", () => this.name(), { signal });
    this.name();
  }

  destroy() {
    this.stop();
    this.listening.abort();
  }

  // Without motion there is nothing that runs: each press shows the other one.
  name() {
    this.stop();
    this.button.textContent = this.calm.matches ? "Show the other" : "Blink";
  }

  onDown(event) {
    if (event.button > 0 || this.button.disabled) return;
    this.button.setPointerCapture(event.pointerId);
    this.wasOn = this.seen !== null;
    this.since = event.timeStamp;
    if (!this.wasOn || this.calm.matches) this.press();
  }

  onUp(event) {
    if (this.since === undefined) return;
    const held = event.timeStamp - this.since > HELD;
    this.since = undefined;
    if (!this.calm.matches && (this.wasOn || held)) this.stop();
  }

  press() {
    if (this.calm.matches) this.turn();
    else if (this.seen === null) this.begin();
    else this.stop();
  }

  begin() {
    this.turn();
    this.timer = setInterval(() => this.turn(), TURN);
    this.button.setAttribute("aria-pressed", "true");
  }

  // The second one first: the change is what the reader waits for.
  turn() {
    this.seen = this.seen === 1 ? 0 : 1;
    this.show(this.seen);
  }

  stop() {
    clearInterval(this.timer);
    this.button.setAttribute("aria-pressed", "false");
    if (this.seen === null) return;
    this.seen = null;
    this.show(null);
  }
}
