// What the gallery knows of its photos: the outline of all of them, and the photos themselves in stretches.

import { Gaps } from "./gaps.js";

const STRETCH = 120;
const LONGEST_STRETCH = 500; // what the API gives at once
const MOST_KEPT = 20000;

/**
 * A photo is {id, name, day, width, height, dominant_colour, state}, as the API gives it. Places are those of the
 * photos that are shown; the server's places also count those that are left out because they are to be deleted.
 */
export class Source {
  #outlineUrl;
  #stretchesUrl;
  #whole = null; // the outline with those that are left out
  #gaps = new Gaps([]);
  #photos = new Map(); // the server's place -> photo
  #underway = new Map(); // stretch -> promise

  constructor(outlineUrl, stretchesUrl) {
    this.#outlineUrl = outlineUrl;
    this.#stretchesUrl = stretchesUrl;
    this.outline = null;
    this.onLoad = () => {}; // called when more photos are known
  }

  /** Fetch the outline: {version, total, months: [{month, count}], ratios}; null if it is still the one that is known. */
  async fetchOutline() {
    const headers = this.#whole === null ? {} : { "If-None-Match": `"${this.#whole.version}"` };
    const response = await fetch(this.#outlineUrl, { headers });
    if (response.status === 304) {
      return null;
    }
    if (!response.ok) {
      throw new Error(`The timeline can't be read: ${response.status}`);
    }
    const outline = await response.json();
    outline.ratios = outline.ratios.map((thousandths) => thousandths / 1000);
    return outline;
  }

  /** Go over to another outline; what is known of photos in the old one's places is forgotten. */
  take(outline) {
    this.#whole = outline;
    this.#gaps = new Gaps([]);
    this.outline = outline;
    this.#photos.clear();
    this.#underway.clear();
  }

  /** Go over to another outline once the photos around a place are known in it, so that nothing flickers. */
  async change(outline, place) {
    const first = Math.max(0, place - STRETCH);
    const { items } = await this.#fetch(first, 3 * STRETCH);
    this.take(outline);
    this.prime(first, items);
  }

  /** Leave photos out, as far as it is known where they stand. */
  leaveOut(ids) {
    const wanted = new Set(ids);
    const found = [...this.#photos].filter(([, photo]) => wanted.has(photo.id)).map(([place]) => place);
    this.#gaps = new Gaps(found);
    this.outline = this.#gaps.without(this.#whole);
  }

  /** Take photos over that came with the page. */
  prime(first, photos) {
    photos.forEach((photo, number) => this.#photos.set(first + number, photo));
  }

  /** Note the states of photos; tell whether all of these photos are known. */
  note(photos) {
    const states = new Map(photos.map(({ id, state }) => [id, state]));
    for (const photo of this.#photos.values()) {
      if (states.has(photo.id)) {
        photo.state = states.get(photo.id);
        states.delete(photo.id);
      }
    }
    return states.size === 0;
  }

  /** Return where a photo is shown, null if that isn't known or it is left out. */
  placeOf(id) {
    for (const [place, photo] of this.#photos) {
      if (photo.id === id) {
        return this.#gaps.has(place) ? null : this.#gaps.shown(place);
      }
    }
    return null;
  }

  at(place) {
    return this.#photos.get(this.#gaps.served(place));
  }

  has(first, end) {
    return this.#hasServed(...this.#servedRange(first, end));
  }

  /** Resolve once the photos from `first` to before `end` are known, or can't be. */
  async load(first, end) {
    const [start, stop] = this.#servedRange(first, end);
    this.#letGo(start, stop);
    const asked = [];
    for (let stretch = Math.floor(start / STRETCH); stretch * STRETCH < stop; stretch += 1) {
      if (!this.#hasServed(stretch * STRETCH, Math.min((stretch + 1) * STRETCH, this.#whole.total))) {
        asked.push(this.#loadOnce(stretch));
      }
    }
    await Promise.all(asked);
  }

  /** Fetch photos anew, as their states may have changed. */
  async reload(first, end) {
    const [start, stop] = this.#servedRange(first, end);
    const { items } = await this.#fetch(start, Math.min(stop - start, LONGEST_STRETCH));
    this.prime(start, items);
  }

  /** Return the ids of the photos from `first` to before `end`, fetching what isn't known. */
  async ids(first, end) {
    const [from, to] = this.#servedRange(first, end);
    const ids = [];
    for (let start = from; start < to; start += LONGEST_STRETCH) {
      const limit = Math.min(LONGEST_STRETCH, to - start);
      if (!this.#hasServed(start, start + limit)) {
        this.prime(start, (await this.#fetch(start, limit)).items);
      }
      ids.push(...this.#shown(start, limit).map((photo) => photo.id));
    }
    return ids;
  }

  #servedRange(first, end) {
    return end > first ? [this.#gaps.served(first), this.#gaps.served(end - 1) + 1] : [first, first];
  }

  #hasServed(first, end) {
    for (let place = first; place < end; place += 1) {
      if (!this.#photos.has(place)) {
        return false;
      }
    }
    return true;
  }

  #shown(first, count) {
    const places = Array.from({ length: count }, (_, number) => first + number);
    const shown = places.filter((place) => !this.#gaps.has(place));
    return shown.map((place) => this.#photos.get(place)).filter((photo) => photo !== undefined);
  }

  #loadOnce(stretch) {
    if (!this.#underway.has(stretch)) {
      const outline = this.#whole;
      const loading = this.#fetch(stretch * STRETCH, STRETCH)
        .then((answer) => this.#whole === outline && this.#learn(stretch * STRETCH, answer.items))
        .catch(() => {}) // asked for again when it is next looked at
        .finally(() => this.#whole === outline && this.#underway.delete(stretch));
      this.#underway.set(stretch, loading);
    }
    return this.#underway.get(stretch);
  }

  async #fetch(offset, limit) {
    const response = await fetch(`${this.#stretchesUrl}&offset=${offset}&limit=${limit}`);
    if (!response.ok) {
      throw new Error(`Photos can't be read: ${response.status}`);
    }
    return response.json();
  }

  #learn(first, photos) {
    this.prime(first, photos);
    this.onLoad();
  }

  #letGo(first, end) {
    if (this.#photos.size > MOST_KEPT) {
      const kept = [...this.#photos].filter(([place]) => place >= first - STRETCH && place < end + STRETCH);
      this.#photos = new Map(kept);
    }
  }
}
