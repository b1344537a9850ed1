// The keyboard on the stage: one Tab stop, arrows within.

const ARROWS = {
  ArrowLeft: ["x", -1],
  ArrowRight: ["x", 1],
  ArrowUp: ["y", -1],
  ArrowDown: ["y", 1],
};

class Keys {
  // `does` has choose, settle, revert, say and zoom.
  constructor(stage, does) {
    Object.assign(this, { stage, does });
    const { element } = stage;
    const options = { signal: stage.listening.signal };
    const listen = (type, handle) => element.addEventListener(type, handle, options);
    listen("keydown", (event) => this.onKey(event));
    listen("focusin", (event) => this.onFocus(event));
    listen("focusout", () => this.leave());
    listen("pointerdown", () => element.classList.remove("keyed"));
  }

  onFocus(event) {
    const { element } = this.stage;
    // A frame that scrolls takes the focus of a click; the keys belong to the whole.
    if (event.target !== element) return element.focus({ preventScroll: true });
    if (element.matches(":focus-visible")) this.go(this.home());
    return undefined;
  }

  leave() {
    this.active = null;
    this.stage.element.classList.remove("keyed");
    this.stage.element.removeAttribute("aria-activedescendant");
    this.ring();
    if (!this.stage.pointer) this.stage.point(null);
    this.does.settle();
  }

  // The chosen layer as exactly as it is drawn, or else the beginning.
  home() {
    const { main, detail } = this.stage;
    for (const pane of [detail, main])
      if (pane.plate?.marks.selected) return { pane, name: pane.plate.marks.selected };
    return { pane: main, name: stops(main.plate)[0] };
  }

  here() {
    const { active } = this;
    if (active?.pane.plate?.nodes.has(active.name)) return active;
    const { clicked } = this.stage;
    return clicked && clicked.pane.plate?.marks.selected === clicked.name ? clicked : this.home();
  }

  onKey(event) {
    if (event.metaKey || event.altKey || event.ctrlKey) return;
    const { key } = event;
    const here = this.here();
    if (!here.name) return;
    if (key in ARROWS) this.move(this.destination(here, ...ARROWS[key]));
    else if (key === "Home" || key === "End") {
      this.move({ ...here, name: stops(here.pane.plate).at(key === "Home" ? 0 : -1) });
    } else if (key === "Enter" || key === " ") {
      if (event.shiftKey || here.pane.plate.nodes.get(here.name).handle) this.stage.open(here);
      else this.does.choose(here);
    } else if (key === "Escape") {
      this.does.revert();
      this.stage.element.blur();
    } else if (!this.zoom(key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  zoom(key) {
    const factors = { "+": 1.3, "=": 1.3, "-": 1 / 1.3, 0: 0 };
    if (!this.stage.scene.zoom || !(key in factors)) return false;
    this.does.zoom(factors[key]);
    return true;
  }

  destination({ pane, name }, axis, step) {
    const flows = horizontal(pane.plate) === (axis === "x");
    if (flows) return { pane, name: along(pane.plate, name, step) };
    const beside = across(pane.plate, name, step);
    if (beside) return { pane, name: beside };
    const { main, detail } = this.stage;
    if (axis === "y" && step > 0 && pane === main && this.stage.part === name && detail.plate) {
      const [first] = stops(detail.plate);
      return { pane: detail, name: detail.plate.marks.selected || first };
    }
    if (axis === "y" && step < 0 && pane === detail) return { pane: main, name: this.stage.part };
    return { pane, name };
  }

  // The selection goes with the arrows; the server hears of it when they rest.
  move(hit) {
    const { main } = this.stage;
    const stays = hit.pane === main && hit.name === this.stage.part;
    if (!stays && hit.pane.plate.nodes.get(hit.name).target) this.does.choose(hit, true);
    this.go(hit);
  }

  go(hit) {
    const { stage } = this;
    stage.pointer = null;
    this.active = hit;
    stage.element.classList.add("keyed");
    this.ring();
    if (!hit.name) return;
    hit.pane.reveal(hit.name, false);
    const node = hit.pane.plate.nodes.get(hit.name);
    stage.element.setAttribute("aria-activedescendant", node.element.id);
    stage.point(hit, hit.pane.boxOf(hit.name));
    this.does.say(node.element.getAttribute("aria-label"));
  }

  ring() {
    for (const pane of [this.stage.main, this.stage.detail])
      pane.plate?.ring(this.active?.pane === pane ? this.active.name : "");
  }
}
