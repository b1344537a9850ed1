// The colours of classes, on light paper and on dark.

// The colour of a class, as the theme has it.
function inkOf(group) {
  return `var(--class-${group})`;
}

function channels(colour) {
  const long = colour.length === 4 ? colour.replace(/[^#]/g, "$&$&") : colour;
  return [1, 3, 5].map((at) => parseInt(long.slice(at, at + 2), 16));
}

function brightness(colour) {
  const light = channels(colour).map((part) => (part / 255) ** 2.2);
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
}

function raised(colour) {
  const short = clamp(0.42 - 1.6 * brightness(colour), 0.08, 0.4);
  const mixed = channels(colour).map((part) => Math.round(part + short * (255 - part)));
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
