// The whole of it as one picture: all rows, with the legend above them.

const HEAD = 62; // CSS pixels
const TALLEST = 32000; // device pixels; browsers draw nothing on larger canvases
const LARGEST = 1.2e8;

function pictureOf(shown, label, unit) {
  const { network, theme, layout } = shown;
  const { width } = layout;
  let whole = new Layout(network, width, 0, 2);
  const most = Math.min(TALLEST / (whole.height + HEAD), LARGEST / width / (whole.height + HEAD));
  // As on the screen where everything fits there.
  if (layout.height <= shown.height) whole = new Layout(network, width, shown.height, 2);
  else if (most < 2) whole = new Layout(network, width, 0, Math.max(0.5, Math.min(1, most)));
  const { ratio } = whole;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round((whole.height + HEAD) * ratio);
  const context = canvas.getContext("2d");
  const still = { ...shown, layout: whole, hovered: null, cursor: null };
  new Painter().paint(context, { ...still, offset: Math.round(HEAD * ratio) }, 0, whole.height);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  heading(context, network, theme, width, label, unit);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

function heading(context, network, theme, width, label, unit) {
  const { low, high, about, isCentred } = meaning(network, null);
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillStyle = theme.ink;
  context.font = `650 17px ${theme.font}`;
  const name = shorten(label, width - 2 * EDGE, (text) => context.measureText(text).width);
  context.fillText(name, EDGE, 16);
  let [x, y] = [EDGE + context.measureText(name).width + 24, 16];
  context.font = `400 ${SIZE}px ${theme.font}`;
  const say = (text) => {
    context.fillStyle = theme.ink;
    context.fillText(text, x, y);
    x += context.measureText(text).width + 10;
  };
  for (const [code, word] of SIGNS.filter(([code]) => occurs(network, code))) {
    glyph(context, code, x + 4, y - 1, theme);
    x += 13;
    say(word);
    x += 6;
  }
  [x, y] = [EDGE, 42];
  say(`${unit}:`);
  say(low);
  const strip = make("canvas", "", { width: 256, height: 1 });
  drawStrip(strip, network.inks[network.paper], isCentred);
  context.drawImage(strip, x, 36, 160, 12);
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.strokeRect(x - 0.5, 35.5, 161, 13);
  x += 170;
  say(high);
  x += 6;
  say(about);
}

function save(canvas, name) {
  canvas.toBlob((blob) => {
    if (!blob) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${name.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "network"}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
}
