// What is said of the part under the pointer: at once, without asking the server.

const UNSHOWN = "not available on this page";
const AWAY = 14; // pixels from what it is about

class Card {
  constructor() {
    // Those who hear it get the same from the part's own label.
    this.element = make("div", "card", { popover: "manual", "aria-hidden": "true" });
    this.element.hidden = true;
  }

  hide() {
    if (this.element.hidden) return;
    raise(this.element, false);
  }

  show(node, hints) {
    if (this.node !== node || this.hints !== hints.join()) {
      this.node = node;
      this.hints = hints.join();
      this.element.replaceChildren(...sentences(node, hints));
      this.element.dataset.node = node.name;
    }
    raise(this.element, true);
  }

  // Near a box or a pointer on the screen: where the drawing flows to the right below it or
  // above, so that the next part stays in view, else at its side.
  moveTo(around, below) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const { clientWidth, clientHeight } = document.documentElement;
    const x = around.x ?? (around.left + around.right) / 2;
    const y = around.y ?? (around.top + around.bottom) / 2;
    const under = aside(around.top, around.bottom, height, clientHeight);
    const next = aside(around.left, around.right, width, clientWidth);
    const left = below ? x - width / 2 : next;
    const top = below ? under : y - height / 2;
    this.element.style.left = `${clamp(left, 4, Math.max(4, clientWidth - width - 4))}px`;
    this.element.style.top = `${clamp(top, 4, Math.max(4, clientHeight - height - 4))}px`;
  }
}

// After an interval, or before it where that has the room.
function aside(start, end, length, room) {
  const [before, after] = [start - AWAY - length, end + AWAY];
  return after + length <= room - 4 || before < 4 ? after : before;
}

function sentences(node, hints) {
  const lines = [make("p", "title", {}, node.title)];
  if (node.target && node.target !== node.title && !node.title.startsWith(`${node.target}:`))
    lines.push(make("p", "path", {}, node.target));
  const facts = make("dl", "facts");
  for (const [word, value] of node.facts)
    facts.append(make("dt", "", {}, word), make("dd", "", {}, value));
  if (node.facts.length) lines.push(facts);
  return [...lines, ...hints.map((hint) => make("p", "hint", {}, hint))];
}
