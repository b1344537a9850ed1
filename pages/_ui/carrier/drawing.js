// What drawings on a canvas share: room, colours of the page, cards.

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

// Makes a canvas as fine as the screen; its context then counts in CSS pixels.
function fit(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down)
    [canvas.width, canvas.height] = [across, down];
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

// A place in CSS pixels at which a line of the screen begins.
function snap(place) {
  const ratio = devicePixelRatio || 1;
  return Math.round(place * ratio) / ratio;
}

function themeOf(root) {
  const style = getComputedStyle(root);
  const colour = (name) => style.getPropertyValue(`--st-${name}`).trim();
  return {
    text: colour("text-color"),
    line: colour("border-color"),
    accent: colour("primary-color"),
    page: colour("background-color"),
    font: colour("font") || "sans-serif",
  };
}

// Pairs of words as the lines of a card; never as HTML, names come from anywhere.
function tell(list, pairs) {
  list.replaceChildren(
    ...pairs.flatMap((pair) =>
      ["dt", "dd"].map((tag, at) => {
        const element = document.createElement(tag);
        element.textContent = pair[at];
        return element;
      }),
    ),
  );
}

// A card beside a box {x, y, width, height}, all inside the host.
function beside(card, host, box) {
  const { offsetWidth: width, offsetHeight: height } = card;
  const [right, left] = [box.x + box.width + 10, box.x - width - 10];
  const x = right + width <= host.clientWidth || left < 0 ? right : left;
  const y = box.y + (box.height - height) / 2;
  card.style.left = `${clamp(x, 2, Math.max(2, host.clientWidth - width - 2))}px`;
  card.style.top = `${clamp(y, 2, Math.max(2, host.clientHeight - height - 2))}px`;
}
