// What is said of the node or flow under the pointer, seen and heard.

const ROWS = 6; // classes that a card lists

class FlowCard extends Card {
  constructor(model) {
    super();
    this.model = model;
  }

  show(one) {
    if (this.one !== one) {
      this.one = one;
      this.element.dataset.kind = one.kind;
      this.element.replaceChildren(...this.lines(one));
    }
    raise(this.element, true);
  }

  lines(one) {
    const { by } = this.model;
    const lines = [make("p", "title", {}, titleOf(this.model, one))];
    if (one.kind === "flow") lines.push(make("p", "path", {}, pathOf(this.model, one)));
    lines.push(make("p", "count", {}, counted(this.model, one)));
    if (by) lines.push(this.mix(one));
    if (!Number.isNaN(one.right))
      lines.push(make("p", "right", {}, `The network gets ${percent(one.right)} of them right.`));
    return lines;
  }

  mix(one) {
    const list = make("div", "mix");
    const ranked = this.model.ranked(one);
    for (const { group, count } of ranked.slice(0, ROWS)) {
      const bar = make("i", "share");
      bar.style.setProperty("--share", count / ranked[0].count);
      bar.style.background = inkOf(group);
      const much = `${count.toLocaleString("en")} · ${percent(count / one.count)}`;
      list.append(make("span", "name", {}, this.model.groups[group]), bar, make("b", "", {}, much));
    }
    const rest = ranked.slice(ROWS);
    if (!rest.length) return list;
    const more = rest.reduce((sum, { count }) => sum + count, 0);
    const words = `and ${more.toLocaleString("en")} of ${rest.length} other class${rest.length > 1 ? "es" : ""}`;
    list.append(make("span", "rest", {}, words));
    return list;
  }
}

function titleOf({ nodes, layers }, one) {
  if (one.kind === "node") return `${layers[one.column]}: ${one.name}`;
  return `${nodes[one.source].name} → ${nodes[one.target].name}`;
}

function pathOf({ nodes, layers }, one) {
  return `${layers[nodes[one.source].column]} → ${layers[nodes[one.target].column]}`;
}

function counted(model, one) {
  const images = `${one.count.toLocaleString("en")} image${one.count === 1 ? "" : "s"}`;
  if (one.kind === "node") return `${images} · ${percent(one.count / model.images)} of all`;
  const [from, to] = [model.nodes[one.source], model.nodes[one.target]];
  const shares = [one.count / from.count, one.count / to.count].map(percent);
  return `${images} · ${shares[0]} of those on the left, ${shares[1]} of those on the right`;
}

function percent(share) {
  if (share > 0 && share < 0.01) return "< 1 %";
  if (share < 1 && share > 0.99) return "> 99 %";
  return `${Math.round(100 * share)} %`;
}

function spoken(model, one) {
  const where = one.kind === "flow" ? `${pathOf(model, one)}, ` : "";
  const words = [`${where}${titleOf(model, one)}`, counted(model, one)];
  if (model.by)
    for (const { group, count } of model.ranked(one).slice(0, 3))
      words.push(`${percent(count / one.count)} ${model.groups[group]}`);
  if (!Number.isNaN(one.right)) words.push(`${percent(one.right)} right`);
  return words.join(", ");
}
