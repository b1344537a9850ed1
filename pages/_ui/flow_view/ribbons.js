// The flows as bands, cut into the pieces of their classes; all pieces of one class between
// the same two columns are one element.

const MANY = 3000; // pieces that no browser moves in one frame

class Ribbons {
  constructor(model) {
    this.model = model;
    this.element = draw("g", { class: "ribbons", "aria-hidden": "true" });
    this.glow = draw("g", { class: "glow", "aria-hidden": "true" });
    this.bundles = model.pairs.map(() => new Map());
    this.shining = [];
    this.count = model.flows.reduce((sum, flow) => sum + flow.mix.length, 0);
    model.pairs.forEach((flows, column) => {
      for (const flow of flows)
        for (const piece of flow.mix) this.bundle(column, piece.group).push({ flow, piece });
    });
    for (const bundles of this.bundles)
      for (const bundle of bundles.values()) this.element.append(bundle.faint, bundle.path);
  }

  bundle(column, group) {
    const bundles = this.bundles[column];
    if (!bundles.has(group)) {
      const style = `fill: ${inkOf(group)}`;
      const pieces = [];
      pieces.path = draw("path", { style });
      pieces.faint = draw("path", { style, class: "faint" });
      bundles.set(group, pieces);
    }
    return bundles.get(group);
  }

  // Flows of fewer images than `least` are faint. In motion, when there are very many pieces,
  // each flow is one band in the colour of its commonest class.
  draw(frame, pose, least, moves) {
    const coarse = moves && this.count > MANY;
    this.bundles.forEach((bundles, column) => {
      for (const bundle of bundles.values()) {
        const paths = ["", ""];
        for (const { flow, piece } of bundle) {
          if (coarse && piece !== flow.majority) continue;
          const part = coarse ? { above: 0, count: flow.count } : piece;
          paths[Number(flow.count < least)] += bandOf(frame, pose, column, flow, part);
        }
        bundle.path.setAttribute("d", paths[0]);
        bundle.faint.setAttribute("d", paths[1]);
      }
    });
    this.light(frame, pose, this.shining);
  }

  // Some flows in their full colour, above all others.
  light(frame, pose, flows) {
    this.shining = flows;
    const paths = new Map();
    for (const flow of flows) {
      const { column } = this.model.nodes[flow.source];
      for (const piece of flow.mix) {
        const text = bandOf(frame, pose, column, flow, piece);
        paths.set(piece.group, (paths.get(piece.group) ?? "") + text);
      }
    }
    const shown = [...paths].map(([group, d]) =>
      draw("path", { d, style: `fill: ${inkOf(group)}` }),
    );
    this.glow.replaceChildren(...shown);
  }
}

function bandOf(frame, pose, column, flow, { above, count }) {
  const [from, to] = [frame.end(column), frame.x(column + 1)];
  const start = frame.y(pose.starts[flow.index] + above);
  const end = frame.y(pose.ends[flow.index] + above);
  return band(from, to, start, end, count * frame.scale);
}
