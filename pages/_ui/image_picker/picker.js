// A listbox of thumbnails cut from one sprite.
//
// Streamlit calls the default export whenever `data` or the theme changes, always with
// the same parent, and of all the clean-ups it was given runs the last one. So the
// grid is made once per root and afterwards only updated: that keeps scroll and focus.

const pickers = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".picker");
  let picker = pickers.get(root);
  if (!picker) pickers.set(root, (picker = new Picker(root)));
  picker.send = (id) => setTriggerValue("pick", id);
  picker.update(data);
  const call = ++picker.calls;
  return () => {
    // A call that was overtaken while it loaded is cleaned up after its successor began.
    if (call !== picker.calls) return;
    picker.destroy();
    pickers.delete(root);
  };
}

class Picker {
  constructor(root) {
    this.root = root;
    this.grid = root.querySelector(".grid");
    this.empty = root.querySelector(".empty");
    this.tip = root.querySelector(".tip");
    this.tiles = [];
    this.active = 0;
    this.calls = 0;
    this.listening = new AbortController();
    const listen = (type, handle) =>
      this.grid.addEventListener(type, handle, { signal: this.listening.signal });
    const tileOf = (event) => this.tiles.indexOf(event.target.closest(".tile"));
    listen("click", (event) => this.pick(tileOf(event)));
    listen("keydown", (event) => this.onKey(event));
    listen("pointerover", (event) => event.pointerType !== "touch" && this.hint(tileOf(event)));
    listen("pointerleave", () => this.hint(-1));
    listen("focusin", (event) => event.target.matches(":focus-visible") && this.hint(tileOf(event)));
    listen("focusout", () => this.hint(-1));
    listen("scroll", () => this.hint(-1));
  }

  destroy() {
    this.listening.abort();
    this.grid.replaceChildren();
  }

  update(data) {
    const before = this.data ?? { ids: [], captions: [] };
    this.data = data;
    this.root.style.setProperty("--shown", `${data.shown}px`);
    this.root.style.setProperty("--height", `${data.height}px`);
    this.root.classList.toggle("crisp", data.crisp);
    this.grid.setAttribute("aria-label", data.label);
    const moved = !sameList(before.ids, data.ids) || !sameList(before.captions, data.captions);
    if (moved) this.build();
    const drawn = ["sprite", "columns", "tile"].every((name) => before[name] === data[name]);
    if (moved || !drawn) this.paint();
    this.select(data.ids.indexOf(data.selected), moved);
  }

  build() {
    const focused = this.hasFocus();
    const { ids, captions } = this.data;
    this.tiles = ids.map((id, index) => {
      const tile = document.createElement("div");
      tile.className = "tile";
      tile.setAttribute("role", "option");
      tile.setAttribute("aria-label", captions[index]);
      tile.append(document.createElement("canvas"));
      return tile;
    });
    this.hint(-1);
    this.grid.hidden = ids.length === 0;
    this.empty.hidden = ids.length > 0;
    this.empty.textContent = "There is no image to show here.";
    this.grid.replaceChildren(...this.tiles);
    this.grid.scrollTop = 0;
    this.activate(0);
    if (focused) this.tiles[0]?.focus({ preventScroll: true });
  }

  paint() {
    const { sprite, columns, tile } = this.data;
    if (!sprite) return;
    const image = new Image();
    image.onload = () => {
      if (this.data.sprite !== sprite) return; // a newer one is on its way
      this.tiles.forEach((element, index) => {
        const canvas = element.firstElementChild;
        canvas.width = canvas.height = tile;
        const [x, y] = [(index % columns) * tile, Math.floor(index / columns) * tile];
        canvas.getContext("2d").drawImage(image, x, y, tile, tile, 0, 0, tile, tile);
      });
    };
    image.src = sprite;
  }

  // The ring. A tile that was just clicked is in view already, so only a choice that
  // came from elsewhere moves the scroll.
  select(index, moved = false) {
    const changed = moved || index !== this.selected;
    this.selected = index;
    this.tiles.forEach((tile, at) => tile.setAttribute("aria-selected", String(at === index)));
    // A late answer must not pull the grid away from where the keyboard has gone since.
    if (!changed || index < 0 || (this.hasFocus() && !moved)) return;
    this.activate(index);
    this.reveal(this.tiles[index]);
  }

  pick(index) {
    if (index < 0) return;
    this.activate(index);
    this.select(index); // at once: the answer of the server may take a while
    this.reveal(this.tiles[index]);
    this.send(this.data.ids[index]);
  }

  // Roving tabindex: one Tab stop for the whole grid.
  activate(index) {
    this.active = index;
    this.tiles.forEach((tile, at) => tile.setAttribute("tabindex", at === index ? "0" : "-1"));
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") {
      this.pick(this.active);
    } else {
      const target = this.destination(event.key);
      if (target === null) return;
      this.activate(target);
      this.reveal(this.tiles[target]);
      this.tiles[target].focus({ preventScroll: true });
    }
    event.preventDefault();
  }

  destination(key) {
    const last = this.tiles.length - 1;
    const below = this.tiles.findIndex((tile) => tile.offsetTop > this.tiles[0].offsetTop);
    const row = below < 0 ? this.tiles.length : below;
    const page = row * Math.max(1, Math.floor(this.grid.clientHeight / this.tiles[0].offsetHeight));
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row };
    if (key === "Home") return 0;
    if (key === "End") return last;
    if (key === "PageUp") return Math.max(0, this.active - page);
    if (key === "PageDown") return Math.min(last, this.active + page);
    if (!(key in steps)) return null;
    const target = this.active + steps[key];
    return target < 0 || target > last ? this.active : target;
  }

  reveal(tile) {
    const margin = 6;
    const [top, bottom] = [tile.offsetTop, tile.offsetTop + tile.offsetHeight];
    const { scrollTop, clientHeight } = this.grid;
    if (top - margin < scrollTop) this.grid.scrollTop = top - margin;
    else if (bottom + margin > scrollTop + clientHeight)
      this.grid.scrollTop = bottom + margin - clientHeight;
  }

  hasFocus() {
    return this.grid.contains(this.root.getRootNode().activeElement);
  }

  hint(index) {
    this.tip.hidden = index < 0;
    if (index < 0) return;
    const tile = this.tiles[index];
    this.tip.textContent = this.data.captions[index];
    this.tip.style.left = "0"; // its width is measured where it has all the room
    const room = this.root.clientWidth - this.tip.offsetWidth;
    const middle = tile.offsetLeft + (tile.offsetWidth - this.tip.offsetWidth) / 2;
    const top = tile.offsetTop - this.grid.scrollTop;
    const above = top - this.tip.offsetHeight - 4;
    this.tip.style.left = `${Math.max(0, Math.min(room, middle))}px`;
    this.tip.style.top = `${above >= 0 ? above : top + tile.offsetHeight + 4}px`;
  }
}

function sameList(one, other) {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
