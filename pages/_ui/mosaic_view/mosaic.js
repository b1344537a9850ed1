// Buttons with a picture cut from one sprite and three lines of text.
//
// Streamlit calls the default export whenever `data` or the theme changes, always with the
// same parent. While pictures grow it does so several times a second, so buttons are made
// once for a list of names and afterwards only painted: that keeps the focus.

const mosaics = new WeakMap();
const LINES = ["name", "line", "verdict", "note"];

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".mosaic");
  let mosaic = mosaics.get(root);
  if (!mosaic) mosaics.set(root, (mosaic = new Mosaic(root)));
  mosaic.send = (place) => setTriggerValue("pick", place);
  mosaic.update(data);
}

class Mosaic {
  constructor(root) {
    this.root = root;
    this.buttons = [];
    this.names = "";
  }

  update(data) {
    this.data = data;
    this.root.style.setProperty("--shown", `${data.shown}px`);
    this.root.style.setProperty("--across", data.across);
    this.root.classList.toggle("crisp", data.crisp);
    this.root.setAttribute("aria-label", data.label);
    const names = data.cells.map((cell) => cell.name).join("\n");
    if (names !== this.names) this.build(names);
    this.noted = data.cells.some((cell) => cell.note);
    this.buttons.forEach((button, place) => this.write(button, place));
    this.paint();
  }

  build(names) {
    this.names = names;
    this.buttons = this.data.cells.map((_, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(document.createElement("canvas"));
      for (const name of LINES) {
        const line = document.createElement("span");
        line.className = name;
        button.append(line);
      }
      button.addEventListener("click", () => this.send(place));
      return button;
    });
    this.root.replaceChildren(...this.buttons);
  }

  write(button, place) {
    const cell = this.data.cells[place];
    for (const name of LINES)
      button.querySelector(`.${name}`).textContent = cell[name] || "\u00a0";
    button.querySelector(".note").hidden = !this.noted;
    button.dataset.tone = cell.tone;
    button.disabled = !this.data.there.includes(place);
    button.setAttribute("aria-pressed", String(place === this.data.selected));
    button.title = LINES.map((name) => cell[name]).filter(Boolean).join(" · ");
  }

  paint() {
    const { sprite, columns, tile, there } = this.data;
    const [width, height] = tile;
    if (!sprite) return;
    const image = new Image();
    image.onload = () => {
      if (this.data.sprite !== sprite) return; // a newer one is on its way
      there.forEach((place, at) => {
        const canvas = this.buttons[place].firstElementChild;
        canvas.width = width;
        canvas.height = height;
        const [x, y] = [(at % columns) * width, Math.floor(at / columns) * height];
        canvas.getContext("2d").drawImage(image, x, y, width, height, 0, 0, width, height);
      });
      this.root.dataset.ready = String(there.length);
    };
    image.src = sprite;
  }
}
