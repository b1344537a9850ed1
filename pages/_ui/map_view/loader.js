// What every message of the map carries, so it is small: it keeps the parts that arrive
// and brings the drawing side to life, which is itself such a part.
//
// Streamlit calls the default export whenever `data` or the theme changes, always with
// the same parent, and runs the last clean-up it was given. All mounts of one
// registered component share this module, and thereby the parts.

const MOST = 48; // parts kept, and those that are still on the page
const DIGEST = 24; // characters
const parts = new Map();
const carriers = new Map(); // root of a part's mount -> the digest that it carries now
const holders = new WeakMap();
const waiting = new Set();
const engines = new Map();

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".map");
  if (data instanceof Uint8Array) {
    root.hidden = true;
    keep(data, root);
    return undefined;
  }
  let holder = holders.get(root);
  if (!holder) holders.set(root, (holder = new Holder(root)));
  const call = ++holder.calls;
  holder.update(data, component.setStateValue);
  return () => {
    // A call that was overtaken while it loaded is cleaned up after its successor began.
    if (call !== holder.calls) return;
    holder.destroy();
    holders.delete(root);
  };
}

// A part is JSON after its digest. While its mount shows the same it does not come again.
function keep(message, root) {
  const text = new TextDecoder();
  const digest = text.decode(message.subarray(0, DIGEST));
  carriers.set(root, digest);
  if (parts.has(digest)) return;
  parts.set(digest, JSON.parse(text.decode(message.subarray(DIGEST))));
  if (parts.size > MOST) forget();
  for (const holder of waiting) holder.refresh();
}

// A long run brings hundreds of frames: the oldest of what is no longer on the page goes.
function forget() {
  for (const root of carriers.keys()) if (!root.isConnected) carriers.delete(root);
  const carried = new Set(carriers.values());
  for (const digest of [...parts.keys()]) {
    if (parts.size <= MOST) return;
    if (!carried.has(digest)) parts.delete(digest);
  }
}

// A map's place on the page, before and after there is something to draw it with.
class Holder {
  constructor(root) {
    this.root = root;
    this.calls = 0;
    waiting.add(this);
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    this.root.style.height = `${data.height}px`;
    this.refresh();
  }

  async refresh() {
    const { data } = this;
    if (!data) return;
    const engine = await load(data.engine);
    if (!engine || this.gone) return;
    this.map ??= new engine.MapView(this.root, engine.style, (name, value) =>
      this.send(name, value),
    );
    this.map.update(this.data, parts);
  }

  destroy() {
    this.gone = true;
    waiting.delete(this);
    this.map?.destroy();
  }
}

async function load(digest) {
  const part = parts.get(digest);
  if (part && !engines.has(digest)) {
    const url = URL.createObjectURL(new Blob([part.script], { type: "text/javascript" }));
    engines.set(digest, { style: part.style, module: import(url) });
  }
  const engine = engines.get(digest);
  return engine ? { style: engine.style, MapView: (await engine.module).MapView } : null;
}
