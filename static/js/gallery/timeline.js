// The timeline of the gallery page: puts its parts together, and keeps it up to date while photos come and change.

import { setSequence } from "../photo/sequence.js";
import { t } from "../texts.js";
import { SelectionBar } from "./actions.js";
import { Grid } from "./grid.js";
import { takeHands } from "./hands.js";
import { PlaceKeeper } from "./place.js";
import { Refresher } from "./refresher.js";
import { Scrubber } from "./scrubber.js";
import { Selection } from "./selection.js";
import { TimelineSequence } from "./sequence.js";
import { Source } from "./source.js";
import { photoOfTile, TileMaker } from "./tiles.js";

const PENDING_STATES = new Set(["stored", "processing"]);

export class Timeline {
  #section;
  #root;
  #source;
  #grid;
  #places;
  #selection;
  #scrubber;
  #bar;
  #deletion;
  #refresher;

  constructor(section, deletion) {
    this.#section = section;
    this.#deletion = deletion;
    this.#root = section.querySelector("[data-timeline]");
    this.#source = new Source(this.#root.dataset.outline, this.#root.dataset.stretches);
    this.#grid = new Grid(this.#root, this.#source, new TileMaker(section), {
      onDraw: (tile) => {
        this.#selection.mark(tile);
        deletion.markTile(tile);
      },
      onMove: () => this.#moved(),
      onResize: () => this.#layOut(this.#places.current()),
    });
    this.#places = new PlaceKeeper(this.#grid, this.#source);
    this.#scrubber = new Scrubber(section.querySelector("[data-scrubber]"), this.#grid, this.#source);
    this.#selection = new Selection(this.#grid, this.#source, (count) => this.#showSelected(count));
    setSequence(this.#root, new TimelineSequence(this.#grid, this.#source));
    this.#bar = new SelectionBar(section.querySelector("[data-selection]"), this.#selection, deletion);
    takeHands(this.#root, {
      grid: this.#grid,
      selection: this.#selection,
      bar: this.#bar,
      onOpen: (place) => this.#places.keepOpened(place),
    });
    this.#refresher = new Refresher({
      look: () => this.#look(),
      mayLook: () => deletion.waiting.length === 0, // looked at again when they are deleted
      isPending: () => this.#grid.tiles().some((tile) => PENDING_STATES.has(tile.dataset.state)),
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
    this.#source.leaveOut(this.#deletion.waiting);
    this.#layOut(place);
    if (active !== null) {
      this.#grid.focus(this.#places.photoAt(active));
      history.replaceState({ ...history.state, active: null }, "");
    }
    this.#refresher.watch();
    this.#followDeletion();
    addEventListener("pageshow", (event) => event.persisted && this.#refresher.now()); // came back: photos may be gone
  }

  #followDeletion() {
    this.#deletion.addEventListener("hide", ({ detail }) => this.#selection.drop(detail.ids));
    for (const name of ["hide", "show"]) {
      this.#deletion.addEventListener(name, () => this.#closeGaps());
    }
    this.#deletion.addEventListener("deleted", () => this.#refresher.now());
  }

  /** Show other states of photos that are known; look again in a moment if there may be others. */
  hear({ items, many }) {
    if (!many && this.#source.outline !== null && this.#source.note(items)) {
      this.#grid.fill();
    } else {
      this.#refresher.soon();
    }
  }

  /** Leave out what is to be deleted. */
  #closeGaps() {
    this.#places.keepStill(() => {
      this.#source.leaveOut(this.#deletion.waiting);
      this.#layOut(null);
    });
    this.#showCount();
  }

  #showCount() {
    this.#section.querySelector(".heading__note").textContent = t("gallery.count", { count: this.#source.outline.total });
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
  async #look() {
    try {
      await this.#take(await this.#source.fetchOutline());
    } catch {
      // the gallery is away for a moment; what is shown stays
    }
  }

  async #take(outline) {
    if (outline === null) {
      await this.#source.reload(...this.#grid.range());
      this.#grid.fill();
      return;
    }
    const place = this.#places.current();
    await this.#source.change(outline, place ? firstOf(outline, place) : 0);
    this.#layOut(place);
    this.#showCount();
  }
}

/** Return about where in an outline a place is. */
function firstOf(outline, place) {
  const newer = outline.months.filter((other) => other.month > place.month);
  return newer.reduce((sum, month) => sum + month.count, place.number);
}
