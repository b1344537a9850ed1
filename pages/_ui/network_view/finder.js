// Type to find a layer by its name, kind or shape.

const LISTED = 300;
let finders = 0;

class Finder {
  constructor(pick) {
    this.pick = pick;
    const id = `finder-${++finders}`;
    this.element = make("div", "finder", { role: "search" });
    this.input = make("input", "query", {
      type: "text",
      role: "combobox",
      placeholder: "Find a layer",
      "aria-label": "Find a layer",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": id,
      autocomplete: "off",
      spellcheck: "false",
    });
    this.list = make("ul", "found", { id, role: "listbox", popover: "manual" });
    this.list.setAttribute("aria-label", "Layers found");
    this.list.hidden = true;
    this.element.append(icon("find"), this.input, this.list);
    this.input.addEventListener("input", () => this.open());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("blur", () => this.close());
    // Streamlit's own keys, such as r and c, look for a focused field from outside of this
    // component and would not see one.
    for (const type of ["keydown", "keypress", "keyup"])
      this.input.addEventListener(type, (event) => event.stopPropagation());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // keep the focus
    this.list.addEventListener("click", (event) => this.take(event.target.closest("li")));
  }

  update(layers, words) {
    this.layers = layers.map((name) => ({ name, words: words[name] ?? "" }));
    if (this.opened) this.open();
  }

  open() {
    const found = matches(this.layers, this.input.value);
    this.items = found.slice(0, LISTED).map((layer, place) => this.item(layer, place));
    const rest = found.length - this.items.length;
    const note = found.length === 0 ? "No layer is called that." : `${rest} more: type on`;
    const last = found.length === 0 || rest > 0 ? [make("li", "note", { role: "none" }, note)] : [];
    this.list.replaceChildren(...this.items, ...last);
    raise(this.list, true);
    this.opened = true;
    this.input.setAttribute("aria-expanded", "true");
    const own = found.findIndex((layer) => layer.name === this.chosen);
    this.activate(this.input.value ? 0 : Math.max(own, 0));
    this.place();
  }

  close() {
    this.opened = false;
    raise(this.list, false);
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  item(layer, place) {
    const item = make("li", "", { role: "option", id: `${this.list.id}-${place}` });
    item.dataset.layer = layer.name;
    item.setAttribute("aria-selected", "false");
    item.append(make("span", "name", {}, layer.name), make("span", "words", {}, layer.words));
    return item;
  }

  activate(place) {
    this.active = clamp(place, 0, Math.max(0, this.items.length - 1));
    this.items.forEach((item, at) => item.setAttribute("aria-selected", at === this.active));
    const item = this.items[this.active];
    if (!item) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", item.id);
    const [top, bottom] = [item.offsetTop, item.offsetTop + item.offsetHeight];
    const { scrollTop, clientHeight } = this.list;
    if (top < scrollTop) this.list.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.list.scrollTop = bottom - clientHeight;
    return undefined;
  }

  // Below the field, or above it where the window ends.
  place() {
    const box = this.input.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const [under, over] = [clientHeight - box.bottom - 8, box.top - 8];
    const below = under >= Math.min(this.list.scrollHeight, 240) || under >= over;
    const { style } = this.list;
    style.maxHeight = `${clamp(below ? under : over, 80, 340)}px`;
    style.minWidth = `${box.width}px`;
    style.left = `${clamp(box.right - this.list.offsetWidth, 4, clientWidth)}px`;
    style.top = `${below ? box.bottom + 4 : box.top - this.list.offsetHeight - 4}px`;
  }

  onKey(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in steps) {
      if (this.opened) this.activate(this.active + steps[event.key]);
      else this.open();
    } else if (event.key === "Enter" && this.opened) this.take(this.items[this.active]);
    else if (event.key === "Escape" && (this.opened || this.input.value)) {
      this.input.value = "";
      this.close();
    } else return;
    event.preventDefault();
  }

  take(item) {
    if (!item?.dataset.layer) return;
    this.input.value = "";
    this.close();
    this.pick(item.dataset.layer);
  }
}

// Every word must be found; names that begin with the first come first.
function matches(layers, query) {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return layers;
  const rank = ({ name, words }) => {
    const [own, all] = [name.toLowerCase(), `${name} ${words}`.toLowerCase()];
    if (!wanted.every((word) => all.includes(word))) return -1;
    return own.startsWith(wanted[0]) ? 0 : own.includes(wanted[0]) ? 1 : 2;
  };
  const ranked = layers.map((layer) => [rank(layer), layer]).filter(([place]) => place >= 0);
  return ranked.sort(([one], [other]) => one - other).map(([, layer]) => layer);
}
