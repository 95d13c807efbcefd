// The slice of a timeline that stands on the page: browsers can't scroll through more px than some millions. Touches no page.
//
// Near both ends of the page, and while somebody scrolls by hand, a px of the page is one of the timeline. A jump, as by
// the scroll bar, leads to the same share of both. The slice moves along when the window comes near its end.

const HIGHEST_PX = 8_000_000;
const END_PX = 100_000; // at both ends of the page
const NEAR_PX = 20_000; // of an end of the slice
const JUMP_PX = 8_000; // between two frames

export class Slice {
  #full;

  /** `fullPx`: the height of the timeline. */
  constructor(fullPx, highestPx = HIGHEST_PX) {
    this.#full = fullPx;
    this.height = Math.min(fullPx, highestPx);
    this.start = 0; // what of the timeline is above the slice
    this.at = 0; // where the window was last, in px from the slice's top
  }

  get end() {
    return this.start + this.height;
  }

  /** Take note of where the window has come; tell whether another slice is needed for it, beginning at `start`. */
  follow(at) {
    const moved = Math.abs(at - this.at);
    this.at = at;
    if (this.height === this.#full) {
      return false;
    }
    const nearStart = at < NEAR_PX && this.start > 0;
    const nearEnd = at > this.height - NEAR_PX && this.end < this.#full;
    return (moved > JUMP_PX && this.#goTo(this.#away(at))) || ((nearStart || nearEnd) && this.#goTo(this.start + at));
  }

  /** Move so that a place of the timeline is where it belongs; tell whether the slice is another one then. */
  goTo(away) {
    if (this.height === this.#full) {
      this.at = away;
      return false;
    }
    return this.#goTo(away);
  }

  #goTo(away) {
    const before = this.start;
    this.start = Math.round(Math.min(this.#full - this.height, Math.max(0, away - this.#at(away))));
    this.at = away - this.start;
    return this.start !== before;
  }

  get #scale() {
    return (this.#full - 2 * END_PX) / (this.height - 2 * END_PX);
  }

  /** Return what of the timeline belongs to a place of the page. */
  #away(at) {
    if (at <= END_PX) {
      return at;
    }
    if (at >= this.height - END_PX) {
      return this.#full - (this.height - at);
    }
    return END_PX + (at - END_PX) * this.#scale;
  }

  #at(away) {
    if (away <= END_PX) {
      return away;
    }
    if (away >= this.#full - END_PX) {
      return this.height - (this.#full - away);
    }
    return END_PX + (away - END_PX) / this.#scale;
  }
}
