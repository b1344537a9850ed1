// The whole: toolbar, one or two linked maps, legend, and the talk with Python.

export class MapView {
  // `send` takes the name of a value and the value; it may reach Python or nobody.
  constructor(root, style, send) {
    this.root = root;
    this.send = send;
    this.name = Math.random().toString(36).slice(2, 10);
    this.said = 0;
    this.tokens = new Map(); // what was said last, until Python has heard it
    this.choice = new Choice();
    this.panels = [];
    this.legends = new Map();
    this.build(style);
    this.listening = new AbortController();
    const { signal } = this.listening;
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.calm = calm.matches;
    calm.addEventListener("change", () => this.setCalm(calm.matches), { signal });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.dress(), { signal });
  }

  build(style) {
    this.toolbar = new Toolbar({
      zoom: (name) => this.zoom(name),
      mark: (marks) => this.change("marks", marks),
      paint: (key) => this.change("colour", key),
      clear: () => this.select(null, [], "only"),
    });
    this.row = make("div", "panels");
    this.foot = make("div", "legends");
    this.live = make("div", "spoken", { "aria-live": "polite" });
    const body = make("div", "body");
    body.append(this.row, this.foot);
    const sheet = make("style", "");
    sheet.textContent = style;
    this.frameElement = make("div", "frame");
    this.frameElement.append(this.toolbar.element, body, this.live);
    this.root.replaceChildren(sheet, this.frameElement);
    this.card = new Card(this.frameElement);
    this.toolbar.taken = (tool) => (this.row.dataset.tool = tool);
    this.toolbar.taken("move");
  }

  destroy() {
    this.gone = true;
    this.listening.abort();
    this.panels.forEach((panel) => panel.destroy());
    this.root.replaceChildren();
  }

  setCalm(calm) {
    this.calm = calm;
    for (const panel of this.panels) panel.player.calm = calm;
  }

  // --------------------------------------------------------------- what Python says
  update({ view, state }, parts) {
    this.latest = { view, state };
    if (this.images?.digest !== view.images && !this.renew(view, parts)) return;
    while (this.panels.length > view.panels.length) this.panels.pop().destroy();
    view.panels.forEach((head, at) => this.updatePanel(head, at, parts));
    if (this.panels.length !== view.panels.length) return;
    this.row.dataset.count = this.frameElement.dataset.count = String(this.panels.length);
    this.choice.visible = this.maskOf(view.visible);
    this.adopt(state);
    this.refresh();
    this.root.dataset.ready = "yes";
  }

  // Other images: nothing of the old ones is kept, so everything must be here first.
  renew(view, parts) {
    const part = parts.get(view.images);
    if (!part || !view.panels.every((head) => PanelView.ready(head, parts))) return false;
    const images = new Images({ ...part, digest: view.images }, () => this.touch(true));
    this.images = images;
    Object.assign(this.choice, { hovered: -1, inspected: -1, selected: null });
    this.card.hide();
    return true;
  }

  updatePanel(head, at, parts) {
    if (!this.panels[at]) {
      if (!PanelView.ready(head, parts)) return;
      this.panels[at] = new PanelView(this, this.calm);
      this.row.append(this.panels[at].element);
    }
    this.panels[at].update(head, parts, this.images, this.latest.view.label);
  }

  maskOf(text) {
    if (text !== this.maskText || this.mask?.length !== this.images.count)
      this.mask = unpackMask(text, this.images.count);
    this.maskText = text;
    return this.mask;
  }

  // Python's word counts unless the reader has said something since that it has not heard.
  adopt(state) {
    const { choice, images } = this;
    const heard = (name) => (this.tokens.get(name) ?? state[name].token) === state[name].token;
    if (heard("inspected")) choice.inspected = images.places.get(state.inspected.value) ?? -1;
    if (heard("colour")) choice.colour = state.colour.value;
    if (heard("marks")) choice.marks = state.marks.value;
    if (heard("selected")) {
      const { value } = state.selected;
      choice.selected = value === null ? null : unpackMask(value, images.count);
    }
  }

  // ------------------------------------------------------------ what the reader says
  tell(name, value) {
    const token = `${this.name}-${++this.said}`;
    this.tokens.set(name, token);
    this.send(name, { token, value });
  }

  change(name, value) {
    if (this.choice[name] === value) return;
    this.choice[name] = value;
    this.tell(name, value);
    this.refresh();
  }

  inspect(panel, index, loud = false) {
    if (index === this.choice.inspected) return;
    this.choice.inspected = index;
    this.tell("inspected", index < 0 ? null : this.images.ids[index]);
    if (index >= 0) this.speak(panel, index, "inspected: ");
    this.touch();
  }

  select(panel, found, how) {
    const { choice, images } = this;
    const before = how === "only" ? null : choice.selected;
    const mask = before ? before.slice() : new Uint8Array(images.count);
    for (const at of found) mask[at] = how === "switch" && mask[at] ? 0 : 1;
    if (!mask.includes(1) && !choice.selected) return;
    choice.selected = mask.includes(1) ? mask : null;
    const value = choice.selected && packMask(mask);
    this.tell("selected", { images: images.digest, mask: value ?? packMask(mask) });
    this.live.textContent = `${choice.chosen} selected`;
    this.refresh();
  }

  want(run) {
    this.tell("replay", run);
  }

  hover(panel, index, x, y, loud = false) {
    if (index < 0) this.card.hide();
    else this.card.show(panel, this.images, index, ...this.inFrame(panel, x, y));
    if (loud && index >= 0) this.speak(panel, index);
    if (index === this.choice.hovered) return;
    this.choice.hovered = index;
    this.touch();
  }

  hoverPlaced(panel, one, x, y) {
    this.hover(panel, -1);
    this.card.showPlaced(one, ...this.inFrame(panel, x, y));
  }

  inFrame(panel, x, y) {
    const outer = this.frameElement.getBoundingClientRect();
    const inner = panel.stage.getBoundingClientRect();
    return [x + inner.left - outer.left, y + inner.top - outer.top];
  }

  speak(panel, index, before = "") {
    this.live.textContent = before + spoken(panel, this.images, index);
  }

  zoom(name) {
    for (const panel of this.panels) {
      if (name === "reset") panel.home();
      else panel.zoom(name === "in" ? 1.5 : 1 / 1.5);
    }
  }

  // ------------------------------------------------------------------------- drawing
  refresh() {
    for (const panel of this.panels) panel.recolour();
    const all = this.panels.flatMap((panel) => panel.facts.colourings);
    const offered = all.filter((one, at) => all.findIndex((other) => other.key === one.key) === at);
    this.toolbar.update(this.choice, offered);
    this.dress();
  }

  dress() {
    if (this.gone || !this.panels.length) return;
    for (const panel of this.panels) if (panel.painter.dress(this.frameElement)) panel.touch(true);
    this.updateLegends();
  }

  updateLegends() {
    const groups = new Map();
    for (const panel of this.panels) {
      const { group } = panel.colouring;
      groups.set(group, [...(groups.get(group) ?? []), panel]);
    }
    for (const [group, panels] of groups) {
      if (!this.legends.has(group)) this.legends.set(group, new Legend(() => this.refresh()));
      this.legends.get(group).update(panels, this.choice, panels[0].painter.theme);
    }
    const shown = [...groups.keys()].map((group) => this.legends.get(group).element);
    const there = [...this.foot.children];
    if (shown.length !== there.length || shown.some((one, at) => one !== there[at]))
      this.foot.replaceChildren(...shown);
    for (const group of this.legends.keys()) if (!groups.has(group)) this.legends.delete(group);
  }

  touch(points = false) {
    for (const panel of this.panels) panel.touch(points);
  }

  schedule() {
    if (this.scheduled || this.gone) return;
    this.scheduled = true;
    requestAnimationFrame((now) => {
      this.scheduled = false;
      if (this.gone) return;
      const moving = this.panels.map((panel) => panel.frame(now));
      if (moving.includes(true)) this.schedule();
    });
  }
}
