// Above the drawing: which order, what it costs, and zoom. Below: what is faint.

const STEPS = [1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 300, 500, 800, 1200, 2000, 5000];
const ORDERS = [
  ["raw", "Raw order"],
  ["found", "Found order"],
];

class Bar {
  // `does` has order, zoom and least.
  constructor(model, does) {
    this.model = model;
    this.element = make("div", "bar");
    const orders = make("div", "orders", { role: "group", "aria-label": "Order" });
    this.buttons = ORDERS.map(([order, word]) => {
      const press = make("button", "order", { type: "button" }, word);
      press.dataset.order = order;
      press.addEventListener("click", () => does.order(order));
      orders.append(press);
      return press;
    });
    this.words = make("div", "crossings");
    const zoom = make("div", "group");
    zoom.append(
      button("out", "Zoom out", () => does.zoom(1 / 1.5)),
      button("fit", "See the whole", () => does.zoom(0)),
      button("in", "Zoom in", () => does.zoom(1.5)),
    );
    this.element.append(orders, this.words, this.slider(does), zoom);
  }

  slider(does) {
    const box = make("label", "least");
    const { most } = this.model;
    const steps = STEPS.filter((step) => step <= most);
    if (most > 1) steps.push(most + 1); // at the end not even the strongest is left
    this.most = make("span", "much");
    const range = make("input", "", { type: "range", min: 0, max: steps.length - 1, value: 0 });
    range.setAttribute("aria-label", "Fade flows of fewer images than");
    const tell = () => {
      const least = steps[range.value];
      const much = least > 1 ? `under ${least.toLocaleString("en")} images` : "none";
      range.setAttribute("aria-valuetext", least > 1 ? `${least} images` : "none");
      this.most.textContent = much;
      does.least(least);
    };
    range.addEventListener("input", tell);
    this.tell = tell;
    range.disabled = steps.length < 2;
    const words = make("span", "words");
    words.append(make("span", "", {}, "Fade flows: "), this.most);
    box.append(words, range);
    return box;
  }

  update(order) {
    for (const press of this.buttons)
      press.setAttribute("aria-pressed", String(press.dataset.order === order));
    const { raw, found } = this.model;
    const lines = ["crossings", "lineCrossings"].map((name, at) => {
      const line = make("p");
      const [before, after] = [raw[name], found[name]].map((number) => number.toLocaleString("en"));
      const now =
        order === "raw"
          ? [make("b", "", {}, before), " → ", after]
          : [before, " → ", make("b", "", {}, after)];
      const what = make("span", "what", {}, at ? "Lines" : "Flows");
      what.append(make("span", "cross", {}, " cross:"));
      line.append(what, ...now);
      return line;
    });
    this.words.replaceChildren(...lines);
  }
}
