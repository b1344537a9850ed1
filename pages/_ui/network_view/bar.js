// The row above the drawing: the chosen layer in words, its neighbours, search and zoom.

class Bar {
  // `does` has step, pick and zoom.
  constructor(does, scene) {
    this.element = make("div", "bar");
    this.previous = button("previous", "Previous layer", () => does.step(-1));
    this.next = button("next", "Next layer", () => does.step(1));
    const steps = make("div", "group", { role: "group", "aria-label": "Step through the layers" });
    steps.append(this.previous, this.next);
    this.label = make("span", "label");
    this.name = make("span", "name");
    this.words = make("span", "words");
    const chosen = make("p", "chosen");
    chosen.append(this.label, this.name, this.words);
    this.finder = new Finder(does.pick);
    this.element.append(steps, chosen);
    if (scene.zoom) this.element.append(this.zooms(does));
    this.element.append(this.finder.element);
  }

  zooms(does) {
    const group = make("div", "group", { role: "group", "aria-label": "Zoom" });
    group.append(
      button("in", "Zoom in", () => does.zoom(1.3)),
      button("out", "Zoom out", () => does.zoom(1 / 1.3)),
      button("fit", "Fit the width", () => does.zoom(0)),
    );
    return group;
  }

  update(scene) {
    this.scene = scene;
    this.label.textContent = scene.compact ? scene.label : "";
    this.finder.update(scene.choices, scene.words);
  }

  show(layer, words) {
    const { choices } = this.scene;
    const place = choices.indexOf(layer);
    this.name.textContent = layer || "No layer is chosen yet";
    this.name.title = layer;
    this.words.textContent = words;
    this.finder.chosen = layer;
    // A disabled button would lose the focus of whoever steps to the end.
    this.previous.setAttribute("aria-disabled", String(place === 0 || !choices.length));
    this.next.setAttribute("aria-disabled", String(place === choices.length - 1));
  }
}
