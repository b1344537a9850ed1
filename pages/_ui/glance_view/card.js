// What is said of the square or the row under the pointer: at once, without asking anybody.

class Card {
  constructor(host) {
    this.host = host;
    this.element = make("div", "card", { "aria-hidden": "true" });
    this.element.hidden = true;
    host.append(this.element);
  }

  hide() {
    this.element.hidden = true;
  }

  // Of a place in the network, beside a box of the host.
  show(network, place, unit, box) {
    const row = network.rows[place.row];
    const key = [row.layer, place.unit, network.valueOf(row, place.unit), unit, row.low, row.high];
    if (this.key !== key.join() || this.network !== network) {
      this.key = key.join();
      this.network = network;
      const lines = place.unit < 0 ? ofRow(network, row, unit) : ofUnit(network, place, unit);
      this.element.replaceChildren(...lines);
      this.element.dataset.layer = row.layer;
      this.element.dataset.unit = place.unit < 0 ? "" : String(place.unit);
    }
    this.element.hidden = false;
    this.moveTo(box);
  }

  moveTo({ x, y, side }) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const { clientWidth, clientHeight } = this.host;
    const away = 14;
    const after = x + side + away;
    const left = after + width <= clientWidth - 4 ? after : x - away - width;
    this.element.style.left = `${clamp(left, 4, Math.max(4, clientWidth - width - 4))}px`;
    const top = y + side + away + height <= clientHeight ? y + side + away : y - away - height;
    this.element.style.top = `${clamp(top, 4, Math.max(4, clientHeight - height - 4))}px`;
  }
}

function ofUnit(network, { row: at, unit: index }, unit) {
  const row = network.rows[at];
  const value = network.valueOf(row, index);
  const ink = Number.isFinite(value)
    ? network.inks[network.paper][levelOf(value, row.ends)]
    : pixel(...network.broken);
  const main = make("p", "main");
  const sample = make("span", "sample");
  sample.style.background = colourOf(ink);
  main.append(sample, make("span", "", {}, `${row.title} · ${network.nameOf(row, index)}`));
  const number = make("p", "value");
  number.append(make("span", "", {}, `${unit} `), make("strong", "", {}, short(value)));
  const mark = network.markOf(row, index);
  if (mark) number.append(make("span", `mark ${mark}`, {}, ` · ${mark}`));
  return [main, number];
}

function ofRow(network, row, unit) {
  const lines = [make("p", "main", {}, row.title)];
  if (row.title !== row.layer) lines.push(make("p", "label", {}, row.layer));
  const size = [plural(row.count, row.word), row.note].filter(Boolean).join(" · ");
  lines.push(make("p", "", {}, size));
  lines.push(make("p", "", {}, rangeOf(row, unit)));
  const counts = countsOf(network, row);
  if (counts) lines.push(make("p", "", {}, counts));
  return lines;
}

function rangeOf(row, unit) {
  if (row.broken === row.count) return "no value is a number";
  if (row.constant) return `${unit}: constant, ${short(row.low)} everywhere`;
  return `${unit} ${short(row.low)} to ${short(row.high)}`;
}

function countsOf(network, row) {
  const found = network.marks.map((word, at) => [row.totals[at + 1], word]);
  if (row.broken) found.push([row.broken, "not a number"]);
  const said = found.filter(([count]) => count).map(([count, word]) => `${count} ${word}`);
  if (!said.length && row.marked) return "none dead, rare or saturated";
  return said.join(" · ");
}

// The same for those who hear it.
function spoken(network, place, unit) {
  const row = network.rows[place.row];
  if (place.unit < 0) {
    const parts = [row.title, plural(row.count, row.word), rangeOf(row, unit)];
    return [...parts, countsOf(network, row)].filter(Boolean).join(", ");
  }
  const value = short(network.valueOf(row, place.unit));
  const parts = [row.title, network.nameOf(row, place.unit), `${unit} ${value}`];
  return [...parts, network.markOf(row, place.unit)].filter(Boolean).join(", ");
}
