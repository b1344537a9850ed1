// Puts a drawing on the page. It is parsed as a picture, so nothing in it can run.

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".drawing");
  if (place.svgText !== data.svg) {
    const parsed = new DOMParser().parseFromString(data.svg, "image/svg+xml");
    if (parsed.documentElement.nodeName !== "svg") return;
    for (const script of parsed.querySelectorAll("script")) script.remove();
    place.replaceChildren(document.adoptNode(parsed.documentElement));
    place.svgText = data.svg;
  }
  place.firstChild.setAttribute("role", "img");
  place.firstChild.setAttribute("aria-label", data.alt);
}
