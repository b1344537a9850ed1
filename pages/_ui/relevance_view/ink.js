// Raw values and their image to pixels, step for step as xai/figures/heatmaps.py makes them.

const STOPS = 16; // pieces of the legend's gradient
const NOTHING = [0, 0, 0];

class Ink {
  constructor(values, image) {
    const { header, bytes } = values.packed;
    [this.rows, this.columns] = header.shape;
    this.isBare = header.colours === 0; // an image without a map
    const count = this.isBare ? 0 : this.rows * this.columns;
    this.values = new Float32Array(bytes.buffer, bytes.byteOffset, count);
    this.last = header.colours - 1;
    this.table = bytes.subarray(4 * count, 4 * count + 3 * header.colours);
    this.inks = bytes.subarray(4 * count + 3 * header.colours);
    this.channels = image.packed.header.channels;
    this.image = image.packed.bytes;
  }

  // How a map is looked at: scale, signed, ink, part and blank.
  look(data) {
    this.data = data;
    const { signed, part } = data;
    this.low = signed && part !== "positive" ? -1 : 0;
    this.high = part === "negative" ? 0 : 1;
  }

  // Where a value lies between zero and the scale, as far as its part is shown.
  share(value) {
    if (this.data.blank) return 0;
    const { floor, scale } = this.data;
    return clamp((value - floor) / (scale - floor), this.low, this.high);
  }

  colour(share) {
    const place = this.data.signed ? even(share * 255) + 255 : even(share * this.last);
    return this.table.subarray(3 * place, 3 * place + 3);
  }

  // What lies over the image, and how thick.
  cover(share) {
    const { signed, ink } = this.data;
    if (ink === 1) return [this.colour(share), 1];
    if (!signed) return [this.colour(share), share];
    const at = share > 0 ? 3 : 0;
    return [this.inks.subarray(at, at + 3), Math.sqrt(Math.abs(share))];
  }

  paint(canvas) {
    const { values, image, channels, data } = this;
    [canvas.width, canvas.height] = [this.columns, this.rows];
    const pen = canvas.getContext("2d");
    const pixels = pen.createImageData(this.columns, this.rows);
    for (let index = 0; index < this.rows * this.columns; index++) {
      const [colour, thick] = this.isBare ? [NOTHING, 0] : this.cover(this.share(values[index]));
      const opacity = thick * data.ink;
      for (let part = 0; part < 3; part++) {
        const below = image[channels * index + (channels === 3 ? part : 0)];
        pixels.data[4 * index + part] = even((1 - opacity) * below + opacity * colour[part]);
      }
      pixels.data[4 * index + 3] = 255;
    }
    pen.putImageData(pixels, 0, 0);
  }

  // The number at a place: of the map, or of the image if there is none.
  read(index) {
    if (!this.isBare) return raised(exact(this.values[index]));
    if (this.channels === 1) return String(this.image[index]);
    const [red, green, blue] = this.image.subarray(3 * index, 3 * index + 3);
    return `red ${red}, green ${green}, blue ${blue}`;
  }

  gradient() {
    const stops = Array.from({ length: STOPS + 1 }, (_, at) => {
      const share = this.data.blank ? 0 : this.low + ((this.high - this.low) * at) / STOPS;
      const [colour, thick] = this.cover(share);
      return `rgb(${colour.join(" ")} / ${thick})`;
    });
    return `linear-gradient(90deg, ${stops.join(", ")})`;
  }

  // Where a value stands on the legend, from 0 to 1; null if it is not drawn.
  tick(value) {
    const { blank, ink } = this.data;
    if (blank || ink === 0 || this.isLeftOut(value)) return null;
    return (this.share(value) - this.low) / (this.high - this.low);
  }

  isLeftOut(value) {
    return (value < 0 && this.low === 0) || (value > 0 && this.high === 0);
  }

  strongest() {
    if (this.isBare) return [this.rows >> 1, this.columns >> 1];
    let found = 0;
    for (let index = 1; index < this.values.length; index++)
      if (Math.abs(this.values[index]) > Math.abs(this.values[found])) found = index;
    return [Math.floor(found / this.columns), found % this.columns];
  }
}

// "2.1e−8" as people write it.
function raised(text) {
  const up = (digits) => [...digits].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");
  return text.replace(/e(−?)\+?(\d+)$/, (_, sign, power) => ` × 10${sign && "⁻"}${up(power)}`);
}
