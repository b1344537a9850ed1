// What a picture holds, as objects: nodes, flows, and where they lie in either order.

const KINDS = { i: Int32Array, f: Float32Array };
const NOISE = -1; // of a cluster's number
const SMALL = -2;

class Model {
  constructor({ header, bytes }) {
    Object.assign(this, header);
    const arrays = {};
    let at = 0;
    for (const [name, kind, length] of header.arrays) {
      arrays[name] = new KINDS[kind](bytes.buffer, bytes.byteOffset + at, length);
      at += 4 * length;
    }
    this.group = arrays.group;
    this.assigned = arrays.assigned;
    this.flows = flowsOf(arrays);
    this.nodes = nodesOf(arrays, header, this.flows);
    this.columns = header.layers.map(() => []);
    for (const node of this.nodes) this.columns[node.column].push(node);
    this.pairs = header.layers.slice(1).map(() => []);
    for (const flow of this.flows) this.pairs[this.nodes[flow.source].column].push(flow);
    this.counts = new Array(header.groups.length).fill(0);
    for (const group of this.group) this.counts[group] += 1;
    this.height = Math.max(header.raw.height, header.found.height, 1);
    this.orders = { raw: this.placed("raw", arrays), found: this.placed("found", arrays) };
    this.most = Math.max(1, ...this.flows.map((flow) => flow.count));
  }

  // Both orders have their middle in the middle of the higher one.
  placed(order, arrays) {
    const shift = (this.height - this[order].height) / 2;
    const names = ["tops", "bottoms", "starts", "ends", "lines"];
    return Object.fromEntries(
      names.map((name) => [name, arrays[`${order}.${name}`].map((place) => place + shift)]),
    );
  }

  // Everything on the way from the raw order (0) to the found one (1).
  pose(part) {
    const { raw, found } = this.orders;
    if (part === 0) return raw;
    if (part === 1) return found;
    const between = (name) =>
      raw[name].map((place, at) => place + part * (found[name][at] - place));
    return Object.fromEntries(Object.keys(raw).map((name) => [name, between(name)]));
  }

  node(column, cluster) {
    return this.columns[column]?.find((node) => node.cluster === cluster);
  }

  flow(source, target) {
    return source && target && source.out.find((flow) => flow.target === target.index);
  }

  // The images of a node or flow.
  members({ kind, index }) {
    const one = kind === "node" ? this.nodes[index] : this.flows[index];
    const ends = kind === "node" ? [index] : [one.source, one.target];
    const rows = ends.map((end) => this.nodes[end].column * this.images);
    return Array.from(this.group.keys()).filter((image) =>
      ends.every((end, at) => this.assigned[rows[at] + image] === end),
    );
  }

  // Groups of a mix, the commonest first.
  ranked({ mix }) {
    return [...mix].sort((one, other) => other.count - one.count || one.group - other.group);
  }
}

function flowsOf({ sources, targets, flowMix, flowRight }) {
  const flows = Array.from(sources, (source, index) => ({
    ...{ kind: "flow", index, source, target: targets[index] },
    ...{ right: flowRight[index], count: 0, mix: [] },
  }));
  mixed(flows, flowMix);
  return flows;
}

function nodesOf({ columns, clusters, nodeMix, nodeRight }, { clusterNames }, flows) {
  const nodes = Array.from(columns, (column, index) => ({
    ...{ kind: "node", index, column, cluster: clusters[index], name: clusterNames[index] },
    ...{ right: nodeRight[index], count: 0, mix: [], in: [], out: [] },
  }));
  mixed(nodes, nodeMix);
  for (const flow of flows) {
    nodes[flow.source].out.push(flow);
    nodes[flow.target].in.push(flow);
  }
  return nodes;
}

// Gives each its pieces: group, images, and how many images lie above.
function mixed(items, triples) {
  for (let at = 0; at < triples.length; at += 3) {
    const item = items[triples[at]];
    item.mix.push({ group: triples[at + 1], count: triples[at + 2], above: item.count });
    item.count += triples[at + 2];
  }
  for (const item of items)
    item.majority = item.mix.reduce((best, one) => (one.count > best.count ? one : best));
}
