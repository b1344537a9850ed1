// What the colours mean, and, for classes, switches that hide them.

const HIDDEN = 10; // pixels of a name that may be cut off

class Legend {
  constructor(changed) {
    this.changed = changed;
    this.element = make("div", "legend");
    this.element.addEventListener("click", (event) => this.onClick(event));
    this.sizes = new ResizeObserver(() => this.sayMore());
  }

  // `panels` have the same colours; each has its own counts.
  update(panels, choice, theme) {
    const [{ colouring }] = panels;
    this.hidden = choice.hiddenOf(colouring);
    const counts = panels.map((panel) => panel.colouring.counts(choice.visible));
    const state = [colouring.group, colouring.label, colouring.explain, theme.grey, theme.ink];
    if (state.join("\n") !== this.state) this.build(colouring, theme);
    this.state = state.join("\n");
    if (colouring.isScale) return;
    this.chips.forEach((chip, at) => {
      const own = counts.map((all) => all[at].toLocaleString("en"));
      const same = own.every((text) => text === own[0]);
      chip.lastElementChild.textContent = same ? own[0] : own.join(" · ");
      chip.setAttribute("aria-pressed", String(!this.hidden.has(at)));
      chip.hidden = at === colouring.none && counts.every((all) => all[at] === 0);
    });
    this.all.disabled = this.hidden.size === 0;
    this.sayMore();
  }

  build(colouring, theme) {
    const heading = make("div", "heading");
    const many = colouring.names.length > 24 ? ` (${colouring.names.length})` : "";
    heading.append(make("span", "name", {}, colouring.label + many));
    this.all = make("button", "all", { type: "button" }, "Show all");
    if (!colouring.isScale) heading.append(this.all);
    const content = colouring.isScale ? this.bar(colouring) : this.switches(colouring, theme);
    const explain = make("p", "explain", {}, colouring.explain);
    this.element.replaceChildren(heading, content, explain);
  }

  switches(colouring, theme) {
    const list = make("div", "chips", { role: "group", "aria-label": colouring.label });
    const names = [...colouring.names, "no value"];
    this.chips = names.map((name, at) => {
      const chip = make("button", "chip", { type: "button", title: name });
      const look = colouring.looks[at] ?? { colour: theme.grey, shape: 0 };
      chip.append(sample(look), make("span", "word", {}, name), make("span", "count"));
      return chip;
    });
    list.append(...this.chips);
    list.addEventListener("scroll", () => this.sayMore(), { passive: true });
    this.sizes.disconnect();
    this.sizes.observe(list);
    this.more = make("button", "more", { type: "button", tabindex: "-1", "aria-hidden": "true" });
    const whole = make("div", "list");
    whole.append(list, this.more);
    this.list = list;
    return whole;
  }

  // How many names are below what can be seen: the keyboard and a screen reader have them all.
  sayMore() {
    if (!this.list) return;
    const end = this.list.scrollTop + this.list.clientHeight + HIDDEN;
    const isBelow = (chip) => !chip.hidden && chip.offsetTop + chip.offsetHeight > end;
    const isAtEnd = this.list.scrollTop + this.list.clientHeight >= this.list.scrollHeight - 2;
    const number = isAtEnd ? 0 : this.chips.filter(isBelow).length;
    this.list.classList.toggle("goes-on", number > 0);
    this.more.hidden = number === 0;
    this.more.textContent = `+ ${number} more`;
  }

  bar(colouring) {
    this.chips = [];
    this.list = null;
    const bar = make("div", "scale");
    const strip = make("div", "strip");
    strip.style.background = `linear-gradient(to right, ${colouring.colours.join(", ")})`;
    const ends = make("div", "ends");
    const end = (word, value) => make("span", "", {}, `${word} ${short(value)}`.trim());
    ends.append(end(colouring.lowWord, colouring.low), end(colouring.highWord, colouring.high));
    bar.append(strip, ends);
    return bar;
  }

  // One click switches a class, two show it alone, or all again if it was alone.
  onClick(event) {
    if (event.target === this.all) this.become([]);
    if (event.target === this.more)
      this.list.scrollBy({ top: Math.max(this.list.clientHeight - 2 * HIDDEN, 34) });
    const at = this.chips.indexOf(event.target.closest(".chip"));
    if (at < 0) return;
    if (event.detail >= 2 || event.shiftKey) {
      const others = this.chips.map((_, place) => place).filter((place) => place !== at);
      const before = event.shiftKey ? this.hidden : this.before;
      const alone = !before.has(at) && others.every((place) => before.has(place));
      this.become(alone ? [] : others);
      return;
    }
    this.before = new Set(this.hidden);
    const others = [...this.hidden].filter((place) => place !== at);
    this.become(this.hidden.has(at) ? others : [...others, at]);
  }

  become(hidden) {
    this.hidden.clear();
    for (const place of hidden) this.hidden.add(place);
    this.changed();
  }
}

// The look of a class as it stands in the map.
function sample(look) {
  const side = 36; // twice its size on the page, for fine screens
  const canvas = make("canvas", "sample", { width: side, height: side, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.translate(side / 2, side / 2);
  outline(context, look.shape, side * 0.36);
  context.fillStyle = look.colour;
  context.fill();
  return canvas;
}
