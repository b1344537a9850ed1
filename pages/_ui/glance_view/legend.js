// What the colours and the signs mean. It stays above the rows while they scroll.

const SIGNS = [
  [1, "dead"],
  [2, "rare"],
  [3, "saturated"],
  [4, "not a number"],
];

class Legend {
  constructor(save) {
    this.element = make("div", "legend");
    this.unit = make("span", "unit");
    this.low = make("span", "end low");
    this.strip = make("canvas", "strip", { width: 256, height: 1, "aria-hidden": "true" });
    this.high = make("span", "end high");
    this.scale = make("div", "scale");
    this.scale.append(this.low, this.strip, this.high);
    this.about = make("span", "about");
    this.signs = make("div", "signs");
    this.button = make("button", "save", { type: "button" }, "Save PNG");
    this.button.addEventListener("click", save);
    this.element.append(this.unit, this.scale, this.about, this.button, this.signs);
  }

  update(shown, unit, place) {
    const { network, theme } = shown;
    const { low, high, about, isCentred } = meaning(network, place);
    const texts = [unit, low, high, about];
    [this.unit, this.low, this.high, this.about].forEach((element, at) => {
      if (element.textContent !== texts[at]) element.textContent = texts[at];
    });
    this.element.dataset.centred = String(isCentred);
    this.paint(network.inks[network.paper], isCentred);
    this.explain(network, theme);
  }

  paint(inks, isCentred) {
    const state = `${isCentred}${inks[0]}`;
    if (state === this.painted) return;
    this.painted = state;
    drawStrip(this.strip, inks, isCentred);
  }

  explain(network, theme) {
    const found = SIGNS.filter(([code]) => occurs(network, code));
    const state = JSON.stringify([found, theme]);
    if (state === this.explained) return;
    this.explained = state;
    const signs = found.map(([code, word]) => {
      const sign = make("span", "sign");
      const canvas = make("canvas", "", { width: 24, height: 24, "aria-hidden": "true" });
      const context = canvas.getContext("2d");
      context.scale(2, 2);
      glyph(context, code, 6, 6, theme);
      sign.append(canvas, make("span", "", {}, word));
      return sign;
    });
    this.signs.replaceChildren(...signs);
  }
}

function occurs(network, code) {
  return network.rows.some((row) => (code === 4 ? row.broken : row.totals[code]) > 0);
}

// The raw values at the ends of the colours: those of the network, or of the row pointed at.
function meaning(network, place) {
  const row = place ? network.rows[place.row] : null;
  const ends = network.shared ?? row?.ends;
  const isCentred = ends ? ends.centred : network.rows.some((one) => one.ends.centred);
  if (!ends) {
    const about = network.fixed
      ? "each row has its own fixed scale"
      : "each row has its own scale up to its largest value";
    return { low: isCentred ? "−max" : "0", high: "max", about, isCentred };
  }
  const [below, above] = network.beyond;
  return {
    low: (below ? "≤ " : "") + short(ends.low),
    high: (above ? "≥ " : "") + short(ends.high),
    about: network.shared ? "one scale for all rows" : `the scale of ${row.title}`,
    isCentred,
  };
}

// The colours side by side on a canvas of one line.
function drawStrip(canvas, inks, isCentred) {
  const context = canvas.getContext("2d");
  const first = isCentred ? 0 : ZERO;
  const { width } = canvas;
  for (let at = 0; at < width; at++) {
    const level = Math.round(first + ((inks.length - 1 - first) * at) / (width - 1));
    context.fillStyle = colourOf(inks[level]);
    context.fillRect(at, 0, 1, 1);
  }
}
