// A map is told how it is looked at, and of two parts. Its place on the page is taken before
// they are there, so that nothing below moves when they come.
export default (component) => {
  const { data, parentElement } = component;
  if (!(data instanceof Uint8Array)) reserve(parentElement.querySelector(".view"), data.shape);
  return mounted(component, (view, told, parts) =>
    view.update(told, parts.get(told.values), parts.get(told.image)),
  );
};

function reserve(root, [rows, columns]) {
  root.hidden = false;
  root.querySelector(".stage").style.aspectRatio = `${columns} / ${rows}`;
}
