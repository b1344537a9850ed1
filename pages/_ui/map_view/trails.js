// The ways that points have come: lines through the frames so far, the older the fainter.

const TRAIL_SHORT = 6; // frames that everybody's trail reaches back
const TRAIL_MANY = 60; // points whose whole way is drawn; of more it gets short
const TRAIL_FAINT = 0.12; // opacity of its oldest piece
const TRAIL_CLEAR = 0.85; // and of its newest

function drawTrails(context, scene, grey) {
  const { trails } = scene.head;
  if (!trails) return;
  const past = scene.player.past();
  if (!past.length) return;
  const chosen = chosenPoints(scene);
  if (trails === "all") {
    const others = [];
    for (let at = 0; at < scene.count; at++)
      if (scene.presence[at] === 2 && !chosen.has(at)) others.push(at);
    strokeTrails(context, scene, others, past.slice(-TRAIL_SHORT), 1.25, grey, 0.4);
  }
  const long = chosen.size <= TRAIL_MANY ? past : past.slice(-2 * TRAIL_SHORT);
  strokeTrails(context, scene, [...chosen], long, 2.75, grey, 1);
}

function chosenPoints(scene) {
  const { hovered, inspected, selected, presence } = scene;
  const chosen = new Set([hovered, inspected]);
  if (selected) selected.forEach((bit, at) => bit && chosen.add(at));
  for (const at of [...chosen]) if (at < 0 || presence[at] !== 2) chosen.delete(at);
  return chosen;
}

// Piece by piece, all points of a colour in one path: few strokes for many points.
function strokeTrails(context, scene, points, past, width, grey, opacity) {
  const { view, places, colouring } = scene;
  const groups = new Map();
  for (const at of points) {
    const colour = colouring.colourOf(at) ?? grey;
    if (!groups.has(colour)) groups.set(colour, []);
    groups.get(colour).push(at);
  }
  const along = [...past.map((codes) => [codes, FULL]), [places, 1]];
  const x = ([codes, unit], at) => view.screenX(codes[2 * at] / unit);
  const y = ([codes, unit], at) => view.screenY(codes[2 * at + 1] / unit);
  context.lineWidth = width;
  context.lineCap = "round";
  for (let piece = 0; piece < past.length; piece++) {
    const age = (piece + 1) / past.length;
    context.globalAlpha = opacity * (TRAIL_FAINT + (TRAIL_CLEAR - TRAIL_FAINT) * age);
    for (const [colour, members] of groups) {
      context.strokeStyle = colour;
      context.beginPath();
      for (const at of members) {
        context.moveTo(x(along[piece], at), y(along[piece], at));
        context.lineTo(x(along[piece + 1], at), y(along[piece + 1], at));
      }
      context.stroke();
    }
  }
  context.globalAlpha = 1;
  context.lineCap = "butt";
}
