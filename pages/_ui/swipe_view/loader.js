// The two images are told by their digests. Their place on the page is taken before they come.
export default (component) => {
  reserve(component);
  return mounted(component, (view, told, parts) =>
    view.update(told, parts.get(told.before), parts.get(told.after)),
  );
};
