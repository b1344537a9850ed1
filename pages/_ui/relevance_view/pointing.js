// Pointing at a map, which all maps of its group hear.

const POINTED = "layerscope-pointed";
const STRIDE = 8; // pixels that an arrow key goes with Shift

// What is pointed at moves with mouse and finger alike: there is nothing to drag or to zoom.
class Pointing extends Gestures {
  onMove(event) {
    const far = event.pointerType === "touch" && !this.pointers.has(event.pointerId);
    if (!far) this.view.point(this.view.at(event));
  }

  // A finger that turned out to scroll the page pointed at nothing.
  onUp(event, cancelled = false) {
    super.onUp(event, cancelled);
    if (cancelled) this.view.point(null);
  }

  onWheel() {}

  onKey(event) {
    if ("+-=0".includes(event.key)) return;
    this.view.stride = event.shiftKey ? STRIDE : 1;
    super.onKey(event);
  }
}

// The place goes round as parts of height and width: maps of a group may differ in size.
class Group {
  constructor(view, heard) {
    this.view = view;
    this.listening = new AbortController();
    const hear = ({ detail }) => {
      if (detail.group !== this.name) return;
      this.leads = detail.from === this && detail.place !== null;
      heard(detail.place);
    };
    document.addEventListener(POINTED, hear, { signal: this.listening.signal });
  }

  join(name) {
    if (name === this.name) return;
    this.clear();
    this.name = name;
  }

  tell(place) {
    const detail = { group: this.name, from: this, place };
    document.dispatchEvent(new CustomEvent(POINTED, { detail }));
  }

  // Only who pointed last takes it back.
  clear() {
    if (this.leads) this.tell(null);
  }

  destroy() {
    this.clear();
    this.listening.abort();
  }
}
