// The elements that the timeline has on the page: tiles by their places, and the months that hold them.

export class Drawn {
  #root;
  #source;
  #maker;
  #onDraw;
  #layout = null;
  #slice = null;
  #tiles = new Map(); // place -> tile
  #months = new Map(); // month -> section
  #coloured = new Set(); // places of tiles that show no picture yet, as the photos flew by
  #spare = new Map(); // photo id -> tile that showed it before all was laid out anew

  /** `onDraw(tile, place)` is called for each tile that has been drawn or filled. */
  constructor(root, source, maker, onDraw) {
    this.#root = root;
    this.#source = source;
    this.#maker = maker;
    this.#onDraw = onDraw;
  }

  /** Begin anew with another layout or slice of it; photos that stay keep their elements, so that nothing flickers. */
  restart(layout, slice) {
    this.#layout = layout;
    this.#slice = slice;
    this.#spare = new Map(this.tiles().map((tile) => [tile.dataset.photoId, tile]));
    this.#tiles.clear();
    this.#coloured.clear();
    this.#months.clear();
    this.#root.replaceChildren();
    this.#root.style.height = `${slice.height}px`;
  }

  /** Have elements for the photos from `first` to before `end`, and for no others; `inColour`: without pictures. */
  show(first, end, inColour) {
    this.#drop(first, end);
    const later = [...this.#tiles.keys()].find((place) => place >= end); // the one with the focus
    let next = this.#tiles.get(later) ?? null;
    for (let place = end - 1; place >= first; place -= 1) {
      next = this.#tiles.get(place) ?? this.#add(place, next, inColour);
    }
    this.#spare.clear();
  }

  /** Show the photos that flew by and have come to rest. */
  fillColours() {
    for (const place of this.#coloured) {
      this.#fill(place, this.#tiles.get(place));
    }
    this.#coloured.clear();
  }

  /** Show what is known by now of the photos that are drawn. */
  fill() {
    for (const [place, tile] of this.#tiles) {
      this.#fill(place, tile);
    }
  }

  tiles() {
    return [...this.#tiles.values()];
  }

  linkAt(place) {
    return this.#tiles.get(place)?.querySelector(".tile__link");
  }

  #add(place, next, inColour) {
    const month = this.#layout.monthOf(place);
    const section = this.#months.get(month) ?? this.#addMonth(month);
    const { left, top, width, height } = this.#layout.place(place);
    const inMonth = { left, top: top - this.#monthStart(month), width, height };
    const tile = this.#spare.get(this.#source.at(place)?.id) ?? this.#maker.tile();
    this.#maker.put(tile, place, this.#layout.photos, inMonth);
    const list = section.querySelector(".month__photos");
    list.insertBefore(tile, next?.parentElement === list ? next : null);
    this.#tiles.set(place, tile);
    if (inColour) {
      this.#maker.tint(tile, this.#source.at(place));
      this.#coloured.add(place);
    } else {
      this.#fill(place, tile);
    }
    return tile;
  }

  #addMonth(month) {
    const start = this.#monthStart(month);
    const height = Math.min(this.#slice.end, this.#layout.monthTop[month + 1]) - start;
    const section = this.#maker.month(this.#source.outline.months[month].month, start - this.#slice.start, height);
    section.dataset.month = month;
    const later = [...this.#months.keys()].filter((other) => other > month);
    this.#root.insertBefore(section, later.length > 0 ? this.#months.get(Math.min(...later)) : null);
    this.#months.set(month, section);
    return section;
  }

  /** Return where a month begins in the slice: with its head, or above the slice. */
  #monthStart(month) {
    return Math.max(this.#slice.start, this.#layout.monthTop[month]);
  }

  #fill(place, tile) {
    const photo = this.#source.at(place);
    if (photo !== undefined) {
      this.#maker.fill(tile, photo);
    }
    this.#onDraw(tile, place);
  }

  /** Take away what is far from the window, but never the photo that has the focus. */
  #drop(first, end) {
    const months = new Set();
    for (const [place, tile] of this.#tiles) {
      const isNear = place >= first && place < end;
      if (isNear || tile.contains(document.activeElement)) {
        months.add(this.#layout.monthOf(place));
      } else {
        tile.remove();
        this.#tiles.delete(place);
        this.#coloured.delete(place);
      }
    }
    for (const [month, section] of this.#months) {
      if (!months.has(month)) {
        section.remove();
        this.#months.delete(month);
      }
    }
  }
}
