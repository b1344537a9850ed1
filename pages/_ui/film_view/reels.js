// Files of frames, unpacked when they come and kept while the film has them.

class Reels {
  constructor() {
    this.pictures = new Map(); // digest -> { picture, header }, the picture perhaps on its way
    this.digests = [];
  }

  // Says when all reels are there; false if others came meanwhile.
  async load(reels) {
    const digests = reels.map(([digest]) => digest);
    this.wanted = digests.join();
    const added = [];
    for (const [digest, part] of reels) {
      if (this.pictures.has(digest)) continue;
      const { header, bytes } = part.packed;
      const entry = { header, picture: null };
      this.pictures.set(digest, entry);
      const file = new Blob([bytes], { type: "image/webp" });
      entry.coming = createImageBitmap(file).then((picture) => (entry.picture = picture));
      added.push(entry);
    }
    const wanted = this.wanted;
    await Promise.all(digests.map((digest) => this.pictures.get(digest)?.coming));
    if (wanted !== this.wanted) return false;
    this.digests = digests;
    this.drop();
    return true;
  }

  drop() {
    for (const [digest, { picture }] of [...this.pictures])
      if (!this.digests.includes(digest)) {
        picture?.close();
        this.pictures.delete(digest);
      }
  }

  // Copies a frame onto a canvas of its size.
  draw(canvas, reel, place) {
    const { picture, header } = this.pictures.get(this.digests[reel]);
    const { columns, width, height } = header;
    if (canvas.width !== width || canvas.height !== height)
      [canvas.width, canvas.height] = [width, height];
    const [x, y] = [width * (place % columns), height * Math.floor(place / columns)];
    canvas.getContext("2d").drawImage(picture, x, y, width, height, 0, 0, width, height);
  }

  close() {
    this.wanted = null;
    for (const { picture } of this.pictures.values()) picture?.close();
    this.pictures.clear();
  }
}
