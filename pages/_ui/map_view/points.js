// Where points are: the view onto the unit square, and a grid that finds what is near.

// A part of the unit square, so that both axes have one scale.
class View {
  constructor() {
    this.width = this.height = 1;
    this.home = { x: 0.5, y: 0.5, span: 1 };
    this.reset();
  }

  reset() {
    this.zoom = 1;
    this.x = this.home.x;
    this.y = this.home.y;
  }

  get isHome() {
    return this.zoom === 1 && this.x === this.home.x && this.y === this.home.y;
  }

  // Pixels for the side of the unit square.
  get scale() {
    const room = Math.min(this.width, this.height);
    return (Math.max(room - 2 * MARGIN, 40) / this.home.span) * this.zoom;
  }

  screenX(x) {
    return this.width / 2 + (x - this.x) * this.scale;
  }

  screenY(y) {
    return this.height / 2 + (y - this.y) * this.scale;
  }

  at(px, py) {
    const { scale } = this;
    return [this.x + (px - this.width / 2) / scale, this.y + (py - this.height / 2) / scale];
  }

  pan(dx, dy) {
    this.centre(this.x - dx / this.scale, this.y - dy / this.scale);
  }

  centre(x, y) {
    const reach = this.home.span * 0.6;
    this.x = clamp(x, this.home.x - reach, this.home.x + reach);
    this.y = clamp(y, this.home.y - reach, this.home.y + reach);
  }

  // What is under the pointer stays there.
  zoomAt(px, py, factor) {
    const [x, y] = this.at(px, py);
    this.zoom = clamp(this.zoom * factor, 0.8, 80);
    const { scale } = this;
    this.centre(x - (px - this.width / 2) / scale, y - (py - this.height / 2) / scale);
  }

  // The unit square, and with it what was placed not too far outside.
  frame(placed) {
    const ends = [0, 1];
    const xs = [...ends, ...placed.map((one) => clamp(one.x, -0.5, 1.5))];
    const ys = [...ends, ...placed.map((one) => clamp(one.y, -0.5, 1.5))];
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    const wasHome = this.isHome;
    const span = Math.max(right - left, bottom - top);
    this.home = { x: (left + right) / 2, y: (top + bottom) / 2, span };
    if (wasHome) this.reset();
  }
}

const MARGIN = 16; // pixels around the unit square
const CELLS = 64; // a side of the grid
const GROWTH = 0.25; // power of the zoom with which pictures grow

// Points sorted into cells. Made anew when they have moved and somebody asks.
class Grid {
  constructor(places) {
    const count = places.length / 2;
    this.places = places;
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    const cells = new Uint16Array(count);
    for (let at = 0; at < count; at++) {
      cells[at] = cellOf(places[2 * at + 1]) * CELLS + cellOf(places[2 * at]);
      this.starts[cells[at] + 1]++;
    }
    for (let at = 0; at < CELLS * CELLS; at++) this.starts[at + 1] += this.starts[at];
    const next = this.starts.slice();
    this.members = new Uint32Array(count);
    for (let at = 0; at < count; at++) this.members[next[cells[at]]++] = at;
  }

  // The nearest point no farther than `reach` for which `allowed` holds, or -1.
  nearest(x, y, reach, allowed) {
    let [found, best] = [-1, reach * reach];
    this.within(x - reach, y - reach, x + reach, y + reach, (at) => {
      const [dx, dy] = [this.places[2 * at] - x, this.places[2 * at + 1] - y];
      const far = dx * dx + dy * dy;
      if (far <= best && allowed(at)) [found, best] = [at, far];
    });
    return found;
  }

  // Calls `visit` with the points of all cells that a rectangle touches.
  within(left, top, right, bottom, visit) {
    const [first, last] = [cellOf(left), cellOf(right)];
    for (let row = cellOf(top); row <= cellOf(bottom); row++) {
      const [from, to] = [this.starts[row * CELLS + first], this.starts[row * CELLS + last + 1]];
      for (let at = from; at < to; at++) visit(this.members[at]);
    }
  }
}

function cellOf(part) {
  return clamp(Math.floor(part * CELLS), 0, CELLS - 1);
}

// A fixed shuffle: in the order of the data the last class would cover the others.
function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  let seed = 1;
  for (let at = count - 1; at > 0; at--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((seed / 4294967296) * (at + 1));
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
}

// Which points get a picture when there is not room for all. From level to level the map
// grows by the root of two: pictures are added and none is taken away while zooming in.
class Thinning {
  constructor(places, order, allowed, spacing) {
    Object.assign(this, { places, order, allowed, spacing });
    this.levels = [];
  }

  // The points for a zoom, those of coarser levels first.
  at(zoom) {
    const level = clamp(Math.floor(2 * Math.log2(Math.max(zoom, 1))), 0, 12);
    while (this.levels.length <= level) this.levels.push(this.next(this.levels.length));
    return this.levels[level];
  }

  next(level) {
    const side = this.spacing / 2 ** ((level / 2) * (1 - GROWTH)); // pictures grow, too
    const taken = new Map();
    const kept = [];
    const cell = (part) => Math.floor(part / side) + 4;
    const name = (column, row) => row * 65536 + column;
    const add = (at) => {
      const key = name(cell(this.places[2 * at]), cell(this.places[2 * at + 1]));
      if (!taken.has(key)) taken.set(key, []);
      taken.get(key).push(at);
      kept.push(at);
    };
    const isFree = (at) => {
      const [x, y] = [this.places[2 * at], this.places[2 * at + 1]];
      for (let row = cell(y) - 1; row <= cell(y) + 1; row++) {
        for (let column = cell(x) - 1; column <= cell(x) + 1; column++) {
          for (const other of taken.get(name(column, row)) ?? []) {
            const across = Math.abs(this.places[2 * other] - x);
            if (across < side && Math.abs(this.places[2 * other + 1] - y) < side) return false;
          }
        }
      }
      return true;
    };
    const before = level ? this.levels[level - 1] : [];
    before.forEach(add);
    for (const at of this.order) if (this.allowed(at) && isFree(at)) add(at);
    return kept;
  }
}
