// The row above the maps: what dragging does, zoom, how points look.

// Name, what it does, and how its picture is drawn.
const TOOLS = {
  move: [
    "Move",
    "Drag moves the map",
    "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
  ],
  box: [
    "Box",
    "Drag selects in a box; with Shift it adds",
    "M4 4h3M10 4h4M17 4h3v3M20 10v4M20 17v3h-3M14 20h-4M7 20H4v-3M4 14v-4M4 7V4",
  ],
  lasso: [
    "Lasso",
    "Drag selects in a free shape; with Shift it adds",
    "M5 12c-3-5 3-8 8-8s9 3 8 7-7 7-12 5c-3-1-3-4-1-4s3 3 0 5c-1 1-3 1-3 3",
  ],
};
const ZOOMS = {
  in: ["Zoom in", "M12 5v14M5 12h14"],
  out: ["Zoom out", "M5 12h14"],
  reset: ["Whole map", "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"],
};
const MARKS = {
  dots: ["Dots", "Draw dots", "M7 7h.01M17 7h.01M12 12h.01M7 17h.01M17 17h.01"],
  pictures: [
    "Pictures",
    "Draw the pictures where there is room",
    "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  ],
};

class Toolbar {
  // `does` has the functions zoom, mark, paint and clear.
  constructor(does) {
    this.tool = "move";
    this.element = make("div", "toolbar", { role: "toolbar", "aria-label": "Map tools" });
    this.tools = this.group("Dragging", TOOLS, (name) => this.take(name), true);
    this.zooms = this.group("Zoom", ZOOMS, (name) => does.zoom(name), false);
    this.marks = this.group("Points", MARKS, (name) => does.mark(name), true);
    this.colour = make("select", "colour", { "aria-label": "Colour by" });
    this.colour.addEventListener("change", () => does.paint(this.colour.value));
    const choose = make("label", "choose");
    choose.append(make("span", "by", {}, "Colour by"), this.colour);
    this.chosen = make("button", "chosen", { type: "button", title: "Forget the selection" });
    this.chosen.addEventListener("click", () => does.clear());
    this.element.append(choose, this.chosen);
    this.take("move");
  }

  group(label, items, act, lasting) {
    const group = make("div", "group", { role: "group", "aria-label": label });
    const buttons = new Map();
    for (const [name, words] of Object.entries(items)) {
      const [label, title] = [words[0], words.length > 2 ? words[1] : words[0]];
      const button = make("button", "tool", { type: "button", title, "aria-label": label });
      button.append(icon(words.at(-1)));
      if (lasting) button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => act(name));
      group.append(button);
      buttons.set(name, button);
    }
    this.element.append(group);
    return buttons;
  }

  take(name) {
    this.tool = name;
    press(this.tools, name);
    this.taken?.(name);
  }

  update(choice, colourings) {
    press(this.marks, choice.marks);
    const labels = colourings.map((one) => [one.key, one.label]);
    if (JSON.stringify(labels) !== this.labels) {
      this.labels = JSON.stringify(labels);
      const options = labels.map(([key, label]) => make("option", "", { value: key }, label));
      this.colour.replaceChildren(...options);
    }
    this.colour.value = choice.colour;
    const { chosen } = choice;
    this.chosen.classList.toggle("nobody", chosen === 0);
    this.chosen.disabled = chosen === 0;
    this.chosen.textContent = `${chosen.toLocaleString("en")} selected ✕`;
  }
}

function press(buttons, name) {
  for (const [own, button] of buttons) button.setAttribute("aria-pressed", String(own === name));
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
