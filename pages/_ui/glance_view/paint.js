// Puts the picture together: bands behind the rows, the squares, words beside them, rings.

const SIZE = 14; // of the words in CSS pixels

function themeOf(root) {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(name).trim();
  const paper = rgbOf(read("--st-background-color") || "#ffffff");
  const ink = rgbOf(read("--st-text-color") || "#000000");
  const isDark = 0.3 * paper[0] + 0.6 * paper[1] + 0.1 * paper[2] < 128;
  const mix = (share) => paper.map((part, at) => Math.round(part + (ink[at] - part) * share));
  return {
    name: isDark ? "dark" : "light",
    paper: css(paper),
    ink: css(ink),
    muted: css(mix(0.68)),
    line: css(mix(isDark ? 0.24 : 0.18)),
    band: css(mix(0.07)),
    bed: pixel(...mix(isDark ? 0.2 : 0.17)),
    accent: read("--st-link-color") || read("--st-primary-color"),
    dead: pixel(...(isDark ? [150, 158, 163] : [125, 128, 130])),
    rare: pixel(...(isDark ? [240, 190, 60] : [196, 132, 0])),
    font: style.fontFamily,
  };
}

// Any colour that CSS knows, as red, green and blue.
const known = new Map();

function rgbOf(text) {
  if (!known.has(text)) known.set(text, readColour(text));
  return known.get(text);
}

function readColour(text) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

