// A network to choose a layer from: what is chosen, and who hears of it.

const REST = 350; // milliseconds after which a walk through the layers has arrived

export class View {
  constructor(root, link) {
    this.link = link;
    this.root = root;
    this.frame = make("div", "frame");
    this.spoken = make("p", "spoken", { "aria-live": "polite" });
    root.replaceChildren(this.frame);
  }

  destroy() {
    clearTimeout(this.walking);
    this.stage?.destroy();
    this.root.replaceChildren();
  }

  build(scene) {
    this.frame.classList.toggle("compact", scene.compact);
    this.frame.classList.toggle("zooms", scene.zoom);
    const zoom = (factor) => (factor ? this.stage.main.zoom(factor) : this.stage.main.fit());
    this.stage = new Stage(scene, {
      choose: (hit) => this.choose(hit),
      expand: (name) => this.link.ask("expand", name),
    });
    this.keys = new Keys(this.stage, {
      choose: (hit, walks) => this.choose(hit, walks),
      settle: () => this.settle(),
      revert: () => this.revert(),
      say: (words) => this.say(words),
      zoom,
    });
    const pick = (layer) => this.take(layer);
    this.bar = new Bar({ step: (by) => this.step(by), pick, zoom }, scene);
    this.frame.append(this.bar.element, this.stage.element, this.stage.card.element, this.spoken);
  }

  update(scene, { layer, token }) {
    const changed = scene !== this.scene;
    if (!this.stage) this.build(scene);
    this.scene = scene;
    if (changed) {
      this.stage.update(scene);
      this.bar.update(scene);
    }
    // An answer that was on its way before the server heard of the last choice is old.
    const heard = this.link.heard(token) || !this.stage.choices.has(this.layer);
    if (heard && this.walking === undefined) {
      this.known = layer;
      if (changed || layer !== this.layer) this.show(layer, !changed);
    } else if (changed) this.show(this.layer, false);
    this.root.dataset.ready = "yes";
  }

  // ------------------------------------------------------------------ selection
  show(layer, gently = true) {
    this.layer = layer;
    this.stage.select(layer, gently);
    this.bar.show(layer, this.wordsOf(layer));
  }

  wordsOf(layer) {
    const given = this.scene.words[layer];
    if (given !== undefined) return given;
    const sketches = [...Object.values(this.scene.details), this.scene.main];
    const nodes = sketches.flatMap((sketch) => sketch.nodes);
    const exact = nodes.find((node) => node.layer === layer && node.layers.length === 1);
    return (exact?.facts.slice(0, 2) ?? []).map(([, value]) => value).join(" · ");
  }

  choose({ pane, name }, walks = false) {
    const node = pane.plate.nodes.get(name);
    if (node.target) this.take(node.target, walks);
    else this.say(node.dimmed ? `${node.title} is ${UNSHOWN}` : node.title);
  }

  step(by) {
    const { choices } = this.scene;
    const place = choices.indexOf(this.layer);
    const next = place < 0 ? 0 : place + by;
    if (next in choices) this.take(choices[next], true);
  }

  // At once in the browser; the answer of the server may take a while.
  take(layer, walks = false) {
    if (layer !== this.layer) {
      this.show(layer);
      this.say(`${layer}, ${this.wordsOf(layer)}, chosen`);
    }
    clearTimeout(this.walking);
    this.walking = undefined;
    if (walks) this.walking = setTimeout(() => this.settle(), REST);
    else this.settle();
  }

  settle() {
    clearTimeout(this.walking);
    this.walking = undefined;
    if (!this.scene || this.layer === this.known) return;
    this.known = this.layer;
    this.link.say("layer", this.layer);
  }

  revert() {
    if (this.walking === undefined) return;
    clearTimeout(this.walking);
    this.walking = undefined;
    this.show(this.known);
  }

  say(words) {
    this.spoken.textContent = words;
  }
}
