// Starts the gallery page: puts the timeline together, and keeps it up to date while photos come and change.

import { fetchPage } from "../page_source.js";
import { t } from "../texts.js";
import { SelectionBar } from "./actions.js";
import { Grid } from "./grid.js";
import { takeHands } from "./hands.js";
import { PlaceKeeper } from "./place.js";
import { Scrubber } from "./scrubber.js";
import { Selection } from "./selection.js";
import { Source } from "./source.js";
import { TileMaker } from "./tiles.js";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15000;

/** Start what the page has of the gallery; return a function to be called when a photo has been stored. */
export function startGallery(main) {
  const section = main.querySelector("[data-gallery]");
  if (section?.dataset.gallery === "empty") {
    return watchEmpty(main);
  }
  const timeline = section && new Timeline(section);
  timeline?.start();
  return () => timeline?.refreshSoon();
}

/** Show the first photos in an empty gallery as soon as they are there. */
function watchEmpty(main) {
  let onStored = async () => {
    const page = await fetchPage("/").catch(() => null);
    const fresh = page?.querySelector('[data-gallery="all"]');
    const empty = main.querySelector('[data-gallery="empty"]');
    if (fresh && empty) {
      empty.replaceWith(document.adoptNode(fresh));
      onStored = startGallery(main);
    }
  };
  return () => onStored();
}

class Timeline {
  #section;
  #root;
  #source;
  #grid;
  #places;
  #selection;
  #scrubber;
  #bar;
  #timer = null;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(section) {
    this.#section = section;
    this.#root = section.querySelector("[data-timeline]");
    this.#source = new Source(this.#root.dataset.outline, this.#root.dataset.stretches);
    this.#grid = new Grid(this.#root, this.#source, new TileMaker(section), {
      onDraw: (tile) => this.#selection.mark(tile),
      onMove: () => this.#moved(),
      onResize: () => this.#layOut(this.#places.current()),
    });
    this.#places = new PlaceKeeper(this.#grid, this.#source);
    this.#scrubber = new Scrubber(section.querySelector("[data-scrubber]"), this.#grid, this.#source);
    this.#selection = new Selection(this.#grid, this.#source, (count) => this.#showSelected(count));
    this.#bar = new SelectionBar(section.querySelector("[data-selection]"), this.#selection, () => this.#refresh());
    takeHands(this.#root, {
      grid: this.#grid,
      selection: this.#selection,
      bar: this.#bar,
      onOpen: (place) => this.#places.keepOpened(place),
    });
  }

  async start() {
    const { place, active } = this.#places.kept();
    const first = Number(this.#root.dataset.first);
    const photos = [...this.#root.querySelectorAll(".tile")].map(photoOfTile);
    try {
      this.#source.take(await this.#source.fetchOutline());
    } catch {
      this.#root.classList.add("timeline--plain"); // the list that came with the page is shown instead
      return;
    }
    this.#source.prime(first, photos);
    this.#root.classList.add("timeline--live");
    this.#section.querySelector("[data-pages]")?.remove();
    this.#layOut(place);
    if (active !== null) {
      this.#grid.focus(this.#places.photoAt(active));
      history.replaceState({ ...history.state, active: null }, "");
    }
    this.#watchStates();
    addEventListener("pageshow", (event) => event.persisted && this.#refresh()); // came back: photos may be gone
  }

  /** Look again in a moment, as something has just been stored. */
  refreshSoon() {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#timer ??= setTimeout(() => this.#refresh(), this.#pauseMs);
  }

  #layOut(place) {
    const hadFocus = this.#root.contains(document.activeElement);
    this.#scrubber.makeRoom();
    this.#grid.layOut();
    if (place) {
      this.#places.show(place);
      this.#grid.draw();
    }
    if (hadFocus && this.#source.outline.total > 0) {
      this.#grid.focus(this.#grid.active);
    }
    this.#scrubber.layOut();
  }

  #moved() {
    this.#scrubber.follow();
    this.#places.keepSoon();
  }

  #showSelected(count) {
    this.#bar.show(count);
    this.#root.classList.toggle("timeline--selecting", count > 0);
  }

  /** Fetch what has changed and show it without moving what the window shows. */
  async #refresh() {
    clearTimeout(this.#timer);
    this.#timer = null;
    try {
      const outline = await this.#source.fetchOutline();
      if (outline.version === this.#source.outline?.version) {
        await this.#source.reload(...this.#grid.range());
        this.#grid.fill();
      } else {
        const place = this.#places.current();
        await this.#source.change(outline, place ? firstOf(outline, place) : 0);
        this.#layOut(place);
        this.#section.querySelector(".heading__note").textContent = t("gallery.count", { count: outline.total });
      }
    } catch {
      // the gallery is away for a moment; what is shown stays
    }
    this.#watchStates();
  }

  /** Look again and again, ever less often, while a photo near the window isn't searchable yet. */
  #watchStates() {
    const isPending = this.#grid.tiles().some((tile) => ["stored", "processing"].includes(tile.dataset.state));
    if (isPending) {
      this.#timer ??= setTimeout(() => this.#refresh(), this.#pauseMs);
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 1.4);
    }
  }
}

/** Return about where in an outline a place is. */
function firstOf(outline, place) {
  const newer = outline.months.filter((other) => other.month > place.month);
  return newer.reduce((sum, month) => sum + month.count, place.number);
}

/** Read a photo from the tile that came with the page. */
function photoOfTile(tile) {
  const { photoId, day, colour, state } = tile.dataset;
  const picture = tile.querySelector("img");
  const [width, height] = [Number(picture.getAttribute("width")), Number(picture.getAttribute("height"))];
  return { id: photoId, name: picture.alt, day, width, height, dominant_colour: colour, state };
}
