// What is said of the image under the pointer: at once, without asking the server.

const NEAR = 10; // neighbours shown in the card
const SAID = ["true", "predicted", "right", "confidence"]; // colourings that it speaks of anyway

class Card {
  constructor(host) {
    this.host = host;
    this.element = make("div", "card", { "aria-hidden": "true" });
    this.picture = make("canvas", "picture");
    this.lines = make("div", "lines");
    this.near = make("canvas", "near");
    this.nearLabel = make("p", "label", {}, "nearest in the original space");
    this.about = make("div", "about");
    this.about.append(this.picture, this.lines);
    this.element.append(this.about, this.nearLabel, this.near);
    this.element.hidden = true;
    host.append(this.element);
  }

  hide() {
    this.element.hidden = true;
    delete this.element.dataset.id;
  }

  // Of image `index` as `panel` knows it, beside the place (x, y) of the host.
  show(panel, images, index, x, y) {
    const { element } = this;
    if (element.dataset.id !== images.ids[index] || this.panel !== panel || this.stale(panel)) {
      this.panel = panel;
      this.seen = [panel.facts, panel.neighbours, panel.colouring, images.picture];
      element.dataset.id = images.ids[index];
      this.draw(images, index);
      this.lines.replaceChildren(...sentences(panel, images, index));
      this.drawNear(images, panel.neighbours?.of(index) ?? []);
    }
    element.hidden = false;
    this.moveTo(x, y, panel.leans(index));
  }

  stale(panel) {
    const now = [panel.facts, panel.neighbours, panel.colouring, panel.images.picture];
    return now.some((one, at) => one !== this.seen[at]);
  }

  // Of a picture that was placed in the map.
  showPlaced(one, x, y) {
    this.element.dataset.id = one.label;
    this.picture.width = one.image?.width ?? 1;
    this.picture.height = one.image?.height ?? 1;
    if (one.image) this.picture.getContext("2d").drawImage(one.image, 0, 0);
    this.size(Math.max(this.picture.width, this.picture.height), true);
    const note = make("p", "label", {}, "placed in the map");
    this.lines.replaceChildren(make("p", "main", {}, one.label), note);
    this.panel = null;
    this.drawNear(one.images, one.neighbours);
    this.element.hidden = false;
    this.moveTo(x, y);
  }

  draw(images, index) {
    const { picture } = this;
    picture.width = picture.height = images.tile;
    images.draw(picture.getContext("2d"), index, 0, 0, images.tile);
    this.size(images.tile, images.crisp);
  }

  // Small digits grow by a whole number, so that their pixels stay squares of one size.
  size(tile, crisp) {
    const times = Math.max(1, Math.round(112 / tile));
    const side = crisp && tile <= 64 ? times * tile : clamp(tile, 112, 128);
    this.picture.style.width = this.picture.style.height = `${side}px`;
    this.picture.classList.toggle("crisp", crisp);
  }

  drawNear(images, near) {
    const count = Math.min(near.length, NEAR);
    this.near.hidden = this.nearLabel.hidden = count === 0;
    if (!count) return;
    const [side, gap] = [images.tile, Math.max(1, Math.round(images.tile / 14))];
    this.near.width = 5 * side + 4 * gap;
    this.near.height = Math.ceil(count / 5) * (side + gap) - gap;
    this.near.classList.toggle("crisp", images.crisp && images.tile <= 36);
    const context = this.near.getContext("2d");
    const step = side + gap;
    for (let at = 0; at < count; at++)
      images.draw(context, near[at], (at % 5) * step, Math.floor(at / 5) * step, side);
  }

  // Beside the pointer: on its left if that is wanted and has room.
  moveTo(x, y, toLeft = false) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const { clientWidth, clientHeight } = this.host;
    const away = 30;
    const [before, after] = [x - away - width, x + away];
    const left = (toLeft && before >= 0) || after + width > clientWidth ? before : after;
    this.element.style.left = `${clamp(left, 4, Math.max(4, clientWidth - width - 4))}px`;
    const top = clamp(y - height / 2, 4, Math.max(4, clientHeight - height - 4));
    this.element.style.top = `${top}px`;
  }
}

// Class, what the model sees, its confidence, the colour's value, the id.
function sentences(panel, images, index) {
  const { facts, colouring } = panel;
  const label = images.labels[index];
  const lines = [make("p", "main", {}, images.classes[label])];
  lines.push(make("p", "label", {}, "true class"));
  if (facts.predicted) {
    const guess = facts.predicted[index];
    const [name, sign] = guess === label ? ["right", "✓"] : ["wrong", "✗"];
    lines.push(make("p", name, {}, `${sign} predicted ${images.classes[guess]}`));
  }
  if (facts.confidence && !Number.isNaN(facts.confidence[index]))
    lines.push(make("p", "", {}, `confidence ${percent(facts.confidence[index])}`));
  if (!SAID.includes(colouring.key))
    lines.push(make("p", "", {}, `${colouring.label}: ${colouring.say(index)}`));
  lines.push(make("p", "id", {}, images.ids[index]));
  return lines;
}

// The same for those who hear it.
function spoken(panel, images, index) {
  const { facts } = panel;
  const label = images.labels[index];
  const words = [images.ids[index], `class ${images.classes[label]}`];
  if (facts.predicted) {
    const guess = facts.predicted[index];
    words.push(`predicted ${images.classes[guess]}`, guess === label ? "right" : "wrong");
  }
  if (facts.confidence && !Number.isNaN(facts.confidence[index]))
    words.push(`confidence ${percent(facts.confidence[index])}`);
  return words.join(", ");
}

function make(tag, name, attributes = {}, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text; // never as HTML: names come from anywhere
  return element;
}
