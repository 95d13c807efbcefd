// Where in the timeline the window is, in words that stay true when photos come or go, kept in the browser's history.

const SETTLED_MS = 250;

/** A place is {month, number, awayPx}: a photo of a month, counted from 0, and how far below the window's top it is. */
export class PlaceKeeper {
  #grid;
  #source;
  #timer = 0;

  constructor(grid, source) {
    this.#grid = grid;
    this.#source = source;
    history.scrollRestoration = "manual";
    addEventListener("pagehide", () => this.#keep());
  }

  /** Note the place in a moment, when the scrolling has come to rest. */
  keepSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keep(), SETTLED_MS);
  }

  /** Return the place where the window is, null at the very top. */
  current() {
    const { layout, away } = this.#grid;
    if (away < 0 || layout.photos === 0) {
      return null;
    }
    const [row] = layout.rowsBetween(away, away);
    const [first] = layout.photosOf(row);
    const month = layout.monthOf(first);
    return {
      month: this.#source.outline.months[month].month,
      number: first - layout.monthFirst[month],
      awayPx: layout.rowTop(row) - away,
    };
  }

  /** Scroll to a place; where its month is gone, to the next older one. */
  show(place) {
    const photo = this.photoAt(place);
    if (photo !== null) {
      this.#show(photo, place.awayPx);
    }
  }

  /** Have photos go or come by `change`, with the first photo in the window that stays where it was. */
  keepStill(change) {
    const { layout, away } = this.#grid;
    const [first, end] = away < 0 ? [0, 0] : this.#grid.range();
    const shown = [];
    for (let photo = first; photo < end; photo += 1) {
      const awayPx = layout.rowTop(layout.rowOf(photo)) - away;
      const id = this.#source.at(photo)?.id;
      if (awayPx + layout.rowHeight(layout.rowOf(photo)) > 0 && id !== undefined) {
        shown.push({ id, awayPx });
      }
    }
    change();
    const kept = shown.find(({ id }) => this.#source.placeOf(id) !== null);
    if (kept) {
      this.#show(this.#source.placeOf(kept.id), kept.awayPx);
    }
  }

  #show(photo, awayPx) {
    const { layout } = this.#grid;
    this.#grid.goTo(layout.rowTop(layout.rowOf(photo)) - awayPx);
  }

  /** Return the number of the photo in a place, null for none. */
  photoAt(place) {
    const { layout } = this.#grid;
    const month = this.#source.outline.months.findIndex((other) => other.month <= place.month);
    if (month < 0) {
      return layout.photos > 0 ? layout.photos - 1 : null;
    }
    return Math.min(layout.monthFirst[month] + place.number, layout.monthFirst[month + 1] - 1);
  }

  /** Return what was kept when the page was left: {place, active}, each null if there is none. */
  kept() {
    return { place: history.state?.place ?? null, active: history.state?.active ?? null };
  }

  /** Note at once where the window is, and which photo is opened. */
  keepOpened(photo) {
    const month = this.#grid.layout.monthOf(photo);
    const number = photo - this.#grid.layout.monthFirst[month];
    this.#keep({ month: this.#source.outline.months[month].month, number, awayPx: 0 });
  }

  #keep(active = history.state?.active ?? null) {
    clearTimeout(this.#timer);
    if (this.#grid.layout !== null) {
      history.replaceState({ ...history.state, place: this.current(), active }, "");
    }
  }
}
