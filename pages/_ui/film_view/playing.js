// A film that runs by itself, from where it stands to its end.

const WHOLE = 5000; // milliseconds that a film of usual length takes
const FASTEST = 60; // milliseconds that each frame is seen
const SLOWEST = 400;
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

  start(count) {
    if (this.on) return;
    const usual = clamp(WHOLE / count, FASTEST, SLOWEST);
    this.timer = setInterval(() => this.next() || this.stop(), this.calm.matches ? CALM : usual);
    this.changed();
  }

  stop() {
    if (!this.on) return;
    clearInterval(this.timer);
    this.timer = null;
    this.changed();
  }
}
