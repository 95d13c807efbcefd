// Photos of an outline that are left out, by the server's places. Touches no page.

export class Gaps {
  #places;
  #before; // how many shown photos come before each place

  /** `places`: in any order, each once. */
  constructor(places) {
    this.#places = [...places].sort((a, b) => a - b);
    this.#before = this.#places.map((place, number) => place - number);
  }

  has(place) {
    return this.#places[countBelow(this.#places, place)] === place;
  }

  /** Return how many shown photos come before a place of the server's. */
  shown(place) {
    return place - countBelow(this.#places, place);
  }

  /** Return the server's place of the shown photo with that number. */
  served(number) {
    return number + countBelow(this.#before, number + 1);
  }

  /** Return an outline without the photos that are left out. */
  without(outline) {
    if (this.#places.length === 0) {
      return outline;
    }
    const left = new Set(this.#places);
    let end = 0;
    const months = outline.months.map(({ month, count }) => {
      const first = countBelow(this.#places, end);
      end += count;
      return { month, count: count - (countBelow(this.#places, end) - first) };
    });
    return {
      ...outline,
      total: outline.total - left.size,
      months: months.filter(({ count }) => count > 0),
      ratios: outline.ratios.filter((_, place) => !left.has(place)),
    };
  }
}

/** Return how many numbers of an ascending list are less than another. */
function countBelow(list, limit) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
