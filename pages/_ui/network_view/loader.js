// A network is told of one part: its drawings, and what is said of them.
export default (component) =>
  mounted(component, (view, data, parts) => view.update(parts.get(data.scene).json, data));
