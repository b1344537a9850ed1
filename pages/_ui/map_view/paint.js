// Draws one panel: the points on one canvas, and above it, on another, whatever follows
// the pointer, so that a hover does not draw ten thousand points again.

const RADII = [[150, 7], [400, 6], [1500, 4.6], [4000, 3.4], [Infinity, 2.6]];

class Painter {
  constructor(below, above) {
    this.below = below;
    this.above = above;
    this.ratio = 1;
    this.sheets = new Map();
  }

  resize(width, height, ratio) {
    const same = [this.width, this.height, this.ratio].join() === [width, height, ratio].join();
    if (same) return false;
    Object.assign(this, { width, height, ratio });
    for (const canvas of [this.below, this.above]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.surface = new Surface(this.below);
    this.sheets.clear();
    this.thinning = null;
    return true;
  }

  // Colours that follow the theme.
  dress(root) {
    const style = getComputedStyle(root);
    const read = (name) => style.getPropertyValue(name).trim();
    const theme = {
      ink: read("--st-text-color"),
      paper: read("--st-background-color"),
      accent: read("--st-link-color"), // the accent as it can be read on the paper
      font: style.fontFamily,
      grey: "#8b8f94",
    };
    if (JSON.stringify(theme) === JSON.stringify(this.theme)) return false;
    this.theme = theme;
    this.sheets.clear();
    this.ground = rgbOf(theme.paper);
    this.isDark = this.ground[1] < 128;
    // Red that can be read on the theme's paper.
    root.style.setProperty("--wrong", this.isDark ? "#ff9a8f" : "#a3161a");
    return true;
  }

  // Radius of a dot in CSS pixels: as large as the crowd allows, larger when zoomed in.
  radius(count, view) {
    const [, usual] = RADII.find(([most]) => count <= most);
    const room = clamp(Math.sqrt(Math.min(this.width, this.height) / 480), 0.75, 1.3);
    return Math.min(usual * room * Math.max(view.zoom, 1) ** 0.35, 11);
  }

  // Side of a picture in CSS pixels; that of a tile shows small digits best.
  side({ images }, view) {
    const few = images.count <= 40 ? 1.8 : images.count <= 150 ? 1.3 : 1;
    const usual = few * clamp(Math.min(this.width, this.height) / 17, 24, 36);
    const fits = images.tile >= 24 && images.tile <= 36;
    return (fits ? images.tile : usual) * clamp(view.zoom, 1, 40) ** GROWTH;
  }

  stamps(colouring, radius) {
    const wanted = Math.max(1, Math.round(radius * this.ratio * 4) / 4);
    const name = `${colouring.group} ${wanted}`;
    if (!this.sheets.has(name)) {
      if (this.sheets.size > 24) this.sheets.clear();
      const { grey, paper, ink } = this.theme;
      // The pale end of a scale would be lost on pale paper.
      const edge = colouring.isScale ? ink : paper;
      this.sheets.set(name, new Stamps(colouring.looks, wanted, grey, edge));
    }
    return this.sheets.get(name);
  }

  // ------------------------------------------------------------------ the points
  points(scene) {
    const kept = scene.marks === "pictures" ? this.thinned(scene) : null;
    const stamps = this.stamps(scene.colouring, this.radius(scene.count, scene.view));
    const { presence, selected } = scene;
    this.surface.clear(this.ground);
    if (scene.filtered) this.stampAll(scene, stamps, FAINT, (at) => presence[at] === 1);
    const there = (at) => presence[at] === 2 && !kept?.has(at);
    if (selected) {
      this.stampAll(scene, stamps, DIMMED, (at) => !selected[at] && there(at));
      this.stampAll(scene, stamps, USUAL, (at) => selected[at] && there(at));
    } else this.stampAll(scene, stamps, USUAL, there);
    this.surface.show();
    if (kept) this.pictures(this.surface.context, scene, kept);
  }

  stampAll(scene, stamps, row, wanted) {
    const { places, order, view, colouring } = scene;
    const { styles } = colouring;
    const { surface } = this;
    const { side } = stamps;
    const scale = view.scale * this.ratio;
    const left = (view.width / 2) * this.ratio - view.x * scale - side / 2;
    const top = (view.height / 2) * this.ratio - view.y * scale - side / 2;
    for (const at of order) {
      if (!wanted(at)) continue;
      const x = Math.round(left + places[2 * at] * scale);
      const y = Math.round(top + places[2 * at + 1] * scale);
      surface.stamp(stamps, row, styles[at], x, y);
    }
  }

  // Choosing anew in each frame would make the pictures of moving points flicker.
  thinned(scene) {
    const { moved, presence, places, order, view } = scene;
    const old = this.thinning;
    const stale = !old || old.presence !== presence || (old.moved !== moved && !scene.moving);
    if (stale) {
      const spacing = (this.side(scene, { zoom: 1 }) + 4) / (view.scale / view.zoom);
      const allowed = (at) => presence[at] === 2;
      const chosen = new Thinning(places, order, allowed, spacing);
      this.thinning = { presence, moved, chosen, sets: new Map() };
    }
    const { chosen, sets } = this.thinning;
    const kept = chosen.at(view.zoom);
    if (!sets.has(kept)) sets.set(kept, new Set(kept));
    return sets.get(kept);
  }

  pictures(context, scene, kept) {
    const { places, view, colouring, images, selected } = scene;
    const side = Math.round(this.side(scene, view) * this.ratio);
    const border = Math.max(1, Math.round(2.5 * this.ratio));
    context.imageSmoothingEnabled = !(images.crisp && side >= 1.5 * images.tile);
    context.imageSmoothingQuality = "high";
    const last = (at) => (selected?.[at] ? 1 : 0); // what is selected lies above the rest
    for (const at of selected ? [...kept].sort((one, other) => last(one) - last(other)) : kept) {
      const x = Math.round(view.screenX(places[2 * at]) * this.ratio - side / 2);
      const y = Math.round(view.screenY(places[2 * at + 1]) * this.ratio - side / 2);
      if (x < -side || y < -side || x > this.below.width || y > this.below.height) continue;
      context.globalAlpha = selected && !selected[at] ? 0.22 : 1;
      context.fillStyle = colouring.colourOf(at) ?? this.theme.grey;
      context.fillRect(x - border, y - border, side + 2 * border, side + 2 * border);
      images.draw(context, at, x, y, side);
    }
    context.globalAlpha = 1;
  }

  // ------------------------------------------------------------------- above them
  marks(scene, drag) {
    const context = this.above.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    if (!scene) return;
    const { hovered, inspected } = scene;
    const { accent, ink } = this.theme;
    drawTrails(context, scene, this.theme.grey);
    scene.placed.forEach((one, at) =>
      this.web(context, scene, one, accent, scene.placedAt === at ? 0.8 : 0.3),
    );
    if (inspected >= 0) this.star(context, scene, inspected, accent);
    if (hovered >= 0 && hovered !== inspected) this.star(context, scene, hovered, ink);
    scene.placed.forEach((one) => one.draw(context, this, scene));
    if (drag) this.rope(context, drag);
  }

  // An image, its neighbours, and lines to them.
  star(context, scene, index, colour) {
    if (!scene.presence[index]) return;
    const [x, y] = scene.screen(index);
    const near = scene.neighbours?.of(index) ?? [];
    this.web(context, scene, { screen: [x, y], neighbours: near }, colour, 0.75);
    this.emphasise(context, scene, index, x, y);
    const isPicture = this.isPicture(scene, index);
    const { view, count } = scene;
    const own = isPicture ? this.side(scene, view) / 2 + 2 : this.radius(count, view);
    this.ring(context, x, y, own + 5, colour, 3, isPicture);
  }

  isPicture(scene, index) {
    return scene.marks === "pictures" && this.thinned(scene).has(index);
  }

  web(context, scene, from, colour, opacity) {
    const [x, y] = from.screen ?? [scene.view.screenX(from.x), scene.view.screenY(from.y)];
    context.strokeStyle = colour;
    context.lineWidth = 1.75;
    context.globalAlpha = opacity;
    context.beginPath();
    for (const other of from.neighbours) {
      if (!scene.presence[other]) continue;
      context.moveTo(x, y);
      context.lineTo(...scene.screen(other));
    }
    context.stroke();
    context.globalAlpha = 1;
    for (const other of from.neighbours) {
      if (!scene.presence[other]) continue;
      const [left, top] = scene.screen(other);
      const radius = Math.max(this.radius(scene.count, scene.view), 4);
      this.dot(context, scene.colouring.colourOf(other), left, top, radius, colour, opacity);
    }
  }

  dot(context, colour, x, y, radius, edge, opacity = 1) {
    context.globalAlpha = Math.max(opacity, 0.6);
    context.fillStyle = colour ?? this.theme.grey;
    context.strokeStyle = edge;
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    context.globalAlpha = 1;
  }

  // The image itself once more, above all others and a little larger.
  emphasise(context, scene, index, x, y) {
    const colour = scene.colouring.colourOf(index) ?? this.theme.grey;
    if (this.isPicture(scene, index)) {
      const side = this.side(scene, scene.view);
      context.imageSmoothingEnabled = false;
      context.fillStyle = colour;
      context.fillRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4);
      scene.images.draw(context, index, x - side / 2, y - side / 2, side);
      return;
    }
    this.dot(context, colour, x, y, this.radius(scene.count, scene.view) + 1.5, this.theme.paper);
  }

  ring(context, x, y, radius, colour, width, square = false) {
    for (const [edge, line] of [[this.theme.paper, width + 3], [colour, width]]) {
      context.strokeStyle = edge;
      context.lineWidth = line;
      context.beginPath();
      if (square) context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
      else context.arc(x, y, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  get lettering() {
    return `600 15px ${this.theme.font}`;
  }

  tag(context, text, x, y) {
    context.font = this.lettering;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 5;
    context.lineJoin = "round";
    context.strokeStyle = this.theme.paper;
    context.strokeText(text, x, y);
    context.fillStyle = this.theme.ink;
    context.fillText(text, x, y);
  }

  // What is being drawn to select: a box or a lasso.
  rope(context, { path }) {
    context.beginPath();
    path.forEach(([x, y]) => context.lineTo(x, y));
    context.closePath();
    context.fillStyle = this.theme.accent;
    context.globalAlpha = 0.14;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.setLineDash([6, 4]);
    context.strokeStyle = this.theme.accent;
    context.stroke();
    context.setLineDash([]);
  }
}
