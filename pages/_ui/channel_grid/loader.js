// A grid is told of one part: the list of its tiles and their picture.
export default (component) =>
  mounted(component, (view, data, parts) => view.update(data, parts.get(data.part).packed));
