// A map is told how it is looked at, and of two parts. Its place on the page is taken before
// they are there.
export default (component) => {
  reserve(component);
  return mounted(component, (view, told, parts) =>
    view.update(told, parts.get(told.values), parts.get(told.image)),
  );
};
