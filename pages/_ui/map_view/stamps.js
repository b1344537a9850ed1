// Every look of a point, drawn once, and the surface onto which its pixels are copied.
//
// Ten thousand calls of drawImage take 30 ms where the browser draws without a graphics
// card; mixing the pixels by hand takes about 4 ms, which is what keeps panning smooth.

const FAINT = 0; // rows of the sheet: filtered away, beside a selection, as usual
const DIMMED = 1;
const USUAL = 2;
const OPACITY = [0.13, 0.16, 0.88];

class Stamps {
  // `radius` in pixels of the canvas.
  constructor(looks, radius, grey, edge) {
    this.side = Math.ceil(radius * 2.4) + 2;
    this.columns = looks.length + 1;
    const all = [...looks, { colour: grey, shape: 0 }];
    const sheet = document.createElement("canvas");
    sheet.width = this.side;
    sheet.height = this.side * this.columns * OPACITY.length;
    const context = sheet.getContext("2d", { willReadFrequently: true });
    OPACITY.forEach((opacity, row) =>
      all.forEach((look, column) => {
        context.save();
        context.translate(this.side / 2, (row * this.columns + column + 0.5) * this.side);
        outline(context, look.shape, radius);
        context.globalAlpha = opacity;
        context.fillStyle = row === FAINT ? grey : look.colour;
        context.fill();
        // The edge parts neighbours; on small dots it would be all there is.
        if (row === USUAL && radius >= 2.5) {
          context.lineWidth = Math.max(0.8, radius * 0.14);
          context.strokeStyle = edge;
          context.globalAlpha = 0.55;
          context.stroke();
        }
        context.restore();
      }),
    );
    const { data } = context.getImageData(0, 0, sheet.width, sheet.height);
    this.pixels = new Uint32Array(data.buffer); // one stamp after the other
  }
}

// The pixels of a canvas, as numbers.
class Surface {
  constructor(canvas) {
    // In the browser's own memory: the pixels are written here in each frame.
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.image = this.context.createImageData(canvas.width, canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.width = canvas.width;
    this.height = canvas.height;
  }

  clear([red, green, blue]) {
    this.pixels.fill(((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
  }

  // Copies a stamp so that its top left corner is at (x, y).
  stamp(stamps, row, style, x, y) {
    const { side, pixels: source } = stamps;
    const { pixels, width } = this;
    const [left, right] = [Math.max(0, -x), Math.min(side, width - x)];
    const [top, bottom] = [Math.max(0, -y), Math.min(side, this.height - y)];
    const from = (row * stamps.columns + style) * side * side;
    for (let line = top; line < bottom; line++) {
      let at = from + line * side + left;
      let to = (y + line) * width + x + left;
      for (let across = left; across < right; across++, at++, to++) {
        const ink = source[at];
        if (ink < 0x1000000) continue; // nothing but transparency
        const share = (ink >>> 24) + (ink >>> 31); // 0 to 256
        const below = pixels[to];
        // Red and blue at once, then green: the bytes between them take the carries.
        const [ends, middle] = [below & 0xff00ff, below & 0xff00];
        const mixed = ends + (Math.imul((ink & 0xff00ff) - ends, share) >>> 8);
        const green = middle + (Math.imul((ink & 0xff00) - middle, share) >> 8);
        pixels[to] = 0xff000000 | (mixed & 0xff00ff) | (green & 0xff00);
      }
    }
  }

  show() {
    this.context.putImageData(this.image, 0, 0);
  }
}

// A circle, or one of the shapes that tell classes of one colour apart.
function outline(context, shape, radius) {
  const corners = SHAPES[(shape % (SHAPES.length + 1)) - 1];
  context.beginPath();
  if (!corners) context.arc(0, 0, radius, 0, 2 * Math.PI);
  else corners.forEach(([x, y]) => context.lineTo(x * radius, y * radius));
  context.closePath();
}

const SHAPES = [
  [[0, -1.25], [1.1, 0], [0, 1.25], [-1.1, 0]],
  [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  [[0, -1.2], [1.15, 0.85], [-1.15, 0.85]],
  [
    [-0.4, -1.15], [0.4, -1.15], [0.4, -0.4], [1.15, -0.4], [1.15, 0.4], [0.4, 0.4],
    [0.4, 1.15], [-0.4, 1.15], [-0.4, 0.4], [-1.15, 0.4], [-1.15, -0.4], [-0.4, -0.4],
  ],
  [[0, 1.2], [1.15, -0.85], [-1.15, -0.85]],
];

// Red, green and blue of a colour, in whatever way it is written.
function rgbOf(colour) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}
