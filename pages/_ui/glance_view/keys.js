// Where a key leads: from square to square, from row to row, and to the row as a whole.

function follow(event, place, layout) {
  const { row: at, unit } = place;
  const item = layout.rowItems[at];
  const { count } = item.row;
  const wide = event.ctrlKey || event.metaKey;
  const last = layout.rowItems.length - 1;
  switch (event.key) {
    case "ArrowLeft":
      return { row: at, unit: Math.max(-1, unit - 1) };
    case "ArrowRight":
      return { row: at, unit: Math.min(count - 1, unit + 1) };
    case "Home":
      return wide ? { row: 0, unit: -1 } : { row: at, unit: -1 };
    case "End":
      return wide ? { row: last, unit: -1 } : { row: at, unit: count - 1 };
    case "PageUp":
      return over(layout, place, -1);
    case "PageDown":
      return over(layout, place, 1);
    case "ArrowUp":
      if (unit >= item.columns) return { row: at, unit: unit - item.columns };
      return over(layout, place, -1);
    case "ArrowDown":
      if (unit >= 0 && unit + item.columns < count) return { row: at, unit: unit + item.columns };
      if (unit >= 0 && Math.floor(unit / item.columns) < item.lines - 1)
        return { row: at, unit: count - 1 };
      return over(layout, place, 1);
    default:
      return null;
  }
}

// To the row before or after, to the square that is nearest to where it was.
function over(layout, { row: at, unit }, step) {
  const next = clamp(at + step, 0, layout.rowItems.length - 1);
  if (next === at || unit < 0) return { row: next, unit: next === at ? unit : -1 };
  const [from, to] = [layout.rowItems[at], layout.rowItems[next]];
  const x = ((unit % from.columns) + 0.5) * from.pitch;
  const column = clamp(Math.floor(x / to.pitch), 0, to.columns - 1);
  const line = step > 0 ? 0 : to.lines - 1;
  return { row: next, unit: Math.min(to.row.count - 1, line * to.columns + column) };
}
