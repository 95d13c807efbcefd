// The photos of the timeline one after another, for whoever shows a single one of them.

export class TimelineSequence {
  #grid;
  #source;
  #place = 0; // of the photo that is shown, or was before it was left out

  constructor(grid, source) {
    this.#grid = grid;
    this.#source = source;
  }

  /** Begin with the photo of a tile. */
  from(tile) {
    this.#place = Number(tile.dataset.place);
    return this;
  }

  /** Return the id of the photo that comes after (1) or before (-1) another, null for none. */
  async step(id, way) {
    const place = this.#source.placeOf(id);
    const gap = way > 0 ? this.#place : this.#place - 1; // the one behind has moved up
    const next = place === null ? gap : place + way;
    if (next < 0 || next >= this.#source.outline.total) {
      return null;
    }
    await this.#source.load(next, next + 1);
    const photo = this.#source.at(next);
    if (photo === undefined) {
      return null;
    }
    this.#place = next;
    return photo.id;
  }

  /** Bring a photo into the window, as far as it is known where it is, and give it the focus. */
  reveal(id) {
    const { total } = this.#source.outline;
    if (total > 0) {
      this.#grid.focus(Math.min(this.#source.placeOf(id) ?? this.#place, total - 1));
    }
  }
}
