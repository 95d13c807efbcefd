// Which photos of the timeline are near the window, and so on the page, and which one the keyboard is at.

import { Drawn } from "./drawn.js";
import { Layout } from "./layout.js";
import { Slice } from "./slice.js";

const AHEAD_SHARE = 0.75; // of the window's height, drawn above and below it
const MOST_AHEAD_PX = 900;
const FAST_PX = 1500; // between two drawings of one movement
const FLIGHT_MS = 200; // drawings farther apart belong to different movements
const SETTLED_MS = 90;
const HEAD_PX = 52;
const EDGE_PX = 12;

export class Grid {
  #root;
  #source;
  #drawn;
  #layout = null;
  #slice = null;
  #shown = { away: 0, atMs: 0 }; // where the window was at the last drawing, and when
  #top = 0; // where the timeline begins on the page, in px
  #frame = 0;
  #settled = 0;

  /**
   * `onDraw(tile, place)` is called for each tile that has been drawn or filled, `onMove()` after each drawing, and
   * `onResize()` when the photos should be laid out anew.
   */
  constructor(root, source, maker, { onDraw, onMove, onResize }) {
    this.#root = root;
    this.#source = source;
    this.#drawn = new Drawn(root, source, maker, (tile, place) => {
      tile.querySelector(".tile__link").tabIndex = place === this.active ? 0 : -1;
      onDraw(tile, place);
    });
    this.onMove = onMove;
    this.onResize = onResize;
    this.active = 0; // the photo that the keyboard is at
    this.windowPx = innerHeight;
    source.onLoad = () => this.fill();
    addEventListener("scroll", () => this.#drawSoon(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(root);
  }

  get layout() {
    return this.#layout;
  }

  /** Lay all photos out anew and draw those near the window, or those near another place: `away` px from the top. */
  layOut(away = null) {
    const { months, ratios } = this.#source.outline;
    this.#layout = new Layout(months.map((month) => month.count), ratios, this.#sizes());
    this.#slice = new Slice(this.#layout.height);
    this.active = Math.min(this.active, Math.max(0, ratios.length - 1));
    this.#drawn.restart(this.#layout, this.#slice);
    this.#top = this.#root.getBoundingClientRect().top + scrollY;
    if (away === null) {
      this.draw();
    } else {
      this.goTo(away);
    }
  }

  /** Draw what is near the window now and fetch what isn't known of it. */
  draw() {
    const at = scrollY - this.#top; // read first: once elements have changed, it costs a layout
    this.windowPx = innerHeight; // the same
    if (this.#slice.follow(at)) {
      this.#move();
    }
    this.#show();
  }

  /** Scroll to where the window is `away` px from the timeline's top. */
  goTo(away) {
    const furthest = Math.max(0, this.#layout.height - innerHeight);
    if (this.#slice.goTo(Math.min(away, furthest))) {
      this.#drawn.restart(this.#layout, this.#slice);
    }
    this.#scroll();
    this.draw();
  }

  /** How far the window is from the timeline's top, in px. */
  get away() {
    return this.#slice.start + this.#slice.at;
  }

  /** Return the first place near the window and the one after the last; `share` of the window's height is near it. */
  range(share = AHEAD_SHARE) {
    if (this.#layout.photos === 0) {
      return [0, 0];
    }
    const ahead = Math.min(MOST_AHEAD_PX, share * this.windowPx);
    const [firstRow, lastRow] = this.#layout.rowsBetween(this.away - ahead, this.away + this.windowPx + ahead);
    return [this.#layout.photosOf(firstRow)[0], this.#layout.photosOf(lastRow)[1]];
  }

  /** Show what is known by now of the photos that are drawn. */
  fill() {
    this.#drawn.fill();
  }

  tiles() {
    return this.#drawn.tiles();
  }

  /** Scroll so far that a photo is in the window, and give it the focus. */
  focus(place) {
    this.reveal(place);
    this.activate(place);
    this.#drawn.linkAt(place).focus({ preventScroll: true });
  }

  /** Make a photo the one that the Tab key comes to. */
  activate(place) {
    this.#drawn.linkAt(this.active)?.setAttribute("tabindex", "-1");
    this.active = place;
    this.#drawn.linkAt(place).tabIndex = 0;
  }

  placeOf(element) {
    const tile = element.closest?.(".tile");
    return tile?.dataset.place === undefined ? null : Number(tile.dataset.place);
  }

  /** Scroll so far that a photo is in the window. */
  reveal(place) {
    const row = this.#layout.rowOf(place);
    const [top, bottom] = [this.#layout.rowTop(row), this.#layout.rowTop(row) + this.#layout.rowHeight(row)];
    const covered = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) + HEAD_PX;
    if (top < this.away + covered) {
      this.goTo(top - covered);
    } else if (bottom > this.away + innerHeight - EDGE_PX) {
      this.goTo(bottom - innerHeight + EDGE_PX);
    }
  }

  /** Have another slice of the timeline on the page, with the window where it is in the timeline. */
  #move() {
    this.#drawn.restart(this.#layout, this.#slice);
    this.#scroll();
  }

  #scroll() {
    scrollTo({ top: this.#top + this.#slice.at, behavior: "instant" });
  }

  #show() {
    const isFast = this.#isFlying();
    const [first, end] = this.range(isFast ? 0 : AHEAD_SHARE);
    this.#drawn.show(first, end, isFast);
    clearTimeout(this.#settled);
    if (isFast) {
      this.#settled = setTimeout(() => this.draw(), SETTLED_MS);
    } else {
      this.#drawn.fillColours();
      this.#source.load(first, end);
    }
    this.onMove();
  }

  /** Tell whether photos fly by: only their colours are shown then, and none are fetched. */
  #isFlying() {
    const [movedPx, pauseMs] = [Math.abs(this.away - this.#shown.away), performance.now() - this.#shown.atMs];
    this.#shown = { away: this.away, atMs: performance.now() };
    return movedPx > FAST_PX && pauseMs < FLIGHT_MS;
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
}
