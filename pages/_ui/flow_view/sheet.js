// A layer of the drawing. It is only moved and stretched while a gesture lasts, as the picture
// that it is by then, and drawn anew when that has ended.

class Sheet {
  constructor(name, ...content) {
    this.svg = draw("svg", { class: `sheet ${name}` });
    this.world = draw("g");
    this.world.append(...content);
    this.svg.append(this.world);
    this.drawn = { zoom: 1, x: 0, y: 0 };
  }

  look(view) {
    const { drawn } = this;
    const times = view.zoom / drawn.zoom;
    const [x, y] = [view.x - times * drawn.x, view.y - times * drawn.y];
    this.svg.style.transform = `translate(${x}px, ${y}px) scale(${times})`;
  }

  settle({ zoom, x, y }) {
    this.drawn = { zoom, x, y };
    this.svg.style.transform = "";
    this.world.setAttribute("transform", `translate(${round(x)} ${round(y)}) scale(${zoom})`);
  }
}
