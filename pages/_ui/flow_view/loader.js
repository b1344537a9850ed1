// A flow is told of its picture, the lines to draw, and how it is looked at.
export default (component) =>
  mounted(component, (view, data, parts) =>
    view.update(
      data,
      parts.get(data.picture).packed,
      data.lines ? parts.get(data.lines).json : null,
    ),
  );
