// Where the points are at this moment: at rest, following a run that is under way,
// gliding to a new layout, or being replayed.

const LAG = 0.4; // seconds by which playing trails what has come in, to stay smooth
const GLIDE = 0.8; // seconds to a new layout
const FULL = 65535;

class Player {
  constructor(calm) {
    this.calm = calm; // the reader wants no motion
    this.places = null; // Float32Array, x and y of each point in turn
    this.moved = 0; // counts up when the places change
    this.forget();
  }

  forget() {
    this.frames = new Map(); // index -> { iteration, word, points }
    this.order = []; // their indices, rising
    this.at = 0; // the index being shown, with fractions
    this.source = "final"; // or "frames"
    this.playing = false;
    this.blend = null; // { from, since }: on the way from where the points were
  }

  // Takes what Python says; `fresh` when these are other images than before.
  update({ run, live, points, window }, fresh) {
    if (fresh) this.places = this.final = null;
    if (fresh || run !== this.run) this.forget();
    this.run = run;
    if (window && window.run === run) this.merge(window, live);
    const ended = this.live && !live;
    this.live = live;
    if (points && points !== this.given) this.settleAt(points);
    this.given = points;
    if (live && this.order.length && this.source !== "frames") this.follow();
    if (ended && this.calm) this.rest();
    if (!this.places) this.show(this.final ?? this.target());
  }

  // Windows may overlap or leave gaps. Indices of a finished run count what was kept of
  // it, which may be less than was shown live.
  merge(window, live) {
    if (window.digest === this.merged) return;
    this.merged = window.digest;
    const points = unpack(window.points);
    const size = points.length / window.iterations.length;
    if (!live && window.first === 0) this.frames.clear();
    window.iterations.forEach((iteration, place) => {
      const one = points.subarray(place * size, (place + 1) * size);
      const word = window.words[place] ?? `step ${iteration.toLocaleString("en")}`;
      this.frames.set(window.first + place, { iteration, word, points: one });
    });
    this.order = [...this.frames.keys()].sort((one, other) => one - other);
    this.at = Math.min(this.at, this.last);
  }

  get last() {
    return this.order.at(-1) ?? 0;
  }

  // Whether every frame from the first on is here.
  get isWhole() {
    return this.order.length > 1 && this.last === this.order.length - 1;
  }

  get isReplay() {
    return this.source === "frames" && !this.draining && !this.live;
  }

  // What the frame that is shown is called.
  get word() {
    if (!this.order.length) return "";
    const [low] = this.around(this.source === "frames" ? this.at : this.last);
    return this.frames.get(low).word;
  }

  // The points of the frames before the place that is shown, the oldest first.
  past() {
    const until = this.source === "frames" ? this.at : this.last;
    return this.order.filter((index) => index < until).map((index) => this.frames.get(index).points);
  }

  settleAt(points) {
    this.final = Float32Array.from(points, (code) => code / FULL);
    if (this.source === "final" && this.places) this.depart();
  }

  follow() {
    this.depart();
    this.source = "frames";
    this.draining = true;
    this.final = null; // that of the layout before
    this.at = this.order[0];
  }

  rest() {
    this.depart();
    this.source = "final";
    this.playing = this.draining = false;
  }

  replay() {
    this.depart();
    this.source = "frames";
    this.draining = false;
    this.playing = true;
    this.at = 0;
  }

  pause(playing) {
    this.playing = playing;
  }

  // To a place in the run; the end of the bar is the final layout.
  seek(at) {
    this.playing = this.draining = false;
    this.blend = null;
    this.source = at > this.last ? "final" : "frames";
    this.at = Math.min(at, this.last);
    this.show(this.target());
  }

  depart() {
    if (!this.places) return;
    this.blend = this.calm ? null : { from: this.places.slice(), since: null };
  }

  // Goes on by the time that has passed; says whether there is more to come.
  step(now) {
    const passed = Math.min((now - (this.now ?? now)) / 1000, 0.1);
    this.now = now;
    const moving = this.advance(passed);
    const blending = this.blend !== null;
    if (moving || blending) this.show(this.mixed(now));
    if (!moving && !this.blend) this.now = null;
    return moving || blending;
  }

  advance(passed) {
    if (this.source !== "frames") return false;
    if (this.draining) {
      // The first step after a rest takes no time, and must not be taken for the end.
      const behind = this.last - this.at;
      const share = this.calm ? 1 : 1 - Math.exp(-passed / (this.live ? LAG : LAG / 3));
      this.at += behind * share;
      if (behind < 0.02) this.at = this.last;
      if (!this.live && this.at === this.last && this.final) this.rest();
      return behind > 0;
    }
    if (!this.playing) return false;
    this.at += passed * clamp(this.last / 6, 4, 14);
    if (this.at >= this.last) {
      this.at = this.last;
      if (this.final) this.rest();
      else this.playing = false;
    }
    return true;
  }

  mixed(now) {
    const target = this.target();
    if (!this.blend || this.blend.from.length !== target.length) return (this.blend = null, target);
    this.blend.since ??= now;
    const part = clamp((now - this.blend.since) / 1000 / GLIDE, 0, 1);
    const share = part * part * (3 - 2 * part);
    const { from } = this.blend;
    if (part === 1) this.blend = null;
    return target.map((to, at) => from[at] + (to - from[at]) * share);
  }

  target() {
    if (this.source === "final" || !this.order.length) return this.final ?? this.places;
    const [low, high, share] = this.around(this.at);
    const [one, other] = [this.frames.get(low).points, this.frames.get(high).points];
    const places = new Float32Array(one.length);
    for (let at = 0; at < places.length; at++)
      places[at] = (one[at] + (other[at] - one[at]) * share) / FULL;
    return places;
  }

  // The frames before and after an index, and how far it is between them.
  around(index) {
    const { order } = this;
    let high = order.findIndex((one) => one >= index);
    if (high < 0) high = order.length - 1;
    const low = order[high] > index && high > 0 ? high - 1 : high;
    const span = order[high] - order[low];
    const share = span ? (index - order[low]) / span : 0;
    return [order[low], order[high], this.calm ? Math.round(share) : share];
  }

  show(places) {
    this.places = places;
    this.moved++;
  }
}
