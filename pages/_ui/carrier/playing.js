// What runs by itself, from where it stands to its end, and the button for it.

const WHOLE = 5000; // milliseconds that usually many frames take
const FASTEST = 60; // milliseconds that each frame is seen
const SLOWEST = 400;
const SHAPES = { Play: "M7 4l13 8-13 8z", Pause: "M6 4h4v16H6zM14 4h4v16h-4z" };
const CALM = 1000; // for readers who ask their system for less motion: one slide a second

class Playing {
  // `next` goes on by one frame and says whether there is more.
  constructor(next, changed) {
    Object.assign(this, { next, changed, timer: null });
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  get on() {
    return this.timer !== null;
  }

  start(count, fastest = FASTEST) {
    if (this.on) return;
    const usual = clamp(WHOLE / count, fastest, SLOWEST);
    this.timer = setInterval(() => this.next() || this.stop(), this.calm.matches ? CALM : usual);
    this.changed();
  }

  stop() {
    if (!this.on) return;
    clearInterval(this.timer);
    this.timer = null;
    this.changed();
  }

  // What the button would do now.
  draw(button) {
    const name = this.on ? "Pause" : "Play";
    button.querySelector("path").setAttribute("d", SHAPES[name]);
    button.setAttribute("aria-label", name);
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
