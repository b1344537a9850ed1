// A glance is told of several parts: another image changes its values alone.
export default (component) =>
  mounted(component, (view, data, parts) => view.update(data, parts));
