// The bar that finds an epoch: dragged, stepped through, or played.
//
// The server draws what there is to see of an epoch. It is asked for one at a time: as long as
// it has not answered, playing waits and dragging goes on without asking, so that it is never
// further behind than one picture.

const PACE = 350; // milliseconds that each epoch is seen at least
const PATIENCE = 6000; // milliseconds after which an answer is not waited for any longer

export class View {
  constructor(root, link) {
    Object.assign(this, { root, link, at: 0, wish: null, waiting: false, resting: true });
    this.slider = root.querySelector("input");
    this.word = root.querySelector(".word");
    const named = ["play", "back", "on"].map((name) => [name, root.querySelector(`.${name}`)]);
    this.buttons = Object.fromEntries(named);
    this.playing = new Playing(
      () => this.advance(),
      () => this.onPlaying(),
    );
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = (element, type, handle) => element.addEventListener(type, handle, { signal });
    on(this.slider, "input", () => this.seek(Number(this.slider.value), false));
    on(this.slider, "change", () => this.seek(Number(this.slider.value), true));
    on(this.buttons.play, "click", () => this.play());
    on(this.buttons.back, "click", () => this.seek(this.at - 1, true));
    on(this.buttons.on, "click", () => this.seek(this.at + 1, true));
    on(root, "keydown", (event) => this.onKey(event));
    this.playing.draw(this.buttons.play);
  }

  destroy() {
    this.listening.abort();
    this.gone = true;
    this.playing.stop();
    clearTimeout(this.patience);
  }

  // --------------------------------------------------------------- what Python says
  update(data) {
    this.data = data;
    this.slider.max = String(this.last);
    for (const control of [this.slider, ...Object.values(this.buttons)])
      control.disabled = this.last === 0;
    if (this.link.heard(data.token)) this.waiting = false;
    if (!this.word.textContent || (this.resting && !this.waiting && !this.wish)) this.show(data.at);
    this.send();
    this.root.dataset.ready = "yes";
  }

  get last() {
    return this.data.words.length - 1;
  }

  // ------------------------------------------------------------------------ going there
  seek(at, resting) {
    this.playing.stop();
    this.go(clamp(at, 0, this.last), resting);
  }

  go(at, resting) {
    this.show(at);
    this.resting = resting;
    this.wish = [at, resting];
    // A key on the slider moves it and lets it go at once: that is one wish.
    requestAnimationFrame(() => this.send());
  }

  send() {
    if (!this.wish || this.waiting || this.gone) return;
    this.link.say("choice", this.wish);
    this.wish = null;
    this.waiting = true;
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.giveUp(), PATIENCE);
  }

  giveUp() {
    this.waiting = false;
    this.send();
  }

  // ---------------------------------------------------------------------------- playing
  play() {
    if (this.playing.on) return this.playing.stop();
    if (this.at === this.last) this.go(0, false);
    this.playing.start(this.last + 1, PACE);
  }

  advance() {
    if (this.waiting || this.wish) return true;
    const at = Math.min(this.at + 1, this.last);
    this.go(at, at === this.last);
    return at < this.last;
  }

  // Where it was stopped in between, the rest of the page is told, too.
  onPlaying() {
    this.playing.draw(this.buttons.play);
    if (!this.playing.on && !this.resting && !this.gone) this.go(this.at, true);
  }

  // The slider knows its keys itself.
  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.data?.words[1]) return;
    const onSlider = event.target === this.slider;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === " " && onSlider) this.play();
    else if (by && !onSlider) this.seek(this.at + by, true);
    else return;
    event.preventDefault();
  }

  // ---------------------------------------------------------------------------- showing
  show(at) {
    this.at = at;
    write(this.word, this.data.words[at]);
    if (Number(this.slider.value) !== at) this.slider.value = String(at);
    this.slider.setAttribute("aria-valuetext", this.data.words[at]);
  }
}
