// What every message of a component carries, so it is small: it keeps the parts that arrive
// and brings the drawing side to life, which is itself such a part.
//
// Streamlit calls a component's default export whenever `data` or the theme changes, always
// with the same parent, and of all the clean-ups it was given runs the last one. All mounts
// of one registered component share this module, and thereby the parts.

const MOST = 24; // parts kept, and those that are still on the page
const DIGEST = 24; // characters
const LENGTH = 8; // digits
const parts = new Map();
const carriers = new Map(); // root of a part's mount -> the digest that it carries now
const holders = new Map(); // root of a view's mount -> its holder
const engines = new Map();

// `tell` hands a view the data and the parts, by their digests.
function mounted(component, tell) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".view");
  if (data instanceof Uint8Array) {
    root.className = "view"; // nothing of the view's own is here
    root.replaceChildren();
    return keep(data, root);
  }
  let holder = holders.get(root);
  if (!holder) holders.set(root, (holder = new Holder(root, tell)));
  const call = ++holder.calls;
  holder.update(component);
  return () => {
    // A call that was overtaken while it loaded is cleaned up after its successor began.
    if (call !== holder.calls) return;
    holders.delete(root);
    holder.destroy();
  };
}

// Gives a view's stage the height that its picture of data.shape will have, so that nothing
// below moves when what draws it comes.
function reserve({ data, parentElement }) {
  if (data instanceof Uint8Array) return;
  const [rows, columns] = data.shape;
  const root = parentElement.querySelector(".view");
  root.hidden = false;
  root.querySelector(".stage").style.aspectRatio = `${columns} / ${rows}`;
}

// While its mount shows the same, a part does not come again.
function keep(message, root) {
  const digest = decode(message.subarray(0, DIGEST));
  carriers.set(root, digest);
  if (parts.has(digest)) return;
  parts.set(digest, new Part(message.slice(DIGEST)));
  forget();
  for (const holder of holders.values()) holder.refresh();
}

function forget() {
  for (const root of carriers.keys()) if (!root.isConnected) carriers.delete(root);
  const carried = new Set(carriers.values());
  for (const digest of [...parts.keys()]) {
    if (parts.size <= MOST) return;
    if (!carried.has(digest)) parts.delete(digest);
  }
}

function decode(bytes) {
  return new TextDecoder().decode(bytes);
}

// Bytes, which are read as what they are when they are first needed.
class Part {
  constructor(bytes) {
    this.bytes = bytes; // a copy, so that numbers are aligned
  }

  get json() {
    return (this.read ??= JSON.parse(decode(this.bytes)));
  }

  // A header, and the bytes after it.
  get packed() {
    if (!this.opened) {
      const end = LENGTH + Number(decode(this.bytes.subarray(0, LENGTH)));
      const header = JSON.parse(decode(this.bytes.subarray(LENGTH, end)));
      this.opened = { header, bytes: this.bytes.slice(end) };
      this.bytes = null;
    }
    return this.opened;
  }
}

// A view's place on the page, before and after there is something to draw it with. It is
// also what the view talks to: `heard`, `say` and `ask`.
class Holder {
  constructor(root, tell) {
    Object.assign(this, { root, tell, calls: 0, token: "" });
  }

  update(component) {
    this.component = component;
    const { height } = component.data;
    this.root.style.height = height === "content" ? "" : `${height}px`;
    this.refresh();
  }

  async refresh() {
    if (!this.isComplete()) return;
    const { style, View } = await load(this.component.data.engine);
    // Newer data may have come meanwhile, whose parts have not.
    if (this.gone || !this.isComplete()) return;
    this.view ??= this.begin(style, View);
    this.tell(this.view, this.component.data, parts);
  }

  isComplete() {
    const { engine, needs } = this.component.data;
    return [engine, ...needs].every((digest) => parts.has(digest));
  }

  begin(style, View) {
    this.style = document.createElement("style");
    this.style.textContent = style;
    this.root.before(this.style);
    this.root.hidden = false;
    return new View(this.root, this);
  }

  // The server has the last word unless it has not heard ours yet.
  heard(token) {
    return !this.token || token === this.token;
  }

  say(name, value) {
    this.token = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    this.component.setStateValue(name, { token: this.token, value });
  }

  // What counts in one run only.
  ask(name, value) {
    this.component.setTriggerValue(name, value);
  }

  destroy() {
    this.gone = true;
    this.view?.destroy();
    this.style?.remove();
  }
}

async function load(digest) {
  if (!engines.has(digest)) {
    const { script, style } = parts.get(digest).json;
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    engines.set(digest, { style, module: import(url) });
  }
  const { style, module } = engines.get(digest);
  return { style, View: (await module).View };
}
