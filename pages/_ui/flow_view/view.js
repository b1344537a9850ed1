// The flow: what is chosen and shown, who hears of it, and the way from one order to another.

const LASTS = 600; // milliseconds
const HELP = "Arrow keys go from cluster to flow to cluster, Enter chooses, plus and minus zoom.";

export class View {
  constructor(root, link) {
    Object.assign(this, { root, link, chosen: null, focus: null, order: "found" });
    this.spoken = make("p", "spoken", { "aria-live": "polite" });
    this.hint = make("p", "hint", { "aria-hidden": "true" }, "Hold Ctrl and scroll to zoom");
    this.sizes = new ResizeObserver(() => this.layOut());
    this.sizes.observe(root);
  }

  destroy() {
    this.sizes.disconnect();
    this.clear();
  }

  clear() {
    cancelAnimationFrame(this.moving);
    this.moving = undefined;
    clearTimeout(this.helping);
    this.card?.hide();
    this.stage?.destroy();
    this.gestures?.destroy();
    this.root.replaceChildren();
  }

  build(packed) {
    this.clear();
    const model = new Model(packed);
    const before = this.stage;
    this.stage = new Stage(model);
    if (before) Object.assign(this.stage.view, before.view);
    this.bar = new Bar(model, {
      order: (order) => this.say({ order }),
      zoom: (factor) => this.zoom(factor),
      least: (least) => this.fade(least),
    });
    this.legend = new Legend(model, (group) =>
      this.say({ focus: group === this.focus ? null : group }),
    );
    this.card = new FlowCard(model);
    this.gestures = new Gestures(this.stage.field, this);
    this.stage.field.append(this.hint);
    this.root.append(this.bar.element, this.stage.element, this.legend.element);
    this.root.append(this.card.element, this.spoken);
    this.model = model;
    this.cursor = model.columns[0][0];
    this.pointed = null;
    this.bar.tell();
  }

  update(data, packed, images) {
    const isNew = packed !== this.packed;
    this.packed = packed;
    if (isNew) this.build(packed);
    Object.assign(this, { data, images });
    this.stage.field.setAttribute("aria-label", `${data.label}. ${HELP}`);
    const wanted = data.said.order;
    if (this.link.heard(data.said.token) || isNew) {
      const { chosen, focus } = data.said;
      Object.assign(this, { chosen: this.found(chosen), focus, order: wanted });
    }
    this.colour();
    this.stage.tracks.tracks = data.tracks;
    if (isNew) this.stage.part = this.aim;
    this.refresh();
    this.layOut();
    this.root.dataset.ready = "yes";
  }

  get aim() {
    return this.order === "raw" ? 0 : 1;
  }

  found(spelled) {
    if (!spelled) return null;
    const [column, cluster, target] = spelled;
    const node = this.model.node(column, cluster);
    if (target === null) return node ?? null;
    return this.model.flow(node, this.model.node(column + 1, target)) ?? null;
  }

  // Classes keep their hue; on dark paper the dark ones are raised.
  colour() {
    const paper = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim();
    const dark = brightness(paper) < 0.2;
    this.root.classList.toggle("dark", dark);
    this.model.colours.forEach((colour, group) => {
      const ink = dark ? raised(colour) : colour;
      this.root.style.setProperty(`--class-${group}`, ink);
      this.root.style.setProperty(`--on-${group}`, brightness(ink) > 0.3 ? "#10161a" : "#ffffff");
    });
  }

  // ------------------------------------------------------------------- drawing
  layOut() {
    if (!this.stage?.layOut(this.data?.notes ?? [])) return;
    this.stage.draw();
    this.mark();
  }

  // What follows from what is chosen: bar, legend, lines; and the way to another order.
  refresh() {
    const { tracks } = this.data;
    const shown = this.shown();
    this.stage.lines.show(shown ?? []);
    this.traced = shown ?? (tracks.length ? [] : null);
    this.root.classList.toggle("traced", this.traced !== null);
    this.bar.update(this.order);
    this.legend.update(this.focus, this.title(), shown?.length ?? 0, tracks);
    this.root.dataset.crossings = this.model[this.order].crossings;
    this.root.dataset.lines = shown?.length ?? 0;
    const moves = this.moving !== undefined;
    if (!moves && this.stage.part === this.aim) this.root.dataset.state = this.order;
    else if (!moves || this.goal !== this.order) this.move();
  }

  // What the images whose lines are drawn are called.
  title() {
    const { images, focus, chosen, model } = this;
    const words = images ? [this.data.title] : [];
    if (focus !== null) words.push(model.groups[focus]);
    return !words.length && chosen ? titleOf(model, chosen) : words.join(", ");
  }

  // The images whose lines are drawn, of what is chosen if of nothing else; null for none.
  shown() {
    const { images, focus, chosen, model } = this;
    if (images === null && focus === null) return chosen && model.members(chosen);
    const all = images ?? Array.from(model.group.keys());
    return focus === null ? all : all.filter((image) => model.group[image] === focus);
  }

