// What a part of raw values holds: numbers, their colours, and their words.

class Cells {
  constructor({ header, bytes }) {
    Object.assign(this, header);
    [this.rows, this.columns] = header.shape;
    this.values = new Float32Array(bytes.buffer, bytes.byteOffset, this.rows * this.columns);
    this.picture = document.createElement("canvas");
    [this.picture.width, this.picture.height] = [this.columns, this.rows];
    this.paint();
  }

  // One pixel a cell; those that are no cell stay clear.
  paint() {
    const pen = this.picture.getContext("2d");
    const pixels = pen.createImageData(this.columns, this.rows);
    for (let index = 0; index < this.cells; index++) {
      const colour = this.colour(index);
      for (let part = 0; part < 3; part++) pixels.data[4 * index + part] = colour[part];
      pixels.data[4 * index + 3] = 255;
    }
    pen.putImageData(pixels, 0, 0);
  }

  colour(index) {
    return this.colourOf(this.values[index]);
  }

  colourOf(value) {
    if (!Number.isFinite(value)) return this.broken;
    const span = this.high - this.low;
    const level = span || !this.signed ? (value - this.low) / (span || 1) : 0.5;
    return this.table[even(clamp(level, 0, 1) * (this.table.length - 1))];
  }

  // Whether black can be read on a cell, by its relative luminance.
  isLight(index) {
    const [red, green, blue] = this.colour(index).map((part) => (part / 255) ** 2.2);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.2;
  }

  inside(row, column) {
    const known = row >= 0 && row < this.rows && column >= 0 && column < this.columns;
    return known && row * this.columns + column < this.cells;
  }

  where(row, column) {
    const index = row * this.columns + column;
    return this.neurons ? `neuron ${index}` : `row ${row}, column ${column}`;
  }

  name(row, column) {
    return this.names[row * this.columns + column] ?? "";
  }

  value(row, column) {
    return this.values[row * this.columns + column];
  }

  gradient() {
    if (this.low === this.high) return `rgb(${this.colourOf(this.low).join(" ")})`;
    const stops = Array.from({ length: 17 }, (_, at) => {
      const row = Math.round((at / 16) * (this.table.length - 1));
      return `rgb(${this.table[row].join(" ")})`;
    });
    return `linear-gradient(90deg, ${stops.join(", ")})`;
  }
}

// To the nearest whole number, halves to the even one, as the sheet of channels does.
function even(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return below + (rest > 0.5 || (rest === 0.5 && below % 2) ? 1 : 0);
}

// The fewest digits that mean this float32 and no other.
function exact(value) {
  if (!Number.isFinite(value)) return unusual(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return minus(String(short));
  }
  return minus(String(Number(value.toPrecision(9))));
}

// Three significant digits, as they stand in a cell.
function rounded(value) {
  if (!Number.isFinite(value)) return unusual(value);
  const size = Math.abs(value);
  const small = size && (size < 1e-3 || size >= 1e5);
  return minus(small ? value.toExponential(1) : String(Number(value.toPrecision(3))));
}

function unusual(value) {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+∞" : "−∞";
}

function minus(text) {
  return text.replaceAll("-", "−");
}
