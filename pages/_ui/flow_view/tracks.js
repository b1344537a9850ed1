// Single images: many as thin lines, few as thick paths.

class Lines {
  constructor(model) {
    this.model = model;
    this.element = draw("g", { class: "lines", "aria-hidden": "true" });
    this.images = [];
  }

  // Many lines are thinner and fainter, so that they can be told from each other.
  show(images) {
    this.images = images;
    const many = Math.log10(Math.max(1, images.length));
    this.element.style.setProperty("--faint", clamp(1.15 - 0.25 * many, 0.35, 0.95));
    this.element.style.setProperty("--thin", `${clamp(2.8 - 0.6 * many, 1, 2.6)}px`);
    this.element.dataset.count = images.length;
  }

  draw(frame, pose) {
    const paths = new Map();
    for (const image of this.images) {
      const group = this.model.group[image];
      if (!paths.has(group)) paths.set(group, []);
      paths.get(group).push(lineOf(frame, pose, image, this.model));
    }
    this.element.replaceChildren(
      ...[...paths].map(([group, texts]) =>
        draw("path", { d: texts.join(""), style: `stroke: ${inkOf(group)}` }),
      ),
    );
  }
}

function lineOf(frame, pose, image, { images, layers }) {
  const places = layers.map((_, column) => frame.y(pose.lines[column * images + image]));
  return curve(frame, places);
}

// A line through one place in each column; NaN breaks it.
function curve(frame, places) {
  let text = "";
  places.forEach((y, column) => {
    if (Number.isNaN(y)) return;
    const [x, end, before] = [frame.x(column), frame.end(column), places[column - 1]];
    if (column && !Number.isNaN(before)) {
      const middle = round((frame.end(column - 1) + x) / 2);
      text += `C${middle} ${round(before)} ${middle} ${round(y)} ${round(x)} ${round(y)}`;
    } else text += `M${round(x)} ${round(y)}`;
    text += `H${round(end)}`;
  });
  return text;
}

class Tracks {
  constructor(model) {
    this.model = model;
    this.element = draw("g", { class: "tracks", "aria-hidden": "true" });
    this.tracks = [];
  }

  draw(frame, pose) {
    const paths = this.tracks.flatMap((track, at) => {
      const d = curve(
        frame,
        this.places(pose, at).map((place) => frame.y(place)),
      );
      const hem = draw("path", { d, class: "hem" });
      return [hem, draw("path", { d, class: `track ${track.look}` })];
    });
    this.element.replaceChildren(...paths);
  }

  // The height of a path in each column, NaN where it has no node. Paths that share a node
  // lie beside each other, unless an image has a line of its own.
  places(pose, at) {
    const track = this.tracks[at];
    const { images } = this.model;
    return track.nodes.map((index, column) => {
      if (index < 0) return NaN;
      if (track.image !== null) return pose.lines[column * images + track.image];
      const [top, bottom] = [pose.tops[index], pose.bottoms[index]];
      const sharing = this.tracks.filter(
        (one) => one.image === null && one.nodes[column] === index,
      );
      return top + ((bottom - top) * (sharing.indexOf(track) + 1)) / (sharing.length + 1);
    });
  }

  // What is marked of each path: place, colour, how sure, whether it is far from all others.
  marks(frame, pose) {
    return this.tracks.flatMap((track, at) =>
      this.places(pose, at).flatMap((place, column) => {
        if (Number.isNaN(place)) return [];
        const x = (frame.x(column) + frame.end(column)) / 2;
        const sure = track.confidences[column];
        return [
          { column, x, y: frame.y(place), at, look: track.look, sure, far: track.far[column] },
        ];
      }),
    );
  }
}
