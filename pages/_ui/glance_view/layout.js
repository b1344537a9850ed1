// Where everything is: as large as fits the height, and from some number of rows on compact.
//
// Places are CSS pixels from the top of the first row; squares count in device pixels, so
// that each of them is as sharp and as large as its neighbour.

const PITCHES = [30, 26, 22, 18, 16, 14, 12, 10, 9, 8, 7, 6, 5]; // of a square and its gap
const STILL_LARGE = 18;
const ROOMY = 96; // height that a row's squares may take if there is room
const COMPACT = 24;
const COMPACT_PITCH = 18;
const LEAST = 22; // height of a row: its name is a line of text
const BETWEEN = 6;
const HEADING = 34;
const PIN = 28; // height of the heading that stays at the top
const EDGE = 4;
const COUNT = 40; // width of the number of units
const SPACE = 8; // between the numbers beside a row

class Layout {
  constructor(network, width, height, ratio) {
    Object.assign(this, { network, width, ratio });
    const narrow = width < 560;
    this.name = narrow ? 104 : clamp(Math.round(width * 0.22), 150, 280);
    this.facts = narrow ? 52 : clamp(factsOf(network), 96, Math.round(width * 0.3));
    this.narrow = narrow;
    this.left = Math.round((EDGE + this.name + 8) * ratio);
    this.right = width - this.facts - EDGE;
    this.room = Math.floor((this.right - 14) * ratio) - this.left;
    this.gap = Math.max(1, Math.round(ratio));
    this.choose(height);
  }

  choose(height) {
    for (let budget = ROOMY; budget > COMPACT; budget -= 4) {
      this.arrange(budget);
      if (this.height <= height) return;
    }
    this.arrange(COMPACT, COMPACT_PITCH, 4);
  }

  arrange(budget, largest = PITCHES[0], between = BETWEEN) {
    this.between = between;
    this.items = [];
    this.rowItems = [];
    let [top, group] = [EDGE, ""];
    for (const row of this.network.rows) {
      if (row.group && row.group !== group) {
        top += this.items.length ? 4 : 0;
        this.items.push({ heading: row.group, top, height: HEADING, group: row.group });
        top += HEADING;
      }
      group = row.group;
      const item = this.fit(row, budget, largest);
      Object.assign(item, { row, top, group });
      this.items.push(item);
      this.rowItems.push(item);
      top += item.height + between;
    }
    this.height = top + EDGE;
  }

  // The largest squares that the budget allows; one line of large ones is better than two.
  fit(row, budget, largest) {
    const sizes = PITCHES.filter((size) => size <= largest);
    let found = this.wrap(row, sizes.at(-1));
    for (const size of sizes) {
      const tried = this.wrap(row, size);
      if (tried.tall > budget) continue;
      found = tried;
      break;
    }
    const single = sizes.filter((size) => size >= STILL_LARGE).map((size) => this.wrap(row, size));
    return single.find(({ lines }) => lines === 1) ?? found;
  }

  wrap(row, size) {
    const pitch = Math.max(2, Math.round(size * this.ratio));
    const most = Math.max(1, Math.floor((this.room + this.gap) / pitch));
    const lines = Math.ceil(row.count / most);
    // Lines of one length: a block is seen as one, and no two squares are left over.
    const columns = Math.ceil(row.count / lines);
    const tall = (lines * pitch) / this.ratio;
    return { pitch, columns, lines, tall, height: Math.max(LEAST, tall) };
  }

  // Device pixels from the top of the first row at which the squares of a row begin.
  begin(item) {
    return Math.round((item.top + (item.height - item.tall) / 2) * this.ratio);
  }

  // Where a square is: CSS pixels from the top left of the first row.
  box(row, unit) {
    const item = this.rowItems[row];
    const { ratio } = this;
    const side = (item.pitch - this.gap) / ratio;
    const x = (this.left + (unit % item.columns) * item.pitch) / ratio;
    const y = (this.begin(item) + Math.floor(unit / item.columns) * item.pitch) / ratio;
    return { x, y, side };
  }

  // First item whose end is below a height.
  first(y) {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const item = this.items[middle];
      if (item.top + item.height + this.between / 2 <= y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The heading that stays at the top while its rows pass under it.
  pinned(scroll) {
    const at = this.first(scroll);
    const item = this.items[at];
    if (!item?.group || (item.heading && item.top >= scroll)) return null;
    const next = this.items.slice(at + 1, at + 40).find((one) => one.heading);
    const y = next ? Math.min(0, next.top - scroll - PIN) : 0;
    return { text: item.group, y };
  }

  // What is at a place: a square, or a row as a whole (unit -1).
  hit(x, y) {
    const item = this.items[this.first(y)];
    if (!item || item.heading || y < item.top - this.between / 2) return null;
    const { row } = item;
    if (x < this.left / this.ratio - 4 || x > this.right) return { row: row.at, unit: -1 };
    const column = Math.floor((x * this.ratio - this.left) / item.pitch);
    const line = Math.floor((y * this.ratio - this.begin(item)) / item.pitch);
    const inside = column >= 0 && column < item.columns && line >= 0 && line < item.lines;
    const unit = line * item.columns + column;
    return inside && unit < row.count ? { row: row.at, unit } : { row: row.at, unit: -2 };
  }
}

// Width that the numbers beside the rows need: those of the longest row.
function factsOf(network) {
  const digits = (number) => 7.6 * String(number).length;
  const needs = network.rows.map((row) => {
    const counts = [...row.totals.slice(1), row.broken].filter((count) => count);
    const said = row.constant ? 108 : 0;
    return counts.reduce((width, count) => width + 12 + digits(count) + SPACE, said);
  });
  return Math.ceil(COUNT + 12 + needs.reduce((most, need) => Math.max(most, need), 0));
}

// Shortened in the middle: the start says where it is, the end what it is.
function shorten(text, room, measure) {
  if (measure(text) <= room) return text;
  let [low, high] = [1, text.length - 1];
  const cut = (kept) => {
    const head = Math.ceil(kept * 0.38);
    return `${text.slice(0, head)}…${text.slice(text.length - (kept - head))}`;
  };
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(cut(middle)) <= room) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}