  move() {
    cancelAnimationFrame(this.moving);
    const { stage, aim } = this;
    const from = stage.part;
    const begin = performance.now();
    const lasts = calm() ? 0 : LASTS * Math.abs(aim - from);
    this.goal = this.order;
    this.root.dataset.state = "moving";
    this.explain(null);
    const step = (now) => {
      const part = lasts ? clamp((now - begin) / lasts, 0, 1) : 1;
      stage.part = part === 1 ? aim : from + (aim - from) * fallen(part);
      stage.draw(part < 1);
      this.moving = part < 1 ? requestAnimationFrame(step) : undefined;
      if (part === 1) this.root.dataset.state = this.order;
    };
    this.moving = requestAnimationFrame(step);
  }

  fade(least) {
    this.stage.least = least;
    this.stage.draw();
  }

  mark() {
    if (this.stage.frame) this.stage.mark(this.pointed, this.chosen, this.traced);
  }

  // ------------------------------------------------------------------- choosing
  // At once in the browser; the answer of the server may take a while.
  say(change) {
    Object.assign(this, change);
    const { chosen, focus, order } = this;
    this.refresh();
    this.stage.draw();
    this.mark();
    this.link.say("heard", { chosen: chosen && spell(this.model, chosen), focus, order });
  }

  pick(one) {
    if (one) this.cursor = one;
    if (!one && !this.chosen) return;
    const chosen = one === this.chosen ? null : one;
    if (chosen) this.hear(`${spoken(this.model, chosen)}, chosen`);
    this.say({ chosen });
  }

  // ------------------------------------------------- what Gestures wants of a view
  at(event) {
    const frame = this.stage.field.getBoundingClientRect();
    this.pointer = event;
    return this.stage.at(event.clientX - frame.left, event.clientY - frame.top);
  }

  point(one) {
    if (this.moving !== undefined) return;
    this.stage.field.classList.remove("keyed");
    if (one !== this.pointed) {
      this.pointed = one;
      this.mark();
    }
    if (!one) return this.card.hide();
    this.card.show(one);
    const { clientX: x, clientY: y } = this.pointer;
    return this.card.moveTo({ x, y, left: x, right: x, top: y, bottom: y }, false);
  }

  explain(one) {
    this.pointed = one;
    this.mark();
    if (!one) return this.card.hide();
    const frame = this.stage.field.getBoundingClientRect();
    const box = this.stage.boxOf(one);
    const [left, top] = [frame.left + box.x, frame.top + box.y];
    this.card.show(one);
    return this.card.moveTo(
      { left, right: left + box.width, top, bottom: top + box.height },
      false,
    );
  }

  // Left and right go along the strongest flow, up and down stay between the same columns.
  step(down, across) {
    const { model, stage, cursor } = this;
    let next = cursor;
    if (down) next = beyond(this.row(cursor), cursor, down);
    else if (cursor.kind === "flow") next = model.nodes[across > 0 ? cursor.target : cursor.source];
    else {
      const flows = (across > 0 ? cursor.out : cursor.in).filter(
        (flow) => flow.count >= stage.least,
      );
      next = nearest(flows, (flow) => -flow.count) ?? cursor;
    }
    this.cursor = next;
    stage.field.classList.add("keyed");
    stage.reveal(next);
    this.explain(next);
    this.hear(spoken(model, next));
  }

  row(one) {
    const { model, stage } = this;
    const { tops, starts, ends } = stage.pose;
    if (one.kind === "node")
      return [...model.columns[one.column]].sort((a, b) => tops[a.index] - tops[b.index]);
    const middle = ({ index }) => starts[index] + ends[index];
    const flows = model.pairs[model.nodes[one.source].column];
    return flows
      .filter((flow) => flow === one || flow.count >= stage.least)
      .sort((a, b) => middle(a) - middle(b));
  }

  zoom(factor, x, y) {
    this.explain(null);
    if (factor) this.stage.zoom(factor, x, y);
    else this.stage.home();
  }

  pan(x, y) {
    this.stage.pan(x, y);
  }

  home() {
    this.zoom(0);
  }

  soon() {
    if (!this.stage.field.matches(":focus-visible") || !this.stage.pose) return;
    this.stage.field.classList.add("keyed");
    this.explain(this.cursor);
  }

  leave() {
    this.stage.field.classList.remove("keyed");
    this.explain(null);
  }

  help() {
    this.hint.classList.add("shown");
    clearTimeout(this.helping);
    this.helping = setTimeout(() => this.hint.classList.remove("shown"), 1200);
  }

  hear(words) {
    this.spoken.textContent = words;
  }
}

function beyond(row, one, by) {
  return row[clamp(row.indexOf(one) + by, 0, row.length - 1)];
}

function spell({ nodes }, one) {
  if (one.kind === "node") return [one.column, one.cluster, null];
  const source = nodes[one.source];
  return [source.column, source.cluster, nodes[one.target].cluster];
}
