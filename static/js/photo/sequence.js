// Which photo comes next to the one that is open: among the tiles of a list, or in the whole timeline.

const AROUND = 3; // photos come and go, so that the open one may stand a little aside from where it was

/** Return the sequence that a tile belongs to. */
export function sequenceOf(tile) {
  const timeline = tile.closest("[data-timeline]");
  return timeline && tile.dataset.place !== undefined ? new TimelineSequence(timeline, tile) : new ListSequence(tile);
}

class ListSequence {
  #list;

  constructor(tile) {
    this.#list = tile.closest("[data-part], .similar, main");
  }

  /** Return the id of the photo that comes after (1) or before (-1) another, null for none. */
  async step(id, way, isHidden) {
    const ids = [...this.#list.querySelectorAll(".tile")].map((tile) => tile.dataset.photoId);
    return nextOf(ids, id, way, isHidden);
  }
}

class TimelineSequence {
  #url;
  #place;

  constructor(timeline, tile) {
    this.#url = timeline.dataset.stretches;
    this.#place = Number(tile.dataset.place);
  }

  async step(id, way, isHidden) {
    const first = Math.max(0, this.#place - AROUND);
    const answer = await fetch(`${this.#url}&offset=${first}&limit=${2 * AROUND + 1}`);
    const ids = (await answer.json()).items.map((photo) => photo.id);
    const next = nextOf(ids, id, way, isHidden);
    if (next !== null) {
      this.#place = first + ids.indexOf(next);
    }
    return next;
  }
}

function nextOf(ids, id, way, isHidden) {
  let place = ids.indexOf(id) + way;
  while (place >= 0 && place < ids.length && isHidden(ids[place])) {
    place += way;
  }
  return ids[place] ?? null;
}
