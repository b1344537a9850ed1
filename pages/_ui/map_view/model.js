// What is shown: the images, and of each panel what is known of them. No drawing here.

class Images {
  constructor(part, ready) {
    Object.assign(this, part);
    this.count = part.ids.length;
    this.labels = unpack(part.labels);
    this.places = new Map(part.ids.map((id, place) => [id, place]));
    this.picture = null;
    loadPicture(part.sprite).then((picture) => {
      this.picture = picture;
      ready();
    });
  }

  // Copies the thumbnail of an image into a place of a canvas.
  draw(context, index, x, y, side) {
    if (!this.picture) return;
    const { tile, columns } = this;
    const [column, row] = [index % columns, Math.floor(index / columns)];
    context.drawImage(this.picture, column * tile, row * tile, tile, tile, x, y, side, side);
  }
}

// A bitmap stays decoded; an image element may have to be decoded again while panning.
async function loadPicture(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return createImageBitmap(image);
}

const BINS = 48; // steps in which a scale is drawn

class Colouring {
  constructor(packed) {
    Object.assign(this, packed);
    this.isScale = packed.kind === "scale";
    this.amounts = this.isScale ? unpackAmounts(packed.values) : null;
    this.styles = this.isScale ? this.binned() : this.coded(unpack(packed.values));
    this.looks = this.isScale ? this.steps() : this.shaped();
    this.none = this.looks.length; // the look of what has no value
    // Panels whose colours mean the same share one legend.
    const scale = this.isScale ? [this.low, this.high, this.lowWord, this.highWord] : [];
    this.group = JSON.stringify([this.key, this.names, this.colours, scale]);
  }

  coded(codes) {
    const missing = this.values.type === "u1" ? 255 : 65535;
    return Uint16Array.from(codes, (code) => (code === missing ? this.names.length : code));
  }

  binned() {
    const span = this.high - this.low || 1;
    return Uint16Array.from(this.amounts, (amount) => {
      if (Number.isNaN(amount)) return BINS;
      return clamp(Math.floor(((amount - this.low) / span) * BINS), 0, BINS - 1);
    });
  }

  steps() {
    const stops = this.colours.map(channels);
    return Array.from({ length: BINS }, (_, bin) => {
      const at = (bin / (BINS - 1)) * (stops.length - 1);
      const [low, part] = [Math.min(Math.floor(at), stops.length - 2), at % 1];
      const share = at >= stops.length - 1 ? 1 : part;
      const mixed = stops[low].map((from, c) => from + (stops[low + 1][c] - from) * share);
      return { colour: `rgb(${mixed.map(Math.round).join(" ")})`, shape: 0 };
    });
  }

  // Where colours come round again the shape tells the classes apart.
  shaped() {
    const seen = new Map();
    return this.colours.map((colour) => {
      const shape = seen.get(colour) ?? 0;
      seen.set(colour, shape + 1);
      return { colour, shape };
    });
  }

  colourOf(index) {
    return this.looks[this.styles[index]]?.colour ?? null;
  }

  // What to say of an image under this colouring.
  say(index) {
    if (!this.isScale) return this.names[this.styles[index]] ?? "no value";
    const amount = this.amounts[index];
    return Number.isNaN(amount) ? "no value" : short(amount);
  }

  counts(mask) {
    const counts = new Uint32Array(this.looks.length + 1);
    for (let at = 0; at < this.styles.length; at++) if (mask[at]) counts[this.styles[at]]++;
    return counts;
  }
}

function channels(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function short(amount) {
  const size = Math.abs(amount);
  if (size >= 100 || Number.isInteger(amount)) return String(Math.round(amount));
  return amount.toFixed(size >= 10 ? 1 : 2);
}

function percent(share) {
  // 100 % is for what is certain: 99.96 % is not.
  const isNearly = share > 0.995 && share < 1;
  return `${isNearly ? Math.min(share * 100, 99.9).toFixed(1) : Math.round(share * 100)} %`;
}

// What a panel knows of the images.
class Facts {
  constructor(part) {
    this.predicted = part.predicted && unpack(part.predicted);
    this.confidence = part.confidence && unpackAmounts(part.confidence);
    this.colourings = part.colourings.map((packed) => new Colouring(packed));
  }

  colouring(key) {
    return this.colourings.find((colouring) => colouring.key === key) ?? this.colourings[0];
  }
}

class Neighbours {
  constructor(part) {
    this.count = part.count;
    this.rows = unpack(part.rows);
  }

  of(index) {
    return this.rows.subarray(index * this.count, (index + 1) * this.count);
  }
}

// What both panels share: who is pointed at, inspected and selected, and what is hidden.
class Choice {
  constructor() {
    this.hovered = -1;
    this.inspected = -1;
    this.selected = null; // a mask, or null for nobody
    this.visible = null;
    this.colour = "";
    this.marks = "dots";
    this.hidden = new Map(); // group of a legend -> its hidden looks
  }

  hiddenOf(colouring) {
    if (!this.hidden.has(colouring.group)) this.hidden.set(colouring.group, new Set());
    return this.hidden.get(colouring.group);
  }

  // 0: not drawn, 1: faint, 2: there.
  presence(colouring, count) {
    const presence = new Uint8Array(count);
    const hidden = this.hiddenOf(colouring);
    for (let at = 0; at < count; at++) {
      if (hidden.has(colouring.styles[at])) continue;
      presence[at] = this.visible[at] ? 2 : 1;
    }
    return presence;
  }

  get chosen() {
    return this.selected ? this.selected.reduce((sum, bit) => sum + bit, 0) : 0;
  }
}
