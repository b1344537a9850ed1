// Where columns and heights lie in the stage at its natural size, in CSS pixels.

const EDGE = 16; // beside the first column
const LABELS = 128; // at most, for the names beside the last
const WIDEST = 240; // between two columns, so that two layers are no wide empty band
const CURL = 0.5; // of the way, at which a ribbon turns

class Frame {
  constructor(model, width, height, labels) {
    const gaps = model.layers.length - 1;
    const right = Math.min(LABELS, labels + 14);
    const room = Math.max(60, width - 2 * EDGE - right);
    const natural = gaps ? room / (gaps + 0.3) : WIDEST;
    this.spacing = Math.min(natural, WIDEST);
    this.box = clamp(this.spacing * 0.3, 9, 34);
    const taken = gaps * this.spacing + this.box;
    this.left = EDGE + Math.max(0, (room - taken) / 2);
    Object.assign(this, { width, height });
    this.scale = (height - 12) / model.height; // CSS pixels an image
  }

  x(column) {
    return this.left + column * this.spacing;
  }

  end(column) {
    return this.x(column) + this.box;
  }

  y(place) {
    return 6 + place * this.scale;
  }

  // The place along the ribbon, 0 to 1, at which it is `x` pixels from where it begins.
  along(x, width) {
    const aim = clamp(x / width, 0, 1);
    let [low, high] = [0, 1];
    for (let turn = 0; turn < 24; turn++) {
      const t = (low + high) / 2;
      if (3 * CURL * t * (1 - t) + t ** 3 < aim) low = t;
      else high = t;
    }
    return (low + high) / 2;
  }
}

// The share of the way down at a place along the ribbon.
function fallen(t) {
  return t * t * (3 - 2 * t);
}

function round(value) {
  return Math.round(value * 100) / 100;
}

// A band from (x, y) to (u, v) of one height; it reaches into the boxes, whose corners are
// round.
function band(x, u, y, v, height) {
  const middle = round((x + u) / 2);
  const [top, end] = [round(y), round(v)];
  const [below, under] = [round(y + height), round(v + height)];
  const [from, to] = [round(x), round(u)];
  return (
    `M${from - 4} ${top}H${from}C${middle} ${top} ${middle} ${end} ${to} ${end}h4` +
    `V${under}H${to}C${middle} ${under} ${middle} ${below} ${from} ${below}h-4Z`
  );
}
