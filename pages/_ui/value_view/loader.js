// A rectangle is told of one part: what its values mean, and the values.
export default (component) =>
  mounted(component, (view, data, parts) => view.update(data, parts.get(data.part).packed));
