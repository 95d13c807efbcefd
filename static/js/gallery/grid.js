// The timeline on the page: of all photos only those near the window have elements, wherever it is scrolled to.

import { Layout } from "./layout.js";

const AHEAD_SHARE = 0.75; // of the window's height, drawn above and below it
const MOST_AHEAD_PX = 900;
const FAST_PX = 2500; // between two frames: the photos flying by aren't fetched
const SETTLED_MS = 90;
const HEAD_PX = 52;

export class Grid {
  #root;
  #source;
  #maker;
  #layout = null;
  #tiles = new Map(); // place -> tile
  #months = new Map(); // month -> section
  #spare = new Map(); // photo id -> tile that showed it before all was laid out anew
  #top = 0;
  #y = 0; // where the window was at the last drawing
  #frame = 0;
  #settled = 0;

  /**
   * `onDraw(tile, place)` is called for each tile that has been drawn or filled, `onMove()` after each drawing, and
   * `onResize()` when the photos should be laid out anew.
   */
  constructor(root, source, maker, { onDraw, onMove, onResize }) {
    this.#root = root;
    this.#source = source;
    this.#maker = maker;
    this.onDraw = onDraw;
    this.onMove = onMove;
    this.onResize = onResize;
    this.active = 0; // the photo that the keyboard is at
    source.onLoad = () => this.fill();
    addEventListener("scroll", () => this.#drawSoon(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(root);
  }

  get layout() {
    return this.#layout;
  }

  /** Where the timeline begins on the page, in px. */
  get top() {
    return this.#top;
  }

  /** Lay all photos out anew and draw those near the window. */
  layOut() {
    const { months, ratios } = this.#source.outline;
    this.#layout = new Layout(months.map((month) => month.count), ratios, this.#sizes());
    this.active = Math.min(this.active, Math.max(0, ratios.length - 1));
    this.#clear();
    this.#root.style.height = `${this.#layout.height}px`;
    this.#top = this.#root.getBoundingClientRect().top + scrollY;
    this.draw();
    this.#spare.clear();
  }

  /** Draw what is near the window now and fetch what isn't known of it. */
  draw() {
    const movedPx = Math.abs(scrollY - this.#y); // read first: once elements have changed, it costs a layout
    this.#y = scrollY;
    const [first, end] = this.range();
    this.#drop(first, end);
    let next = null;
    for (let place = end - 1; place >= first; place -= 1) {
      next = this.#tiles.get(place) ?? this.#add(place, next);
    }
    this.#fetchMissing(first, end, movedPx > FAST_PX);
    this.onMove();
  }

  /** How far the window is from the timeline's top, in px. */
  get away() {
    return this.#y - this.#top;
  }

  /** Return the first place near the window and the one after the last. */
  range() {
    if (this.#layout.photos === 0) {
      return [0, 0];
    }
    const ahead = Math.min(MOST_AHEAD_PX, AHEAD_SHARE * innerHeight);
    const top = this.away;
    const [firstRow, lastRow] = this.#layout.rowsBetween(top - ahead, top + innerHeight + ahead);
    return [this.#layout.photosOf(firstRow)[0], this.#layout.photosOf(lastRow)[1]];
  }

  /** Show what is known by now of the photos that are drawn. */
  fill() {
    for (const [place, tile] of this.#tiles) {
      this.#fill(place, tile);
    }
  }

  tiles() {
    return this.#tiles.values();
  }

  months() {
    return this.#months.entries();
  }

  /** Scroll so far that a photo is in the window, and give it the focus. */
  focus(place) {
    this.#reveal(place);
    this.draw();
    this.activate(place);
    linkOf(this.#tiles.get(place)).focus({ preventScroll: true });
  }

  /** Make a photo the one that the Tab key comes to. */
  activate(place) {
    const before = this.#tiles.get(this.active);
    if (before) {
      linkOf(before).tabIndex = -1;
    }
    this.active = place;
    linkOf(this.#tiles.get(place)).tabIndex = 0;
  }

  placeOf(element) {
    const tile = element.closest?.(".tile");
    return tile?.dataset.place === undefined ? null : Number(tile.dataset.place);
  }

  #reveal(place) {
    const row = this.#layout.rowOf(place);
    const top = this.#top + this.#layout.rowTop(row);
    const covered = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) + HEAD_PX;
    if (top < scrollY + covered) {
      scrollTo({ top: top - covered, behavior: "instant" });
    } else if (top + this.#layout.rowHeight(row) > scrollY + innerHeight - 12) {
      scrollTo({ top: top + this.#layout.rowHeight(row) - innerHeight + 12, behavior: "instant" });
    }
  }

  #sizes() {
    const width = this.#root.clientWidth;
    const style = getComputedStyle(this.#root);
    const row = Math.round(Math.min(240, Math.max(118, 64 + 0.11 * innerWidth)));
    return { width, row, gap: Number.parseFloat(style.getPropertyValue("--gap")), head: HEAD_PX };
  }

  #drawSoon() {
    if (this.#layout !== null && this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.draw();
      });
    }
  }

  #resized() {
    if (this.#layout !== null && this.#root.clientWidth !== this.#layout.width) {
      this.onResize();
    }
  }

  #fetchMissing(first, end, isFast) {
    clearTimeout(this.#settled);
    if (this.#source.has(first, end)) {
      return;
    }
    if (isFast) {
      this.#settled = setTimeout(() => this.#source.load(first, end), SETTLED_MS);
    } else {
      this.#source.load(first, end);
    }
  }

  #add(place, next) {
    const month = this.#layout.monthOf(place);
    const section = this.#months.get(month) ?? this.#addMonth(month);
    const { left, top, width, height } = this.#layout.place(place);
    const inMonth = { left, top: top - this.#layout.monthTop[month], width, height };
    const tile = this.#spare.get(this.#source.at(place)?.id) ?? this.#maker.tile();
    this.#maker.put(tile, place, this.#layout.photos, inMonth);
    linkOf(tile).tabIndex = place === this.active ? 0 : -1;
    const list = section.querySelector(".month__photos");
    list.insertBefore(tile, next?.parentElement === list ? next : null);
    this.#tiles.set(place, tile);
    this.#fill(place, tile);
    return tile;
  }

  #addMonth(month) {
    const top = this.#layout.monthTop[month];
    const height = this.#layout.monthTop[month + 1] - top;
    const section = this.#maker.month(this.#source.outline.months[month].month, top, height);
    section.dataset.month = month;
    const later = [...this.#months.keys()].filter((other) => other > month);
    this.#root.insertBefore(section, later.length > 0 ? this.#months.get(Math.min(...later)) : null);
    this.#months.set(month, section);
    return section;
  }

  #fill(place, tile) {
    const photo = this.#source.at(place);
    if (photo !== undefined) {
      this.#maker.fill(tile, photo);
    }
    this.onDraw(tile, place);
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
      }
    }
    for (const [month, section] of this.#months) {
      if (!months.has(month)) {
        section.remove();
        this.#months.delete(month);
      }
    }
  }

  #clear() {
    for (const tile of this.#tiles.values()) {
      this.#spare.set(tile.dataset.photoId, tile);
    }
    this.#tiles.clear();
    this.#months.clear();
    this.#root.replaceChildren();
  }
}

function linkOf(tile) {
  return tile.querySelector(".tile__link");
}
