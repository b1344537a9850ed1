// What is known of the network: its rows, their values and marks, and the colours.

const ZERO = 255; // row of the colour tables that means nothing; the ends are as far away

class Network {
  constructor(facts) {
    Object.assign(this, facts);
    let start = 0;
    this.rows.forEach((row, at) => {
      Object.assign(row, { at, start });
      start += row.count;
    });
    this.count = start;
    this.places = new Map(this.rows.map((row) => [row.layer, row.at]));
    this.inks = {};
    for (const [paper, text] of Object.entries(this.tables)) this.inks[paper] = inksOf(text);
  }

  // Numbers of all units, one row after the other, as bytes.
  fill(values, marks) {
    const same = values === this.bytes && marks === this.markBytes;
    if (same) return;
    Object.assign(this, { bytes: values, markBytes: marks });
    this.values = new Float32Array(values.buffer, values.byteOffset, this.count);
    this.codes = marks ?? new Uint8Array(this.count);
    for (const row of this.rows) this.measure(row);
  }

  measure(row) {
    let [low, high, broken] = [Infinity, -Infinity, 0];
    const totals = [0, 0, 0, 0];
    for (let at = row.start; at < row.start + row.count; at++) {
      const value = this.values[at];
      totals[this.codes[at]] += 1;
      if (!Number.isFinite(value)) broken += 1;
      else {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    const known = broken < row.count;
    Object.assign(row, { broken, totals, low: known ? low : 0, high: known ? high : 0 });
    row.constant = broken === 0 && row.count > 1 && low === high;
  }

  // Which raw values the ends of the colours are, row by row.
  scale(scale, signed) {
    let shared = Array.isArray(scale) ? scale : null;
    if (scale === "network")
      shared = [
        this.rows.reduce((low, row) => Math.min(low, row.low), 0),
        this.rows.reduce((high, row) => Math.max(high, row.high), 0),
      ];
    this.shared = shared && ends(shared[0], shared[1], signed);
    this.fixed = !shared && typeof scale === "object"; // ranges given layer by layer
    for (const row of this.rows) {
      const own = this.fixed ? scale[row.layer] : [Math.min(0, row.low), Math.max(0, row.high)];
      row.ends = this.shared ?? ends(own[0], own[1], signed);
    }
    this.beyond = [false, false];
    if (!this.shared) return;
    this.beyond = [
      this.rows.some((row) => row.low < this.shared.low),
      this.rows.some((row) => row.high > this.shared.high),
    ];
  }

  valueOf(row, unit) {
    return this.values[row.start + unit];
  }

  markOf(row, unit) {
    return this.marks[this.codes[row.start + unit] - 1] ?? "";
  }

  // "channel 17", or the name that a class has.
  nameOf(row, unit) {
    const plain = `${row.word} ${unit}`;
    if (row.at !== this.rows.length - 1 || !this.names) return plain;
    return `${this.names[unit]} · ${plain}`;
  }
}

function ends(low, high, signed) {
  const centred = signed || low < 0;
  const most = Math.max(Math.abs(low), Math.abs(high));
  return centred ? { low: -most, high: most, centred } : { low, high, centred };
}

// Row of the colour table for a finite value.
function levelOf(value, { low, high, centred }) {
  const zero = centred ? 0 : low;
  const span = high - zero;
  if (span <= 0) return ZERO;
  const level = Math.round(ZERO + ((value - zero) / span) * ZERO);
  return level < 0 ? 0 : level > 2 * ZERO ? 2 * ZERO : level;
}

// Pixels as a canvas keeps them: red in the lowest byte.
function inksOf(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const inks = new Uint32Array(bytes.length / 3);
  for (let at = 0; at < inks.length; at++)
    inks[at] = pixel(bytes[3 * at], bytes[3 * at + 1], bytes[3 * at + 2]);
  return inks;
}

function pixel(red, green, blue) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function colourOf(ink) {
  return `rgb(${ink & 255} ${(ink >> 8) & 255} ${(ink >> 16) & 255})`;
}

function short(value) {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "minus infinite";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2).replace("-", "−").replace("-", "−");
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3))).replace("-", "−");
}

function plural(count, word) {
  const many = word.endsWith("s") ? `${word}es` : `${word}s`;
  return `${count.toLocaleString("en")} ${count === 1 ? word : many}`;
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

function make(tag, name, attributes = {}, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text; // never as HTML: names come from anywhere
  return element;
}
