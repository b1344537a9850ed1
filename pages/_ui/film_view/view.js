// One frame of a film, the bar to find another one, and its step and score.

const MOST_PLACES = 40; // films in which the reader's place is remembered
// The step at which a reader left a film, by its name: a view may go and come back. A film
// that is not in here stands at its end, and stays there when frames are added.
const places = new Map();

export class View {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.slider = root.querySelector("input");
    this.words = ["step", "score"].map((name) => root.querySelector(`.${name}`));
    const named = ["play", "back", "on"].map((name) => [name, root.querySelector(`.${name}`)]);
    this.buttons = Object.fromEntries(named);
    this.reels = new Reels();
    this.playing = new Playing(
      () => this.step(1),
      () => this.playing.draw(this.buttons.play),
    );
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = (element, type, handle) => element.addEventListener(type, handle, { signal });
    on(this.slider, "input", () => this.seek(Number(this.slider.value)));
    on(this.buttons.play, "click", () => this.play());
    on(this.buttons.back, "click", () => this.walk(-1));
    on(this.buttons.on, "click", () => this.walk(1));
    on(root, "keydown", (event) => this.onKey(event));
    this.playing.draw(this.buttons.play);
  }

  destroy() {
    this.listening.abort();
    this.playing.stop();
    this.reels.close();
  }

  async update(data, reels) {
    // Who starts a run wants to see it grow.
    if (data.live && !this.told?.live) places.delete(data.name);
    this.told = data;
    if (!(await this.reels.load(reels)) || this.listening.signal.aborted) return;
    if (this.data && this.data.name !== data.name) this.playing.stop();
    this.data = data;
    this.root.setAttribute("aria-label", data.alt);
    this.root.classList.toggle("crisp", data.crisp);
    this.slider.max = String(this.last);
    for (const control of [this.slider, ...Object.values(this.buttons)])
      control.disabled = this.last === 0;
    this.show(this.placed());
    this.root.dataset.ready = "yes";
  }

  get last() {
    return this.data.steps.length - 1;
  }

  // The last frame that is not beyond the step where the reader was.
  placed() {
    const { name, steps } = this.data;
    const step = places.get(name) ?? Infinity;
    return Math.max(0, steps.findLastIndex((one) => one <= step));
  }

  // ------------------------------------------------------------------------ going there
  seek(at) {
    this.playing.stop();
    this.go(at);
  }

  walk(by) {
    this.playing.stop();
    this.step(by);
  }

  step(by) {
    this.go(clamp(this.at + by, 0, this.last));
    return this.at < this.last;
  }

  go(at) {
    const { name, steps } = this.data;
    places.delete(name);
    if (at < this.last) places.set(name, steps[at]); // the newest last
    if (places.size > MOST_PLACES) places.delete(places.keys().next().value);
    this.show(at);
  }

  play() {
    if (this.playing.on) return this.playing.stop();
    if (this.at === this.last) this.go(0);
    this.playing.start(this.last + 1);
  }

  // The slider knows its keys itself.
  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.data?.steps[1]) return;
    const onSlider = event.target === this.slider;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === " " && onSlider) this.play();
    else if (by && !onSlider) this.walk(by);
    else return;
    event.preventDefault();
  }

  // ---------------------------------------------------------------------------- showing
  show(at) {
    const { steps, scores, total, reel } = this.data;
    this.at = at;
    this.reels.draw(this.canvas, Math.floor(at / reel), at % reel);
    const step = steps[at].toLocaleString("en");
    const whole = total ? ` of ${total.toLocaleString("en")}` : "";
    write(this.words[0], `Step ${step}${whole}`);
    write(this.words[1], `score ${scores[at]}`);
    if (Number(this.slider.value) !== at) this.slider.value = String(at);
    this.slider.setAttribute("aria-valuetext", `step ${step}${whole}, score ${scores[at]}`);
  }
}
