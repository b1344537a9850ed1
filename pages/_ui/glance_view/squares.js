// The squares as pixels. Tens of thousands of them are on the screen at once, which is too
// many for the drawing calls of a canvas and nothing for a loop over numbers.

class Squares {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d");
  }

  // Draw what lies between two heights, both in device pixels.
  paint(layout, network, theme, top, width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height || !this.image) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(0);
    Object.assign(this, { width, height, theme });
    for (let at = layout.first(top / layout.ratio); at < layout.items.length; at++) {
      const item = layout.items[at];
      if (item.top * layout.ratio > top + height) break;
      if (item.row) this.row(item, layout, network, layout.begin(item) - top);
    }
    this.context.putImageData(this.image, 0, 0);
    return this.canvas;
  }

  row(item, layout, network, top) {
    const { row, pitch, columns } = item;
    const { gap, left } = layout;
    const side = pitch - gap;
    this.bed(item, left, top, gap);
    const inks = network.inks[this.theme.name];
    for (let unit = 0; unit < row.count; unit++) {
      const y = top + Math.floor(unit / columns) * pitch;
      if (y >= this.height) break;
      if (y + side <= 0) {
        unit += columns - 1 - (unit % columns);
        continue;
      }
      const x = left + (unit % columns) * pitch;
      const value = network.values[row.start + unit];
      if (Number.isFinite(value)) {
        const ink = inks[levelOf(value, row.ends)];
        this.square(x, y, side, ink);
        const code = network.codes[row.start + unit];
        if (code) this.mark(x, y, side, code, ink);
      } else this.broken(x, y, side, network.broken);
    }
  }

  // What shows between the squares, so that an empty one is seen as a square, too.
  bed({ row, pitch, columns, lines }, left, top, gap) {
    for (let line = 0; line < lines; line++) {
      const inLine = Math.min(columns, row.count - line * columns);
      const y = top + line * pitch - gap;
      this.rectangle(left - gap, y, inLine * pitch + gap, pitch + gap, this.theme.bed);
    }
  }

  rectangle(x, y, width, height, ink) {
    const [from, to] = [Math.max(0, x), Math.min(this.width, x + width)];
    const last = Math.min(this.height, y + height);
    for (let line = Math.max(0, y); line < last; line++)
      this.pixels.fill(ink, line * this.width + from, line * this.width + to);
  }

  square(x, y, side, ink) {
    if (side < 11) {
      this.rectangle(x, y, side, side, ink);
      return;
    }
    const cut = side < 17 ? [1] : side < 30 ? [2, 1] : [4, 2, 1, 1];
    for (let line = 0; line < side; line++) {
      const less = cut[line] ?? cut[side - 1 - line] ?? 0;
      this.rectangle(x + less, y + line, side - 2 * less, 1, ink);
    }
  }

  broken(x, y, side, [red, green, blue]) {
    const [bright, dim] = [pixel(red, green, blue), pixel(red >> 2, green >> 2, blue >> 2)];
    const stripe = side < 8 ? 1 : Math.max(2, Math.round(side / 6));
    for (let line = 0; line < side; line++)
      for (let column = 0; column < side; column++) {
        const isBright = Math.floor((line + column) / stripe) % 2 === 0;
        this.rectangle(x + column, y + line, 1, 1, isBright ? bright : dim);
      }
  }

  // Dead is a cross, rare a dot, saturated a square; where there is no room, a speck.
  mark(x, y, side, code, ink) {
    const { theme } = this;
    const colour = code === 3 ? contrast(ink) : [0, theme.dead, theme.rare][code];
    const thick = Math.max(2, Math.round(side / 8));
    if (side < 9) {
      const size = side < 6 ? 2 : 3;
      const at = (side - size) >> 1;
      this.rectangle(x + at, y + at, size, size, colour);
    } else if (code === 1) {
      const inset = Math.round(side * 0.3);
      for (let step = inset; step < side - inset; step++) {
        this.rectangle(x + step - (thick >> 1), y + step, thick, 1, colour);
        this.rectangle(x + side - 1 - step - (thick >> 1), y + step, thick, 1, colour);
      }
    } else if (code === 2) this.disc(x + side / 2, y + side / 2, side * 0.2, colour);
    else {
      const size = Math.round(side * 0.36);
      const at = (side - size) >> 1;
      this.rectangle(x + at, y + at, size, size, colour);
    }
  }

  disc(x, y, radius, ink) {
    for (let line = Math.floor(y - radius); line <= y + radius; line++) {
      const half = Math.sqrt(Math.max(0, radius ** 2 - (line + 0.5 - y) ** 2));
      const from = Math.round(x - half);
      this.rectangle(from, line, Math.round(x + half) - from, 1, ink);
    }
  }
}

// Black or white, whichever is seen on a colour.
function contrast(ink) {
  const bright = 0.3 * (ink & 255) + 0.6 * ((ink >> 8) & 255) + 0.1 * ((ink >> 16) & 255);
  return bright > 128 ? pixel(20, 20, 20) : pixel(255, 255, 255);
}
