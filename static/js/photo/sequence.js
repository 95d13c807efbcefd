// Which photo comes next to the one that is open: in what the tile's list says itself, or among the tiles of the list.

const sequences = new WeakMap(); // element -> sequence

/** Have an element's tiles followed by a sequence of its own: {from(tile), step(id, way, hidden), reveal(id)}. */
export function setSequence(element, sequence) {
  sequences.set(element, sequence);
}

/** Return the sequence that a tile belongs to. */
export function sequenceOf(tile) {
  const own = tile.dataset.place === undefined ? undefined : sequences.get(tile.closest("[data-timeline]"));
  return own?.from(tile) ?? new ListSequence(tile);
}

class ListSequence {
  #list;

  constructor(tile) {
    this.#list = tile.closest("[data-part], .similar, main");
  }

  /** Return the id of the photo that comes after (1) or before (-1) another, null for none; `hidden`: ids left out. */
  async step(id, way, hidden) {
    const ids = [...this.#list.querySelectorAll(".tile")].map((tile) => tile.dataset.photoId);
    let place = ids.indexOf(id) + way;
    while (place >= 0 && place < ids.length && hidden.includes(ids[place])) {
      place += way;
    }
    return ids[place] ?? null;
  }

  /** Bring a photo into the window and give it the focus. */
  reveal(id) {
    const link = this.#list.querySelector(`.tile[data-photo-id="${id}"] .tile__link`);
    link?.scrollIntoView({ block: "nearest" });
    link?.focus({ preventScroll: true });
  }
}
