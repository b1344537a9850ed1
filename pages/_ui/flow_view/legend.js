// What the colours mean, and switches that show the lines of one class; paths of images.

const HINT =
  "Click a class to see the lines of its images. Point at a cluster or a flow to see what is in it.";

class Legend {
  constructor(model, focus) {
    this.hint = model.by ? HINT : HINT.replace(/^.*?\. /, "");
    this.element = make("div", "legend");
    this.groups = make("div", "groups", { role: "group" });
    this.groups.setAttribute("aria-label", `Lines of one ${model.by || "group"}`);
    this.chips = !model.by
      ? []
      : model.groups.map((name, group) => {
          const chip = make("button", "chip", { type: "button", title: `Lines of ${name}` });
          const sample = make("i", "sample");
          sample.style.background = inkOf(group);
          const count = make("span", "count", {}, model.counts[group].toLocaleString("en"));
          chip.append(sample, make("span", "word", {}, name), count);
          chip.addEventListener("click", () => focus(group));
          return chip;
        });
    this.groups.append(...this.chips, ...this.keys(model));
    this.shown = make("p", "shown");
    this.element.append(this.groups, this.shown);
  }

  keys({ nodes }) {
    const kinds = [
      [NOISE, "noise", "noise: in no cluster"],
      [SMALL, "small", "small clusters, together"],
    ];
    return kinds
      .filter(([cluster]) => nodes.some((node) => node.cluster === cluster))
      .map(([, name, words]) => {
        const key = make("span", "key");
        key.append(make("i", `sample ${name}`), make("span", "", {}, words));
        return key;
      });
  }

  update(focus, title, count, tracks) {
    this.chips.forEach((chip, group) => chip.setAttribute("aria-pressed", String(group === focus)));
    const rows = tracks.map((track) => {
      const row = make("span", "key");
      const line = draw("svg", { class: "sample line", viewBox: "0 0 40 16" });
      line.append(draw("path", { class: `track ${track.look}`, d: "M1 8H39" }));
      row.append(line, make("span", "", {}, track.label));
      return row;
    });
    const lines = `${count.toLocaleString("en")} line${count === 1 ? "" : "s"}`;
    if (title) rows.unshift(make("b", "", {}, `${title}: ${lines}`));
    this.shown.replaceChildren(...(rows.length ? rows : [this.hint]));
  }
}