function css([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

class Painter {
  constructor() {
    this.squares = new Squares();
    this.names = new Map();
  }

  // `shown`: layout, network, theme, and what is selected, hovered, and under the keyboard.
  paint(context, shown, scroll, height) {
    const { layout, network, theme } = shown;
    const { ratio, width } = layout;
    const top = Math.round(scroll * ratio);
    const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
    context.setTransform(1, 0, 0, 1, 0, shown.offset ?? 0);
    context.clearRect(0, 0, wide, tall);
    this.inCss(context, shown, top, () => this.bands(context, shown));
    const squares = this.squares.paint(layout, network, theme, top, wide, tall);
    context.drawImage(squares, 0, 0);
    this.inCss(context, shown, top, () => {
      for (let at = layout.first(scroll); at < layout.items.length; at++) {
        const item = layout.items[at];
        if (item.top > scroll + height) break;
        if (item.heading) this.heading(context, item.heading, item.top, shown);
        else this.words(context, item, shown);
      }
      this.rings(context, shown);
    });
    if (!shown.offset) this.pin(context, shown, scroll);
  }

  inCss(context, { layout, offset = 0 }, top, draw) {
    context.setTransform(layout.ratio, 0, 0, layout.ratio, 0, offset - top);
    draw();
    context.setTransform(1, 0, 0, 1, 0, offset);
  }

  bands(context, { layout, theme, selected, hovered, cursor }) {
    const band = (place, colour) => {
      const item = place && layout.rowItems[place.row];
      if (!item) return;
      context.fillStyle = colour;
      context.beginPath();
      context.roundRect(0, item.top - 2, layout.width, item.height + 4, 5);
      context.fill();
    };
    band(hovered, theme.band);
    if (cursor !== hovered) band(cursor, theme.band);
    context.globalAlpha = 0.16;
    band(selected, theme.accent);
    context.globalAlpha = 1;
  }

  heading(context, text, top, { layout, theme }) {
    context.font = `650 ${SIZE}px ${theme.font}`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillStyle = theme.ink;
    const middle = top + HEADING / 2 + 2;
    const shownText = shorten(text, layout.width - 40, (part) => context.measureText(part).width);
    context.fillText(shownText, EDGE, middle);
    const from = EDGE + context.measureText(shownText).width + 10;
    context.fillStyle = theme.line;
    context.fillRect(from, Math.round(middle), Math.max(0, layout.width - from - EDGE), 1);
  }

  pin(context, shown, scroll) {
    const pinned = shown.layout.pinned(scroll);
    if (!pinned) return;
    this.inCss(context, shown, 0, () => {
      context.fillStyle = shown.theme.paper;
      context.fillRect(0, pinned.y - 1, shown.layout.width, PIN);
      this.heading(context, pinned.text, pinned.y - (HEADING - PIN) / 2 - 1, shown);
    });
  }

  words(context, item, shown) {
    const { layout, network, theme, selected } = shown;
    const { row } = item;
    const middle = item.top + Math.min(item.height, 40) / 2 + 1;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillStyle = network.families[row.family] ?? "transparent";
    context.beginPath();
    context.roundRect(EDGE, item.top + 1, 4, item.height - 2, 2);
    context.fill();
    const isSelected = selected?.row === row.at;
    context.font = `${isSelected ? 650 : 400} ${SIZE}px ${theme.font}`;
    context.fillStyle = theme.ink;
    context.fillText(this.nameOf(context, row, layout.name - 14), EDGE + 11, middle);
    this.facts(context, row, layout, theme, middle);
  }

  nameOf(context, row, room) {
    const key = `${context.font}|${room}|${row.title}`;
    if (!this.names.has(key)) {
      if (this.names.size > 4000) this.names.clear();
      this.names.set(key, shorten(row.title, room, (text) => context.measureText(text).width));
    }
    return this.names.get(key);
  }

  // How many units there are, and how many of them are dead, rare, saturated, broken.
  facts(context, row, layout, theme, middle) {
    context.font = `400 ${SIZE}px ${theme.font}`;
    context.textAlign = "right";
    context.fillStyle = theme.ink;
    let x = layout.right + COUNT;
    context.fillText(String(row.count), x, middle);
    if (layout.narrow) return;
    context.textAlign = "left";
    x += 12;
    const end = layout.width - EDGE;
    const found = [1, 2, 3].map((code) => [code, row.totals[code]]);
    for (const [code, count] of [...found, [4, row.broken]]) {
      const text = String(count);
      const wide = 12 + context.measureText(text).width;
      if (!count || x + wide > end) continue;
      glyph(context, code, x + 4, middle - 1, theme);
      context.fillStyle = theme.muted;
      context.fillText(text, x + 12, middle);
      x += wide + SPACE;
    }
    const room = end - x;
    const said = row.constant ? `constant ${short(row.low)}` : "";
    const fits = [said, said && "constant"].find((text) => context.measureText(text).width <= room);
    context.fillStyle = theme.muted;
    if (fits) context.fillText(fits, x, middle);
  }

  rings(context, shown) {
    const { layout, theme, selected, hovered, cursor } = shown;
    const ring = (place, colour, thick) => {
      if (!place || !layout.rowItems[place.row]) return;
      if (place.unit < 0) {
        if (place.unit === -1) this.ringRow(context, layout, place, colour, thick);
        return;
      }
      const { x, y, side } = layout.box(place.row, place.unit);
      for (const [more, ink] of [[thick, theme.paper], [0, colour]]) {
        const away = thick / 2 + 1 + (more ? thick : 0) - (more ? 0.5 : 0);
        context.strokeStyle = ink;
        context.lineWidth = thick;
        context.beginPath();
        context.roundRect(x - away, y - away, side + 2 * away, side + 2 * away, 3);
        context.stroke();
      }
    };
    if (selected?.unit >= 0) ring(selected, theme.accent, 2.5);
    if (hovered?.unit >= 0) ring(hovered, theme.ink, 1.5);
    ring(cursor, theme.ink, 2);
    const item = selected && layout.rowItems[selected.row];
    if (!item) return;
    context.fillStyle = theme.accent; // the selected row, also for who does not see tints
    context.fillRect(0, item.top - 2, 3, item.height + 4);
  }

  ringRow(context, layout, place, colour, thick) {
    const item = layout.rowItems[place.row];
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.beginPath();
    context.roundRect(1, item.top - 2, layout.left / layout.ratio - 6, item.height + 4, 5);
    context.stroke();
  }
}

// The sign of a mark as it stands beside a number: cross, dot, square, hatching.
function glyph(context, code, x, y, theme) {
  context.lineWidth = 1.8;
  context.strokeStyle = colourOf(theme.dead);
  context.beginPath();
  if (code === 1) {
    for (const way of [-1, 1]) {
      context.moveTo(x - 3.2, y - 3.2 * way);
      context.lineTo(x + 3.2, y + 3.2 * way);
    }
    context.stroke();
  } else if (code === 2) {
    context.fillStyle = colourOf(theme.rare);
    context.arc(x, y, 3.4, 0, 7);
    context.fill();
  } else {
    context.fillStyle = code === 3 ? theme.ink : colourOf(theme.broken);
    context.fillRect(x - 3.2, y - 3.2, 6.4, 6.4);
    context.fillStyle = "rgb(0 60 40)";
    for (let at = -3.2; at < 3 && code === 4; at += 3.2) context.fillRect(x + at, y - 3.2, 1.6, 6.4);
  }
}
