// Where the tiles are: how large, how many in a row.

const LARGEST = 256; // CSS pixels of a tile when there are few
const EDGE = 10; // around all tiles, with room for a ring
const SPACE = 10; // least room between tiles
const STEP = 8; // between the sides of large maps

// The largest plan that needs no scrolling; a last row that is nearly empty counts against it.
function planned(sheet, shown, width, height) {
  const plans = sides(sheet, shown).map((side) => layout(sheet, side, width));
  const worth = (plan) => (plan.total <= height ? plan.side * plan.full : 0);
  return plans.reduce((best, plan) => (worth(plan) > worth(best) ? plan : best), plans.at(-1));
}

// Sides of a tile to choose from, the largest first: whole factors of small maps, so that
// their pixels stay squares of one size.
function sides(sheet, shown) {
  const ratio = devicePixelRatio || 1;
  const longer = Math.max(...sheet.tile);
  const wanted = shown * ratio;
  const least = Math.max(1, Math.round(wanted / longer));
  const found = [];
  for (let times = Math.floor((LARGEST * ratio) / longer); times >= least; times--)
    found.push((times * longer) / ratio);
  // Large maps are made smaller, which any size serves for.
  const large = found.at(-1) ?? LARGEST;
  for (let side = large - STEP; large > 1.3 * shown && side > shown; side -= STEP) found.push(side);
  return large > 1.3 * shown ? [...found, shown] : found;
}

function layout({ order, tile }, side, width) {
  const letters = clamp(Math.round(side / 5), 13, 17);
  const tall = side * (tile[1] / Math.max(...tile));
  const wide = side * (tile[0] / Math.max(...tile));
  const room = width - 2 * EDGE;
  const columns = clamp(Math.floor((room + SPACE) / (side + SPACE)), 1, order.length);
  const rows = Math.ceil(order.length / columns);
  const loose = rows > 1 ? (room - columns * side) / Math.max(1, columns - 1) : 2 * SPACE;
  const down = Math.ceil(tall + letters * 1.5 + SPACE);
  const total = 2 * EDGE + rows * down - SPACE / 2;
  const across = side + Math.max(0, loose);
  const full = order.length / (rows * columns);
  return { side, wide, tall, letters, columns, across, down, total, full };
}
