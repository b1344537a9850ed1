// A picture that was placed in the map: a ring at its place, which covers nothing, and on a
// short line beside it, where it hides least, the picture with its label.

const PIN = 8; // radius of the ring
const FACE = 44; // side of the picture
const FRAME = 5; // around it
const LINE = 20; // height of the label
const WIDEST = 180; // of the label
const RIM = 4; // kept free at the panel's edge
const LEADS = [18, 44, 80, 130]; // lengths of the line, without what is below ring and picture
const TURNS = 16;
const SLIDE = 200; // milliseconds from one side to another

class Pin {
  constructor(packed, images, touch) {
    Object.assign(this, packed, { images, image: null, away: null, causes: [] });
    this.near = new Set(packed.neighbours);
    loadPicture(packed.picture).then((image) => {
      this.image = image;
      touch();
    });
  }

  // Where its parts are in this frame; says whether the picture is still on its way.
  step(scene, now) {
    const { view } = scene;
    const place = [view.screenX(this.x), view.screenY(this.y)];
    const edge = PIN + 2;
    const ends = [view.width - edge, view.height - edge];
    this.tip = place.map((at, axis) => clamp(at, edge, ends[axis]));
    this.beyond = place.map((at, axis) => at - this.tip[axis]);
    if (this.isOutdated(scene)) this.choose(scene, now);
    const share = scene.player.calm ? 1 : clamp((now - this.begun) / SLIDE, 0, 1);
    const eased = share * share * (3 - 2 * share);
    const middle = this.middle(this.wanted, view);
    const away = middle.map((end, axis) => end - this.tip[axis]);
    this.away = away.map((end, axis) => this.from[axis] + (end - this.from[axis]) * eased);
    if (share === 1) this.from = away;
    this.box = this.middle(this.away, view);
    return share < 1;
  }

  // Panning and zooming carry the picture along: it changes sides only where it has to, or
  // where another side is much better once the points, the panel or the zoom are others.
  isOutdated(scene) {
    const { view, presence, moved, moving, marks } = scene;
    const level = Math.round(1.5 * Math.log2(view.zoom));
    const still = moving ? this.causes[1] : moved;
    const causes = [presence, still, marks, level, view.width, view.height, this.measure(scene)];
    const isOther = causes.some((one, at) => one !== this.causes[at]);
    this.causes = causes;
    return isOther || this.covers(...this.middle(this.wanted, view), ...this.tip, PIN + 3);
  }

  choose(scene, now) {
    const own = this.wanted ? this.cost(scene, this.wanted, this.length) : Infinity;
    let best = { cost: Infinity, wanted: this.wanted ?? [0, -this.half[1]], length: 1 };
    for (const length of LEADS) {
      for (let turn = 0; turn < TURNS; turn++) {
        const angle = (2 * Math.PI * turn) / TURNS;
        const [u, v] = [Math.cos(angle), Math.sin(angle)];
        const inner = Math.min(this.half[0] / Math.abs(u), this.half[1] / Math.abs(v));
        const reach = PIN + length + inner;
        const wanted = [u * reach, v * reach];
        const cost = this.cost(scene, wanted, PIN + length);
        if (cost < best.cost) best = { cost, wanted, length: PIN + length };
      }
    }
    const isFine = own < Infinity && own <= 1.5 * best.cost;
    if (this.wanted && (isFine || best.cost === Infinity)) return;
    this.from = this.away ?? best.wanted;
    this.begun = this.away ? now : -Infinity;
    [this.wanted, this.length] = [best.wanted, best.length];
  }

