// What the gallery knows of its photos: the outline of all of them, and the photos themselves in stretches.

const STRETCH = 120;
const LONGEST_STRETCH = 500; // what the API gives at once
const MOST_KEPT = 20000;

/** A photo is {id, name, day, width, height, dominant_colour, state}, as the API gives it. */
export class Source {
  #outlineUrl;
  #stretchesUrl;
  #photos = new Map(); // place -> photo
  #underway = new Map(); // stretch -> promise

  constructor(outlineUrl, stretchesUrl) {
    this.#outlineUrl = outlineUrl;
    this.#stretchesUrl = stretchesUrl;
    this.outline = null;
    this.onLoad = () => {}; // called when more photos are known
  }

  /** Fetch the outline: {version, total, months: [{month, count}], ratios}. It isn't gone over to. */
  async fetchOutline() {
    const response = await fetch(this.#outlineUrl);
    if (!response.ok) {
      throw new Error(`The timeline can't be read: ${response.status}`);
    }
    const outline = await response.json();
    outline.ratios = outline.ratios.map((thousandths) => thousandths / 1000);
    return outline;
  }

  /** Go over to another outline; what is known of photos in the old one's places is forgotten. */
  take(outline) {
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

  /** Take photos over that came with the page. */
  prime(first, photos) {
    photos.forEach((photo, number) => this.#photos.set(first + number, photo));
  }

  at(place) {
    return this.#photos.get(place);
  }

  has(first, end) {
    for (let place = first; place < end; place += 1) {
      if (!this.#photos.has(place)) {
        return false;
      }
    }
    return true;
  }

  /** Resolve once the photos from `first` to before `end` are known, or can't be. */
  async load(first, end) {
    this.#letGo(first, end);
    const asked = [];
    for (let stretch = Math.floor(first / STRETCH); stretch * STRETCH < end; stretch += 1) {
      const start = stretch * STRETCH;
      if (!this.has(start, Math.min(start + STRETCH, this.outline.total))) {
        asked.push(this.#loadOnce(stretch));
      }
    }
    await Promise.all(asked);
  }

  /** Fetch photos anew, as their states may have changed. */
  async reload(first, end) {
    const { items } = await this.#fetch(first, Math.min(end - first, LONGEST_STRETCH));
    this.prime(first, items);
  }

  /** Return the ids of the photos from `first` to before `end`, fetching what isn't known. */
  async ids(first, end) {
    const ids = [];
    for (let start = first; start < end; start += LONGEST_STRETCH) {
      const limit = Math.min(LONGEST_STRETCH, end - start);
      const known = this.has(start, start + limit);
      const photos = known ? this.#known(start, limit) : (await this.#fetch(start, limit)).items;
      ids.push(...photos.map((photo) => photo.id));
    }
    return ids;
  }

  #known(first, count) {
    return Array.from({ length: count }, (_, number) => this.#photos.get(first + number));
  }

  #loadOnce(stretch) {
    if (!this.#underway.has(stretch)) {
      const outline = this.outline;
      const loading = this.#fetch(stretch * STRETCH, STRETCH)
        .then((answer) => this.outline === outline && this.#learn(stretch * STRETCH, answer.items))
        .catch(() => {}) // asked for again when it is next looked at
        .finally(() => this.outline === outline && this.#underway.delete(stretch));
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
