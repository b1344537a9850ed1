// The frames are in reels, told by their digests. The picture's place on the page is taken
// before they come.
export default (component) => {
  reserve(component);
  const { data, parentElement } = component;
  if (data.side) parentElement.querySelector(".view").style.maxWidth = `${data.side}px`;
  return mounted(component, (view, told, parts) =>
    view.update(told, told.reels.map((digest) => [digest, parts.get(digest)])),
  );
};
