// Where an arrow key leads: along the flow by the links, across it to another branch.

// Whether a drawing flows from left to right; a graph may flow downwards, in columns.
function horizontal(plate) {
  if (plate.flat !== undefined) return plate.flat;
  let votes = 0;
  for (const { from, to, shortcut } of plate.links) {
    const [one, other] = [plate.nodes.get(from), plate.nodes.get(to)];
    if (!one || !other || shortcut) continue;
    const [x, y] = [0, 1].map((axis) => Math.abs(middle(other, axis) - middle(one, axis)));
    votes += Math.sign(x - y);
  }
  plate.flat = votes >= 0;
  return plate.flat;
}

function middle(node, axis) {
  return node.box[axis] + node.box[axis + 2] / 2;
}

// Parts of the network, without the handles of frames.
function stops(plate) {
  return [...plate.nodes.values()].filter((node) => !node.handle).map((node) => node.name);
}

// The interval that a part covers along the flow (0) or across it (1).
function span(plate, node, across) {
  const axis = horizontal(plate) === Boolean(across) ? 1 : 0;
  const start = node.box[axis];
  return { start, end: start + node.box[axis + 2], middle: start + node.box[axis + 2] / 2 };
}

function along(plate, name, step) {
  const ends = plate.links
    .filter((link) => (step > 0 ? link.from : link.to) === name)
    .map((link) => ({ ...link, node: plate.nodes.get(step > 0 ? link.to : link.from) }))
    .filter((link) => link.node);
  const straight = ends.filter((link) => !link.shortcut);
  const here = plate.nodes.get(name);
  const found = (straight.length ? straight : ends).map((link) => link.node);
  if (!found.length) {
    const inOrder = stops(plate);
    return inOrder[clamp(inOrder.indexOf(name) + step, 0, inOrder.length - 1)];
  }
  const level = span(plate, here, true).middle;
  const away = (node) => Math.abs(span(plate, node, true).middle - level);
  return found.reduce((best, node) => (away(node) < away(best) ? node : best)).name;
}

// The nearest part beside this one, as seen along the flow; "" if there is none.
function across(plate, name, step) {
  const here = plate.nodes.get(name);
  const [own, level] = [span(plate, here, false), span(plate, here, true)];
  let [best, least] = ["", Infinity];
  for (const node of plate.nodes.values()) {
    const [flow, side] = [span(plate, node, false), span(plate, node, true)];
    const far = (side.middle - level.middle) * step;
    const beside = flow.start < own.end && own.start < flow.end;
    if (node === here || !beside || far <= 0 || shared(side, level) > 0.3) continue;
    const away = far + Math.abs(flow.middle - own.middle);
    if (away < least) [best, least] = [node.name, away];
  }
  return best;
}

// How much of the shorter of two intervals lies in the other. Parts of one line overlap.
function shared(one, other) {
  const common = Math.min(one.end, other.end) - Math.max(one.start, other.start);
  return common / Math.max(1, Math.min(one.end - one.start, other.end - other.start));
}