  // The more it hides the worse, its neighbours above all; so is a long line.
  cost(scene, wanted, length) {
    const { view, places, presence } = scene;
    const [x, y] = this.middle(wanted, view);
    if (this.covers(x, y, ...this.tip, PIN + 6)) return Infinity;
    const own = scene.marks === "pictures" ? scene.painter.side(scene, view) / 2 : 2;
    const [left, top] = view.at(x - this.half[0] - own, y - this.half[1] - own);
    const [right, bottom] = view.at(x + this.half[0] + own, y + this.half[1] + own);
    let hidden = 0;
    scene.grid().within(left, top, right, bottom, (at) => {
      const [u, v] = [places[2 * at], places[2 * at + 1]];
      if (presence[at] !== 2 || u < left || u > right || v < top || v > bottom) return;
      hidden += this.near.has(at) ? 4 : 1;
    });
    const others = scene.placed.slice(0, scene.placed.indexOf(this));
    const isTaken = others.some(({ box, half }) => this.covers(x, y, ...box, ...half));
    return (hidden + 2) * length * (isTaken ? 100 : 1);
  }

  // The middle of picture and label, beside the ring and wholly inside of the panel.
  middle([dx, dy], view) {
    const [across, down] = this.half.map((half) => half + RIM);
    return [
      clamp(this.tip[0] + dx, across, Math.max(across, view.width - across)),
      clamp(this.tip[1] + dy, down, Math.max(down, view.height - down)),
    ];
  }

  // Whether picture and label around (x, y) come closer to a place than `across` and `down`.
  covers(x, y, u, v, across, down = across) {
    return Math.abs(u - x) < this.half[0] + across && Math.abs(v - y) < this.half[1] + down;
  }

  hits(x, y) {
    if (!this.tip) return false;
    const far = Math.hypot(x - this.tip[0], y - this.tip[1]);
    return far <= PIN + 5 || this.covers(...this.box, x, y, 0);
  }

  // The label as far as there is room, and half the size of all that is beside the ring.
  measure({ painter }) {
    const context = painter.above.getContext("2d");
    context.font = painter.lettering;
    const room = Math.min(WIDEST, painter.width - 2 * RIM);
    const wide = (text) => context.measureText(text).width + 6;
    this.text = this.label;
    for (let most = this.label.length; wide(this.text) > room && most > 1; most--)
      this.text = `${this.label.slice(0, most - 1).trimEnd()}…`;
    const least = FACE + 2 * FRAME;
    this.half = [Math.max(least, wide(this.text)) / 2, (least + LINE) / 2];
    return this.half[0];
  }

  draw(context, painter, { images }) {
    const { accent, paper } = painter.theme;
    const [[x, y], [middle, down]] = [this.tip, this.box];
    // The label is on the far side: the line would cross it.
    const far = this.wanted[1] < 0 ? -1 : 1;
    const centre = down - (far * LINE) / 2;
    for (const [colour, width] of [[paper, 6], [accent, 2.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(middle, centre);
      context.stroke();
    }
    this.drawTip(context, painter);
    context.imageSmoothingEnabled = !images.crisp;
    const [left, top] = [middle - FACE / 2, centre - FACE / 2];
    if (this.image) context.drawImage(this.image, left, top, FACE, FACE);
    painter.ring(context, middle, centre, FACE / 2 + 2, accent, 3, true);
    painter.tag(context, this.text, middle, centre + far * (FACE / 2 + FRAME + LINE / 2));
  }

  // A ring with nothing in it; at the panel's edge a disc that points to the place beyond.
  drawTip(context, painter) {
    const [[x, y], [dx, dy]] = [this.tip, this.beyond];
    context.globalCompositeOperation = "destination-out";
    context.beginPath();
    context.arc(x, y, PIN, 0, 2 * Math.PI);
    context.fill();
    context.globalCompositeOperation = "source-over";
    painter.ring(context, x, y, PIN, painter.theme.accent, 3);
    if (!dx && !dy) return;
    context.save();
    context.translate(x, y);
    context.rotate(Math.atan2(dy, dx));
    context.beginPath();
    context.arc(0, 0, PIN, 0, 2 * Math.PI);
    context.fillStyle = painter.theme.accent;
    context.fill();
    context.beginPath();
    for (const [u, v] of [[-5, -4], [6, 0], [-5, 4], [-2, 0]]) context.lineTo(u, v);
    context.fillStyle = painter.theme.paper;
    context.fill();
    context.restore();
  }
}
