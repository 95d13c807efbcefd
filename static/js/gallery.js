// The grid of all photos: older ones come by themselves, new ones and changed states appear without a reload.

import { fetchPage } from "./page_source.js";
import { applyShapes } from "./shapes.js";

const OLDER_AHEAD_PX = 1500;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15000;

export function startGallery(main) {
  const section = main.querySelector("[data-gallery]");
  if (section) {
    appendOlder(section);
  }
  const isNewest = section && section.dataset.gallery !== "filtered" && !new URLSearchParams(location.search).has("cursor");
  if (!isNewest) {
    return () => {};
  }
  const refresher = new Refresher(main);
  refresher.whilePending();
  return () => refresher.soon();
}

function appendOlder(section) {
  const link = section.querySelector("[data-older]");
  if (!link) {
    return;
  }
  const observer = new IntersectionObserver(
    async ([entry]) => {
      if (!entry.isIntersecting) {
        return;
      }
      observer.unobserve(link);
      const next = await takeOlder(section, link).catch(() => null); // the plain link stays and can be clicked
      if (next) {
        link.href = next;
        observer.observe(link);
      }
    },
    { rootMargin: `${OLDER_AHEAD_PX}px` },
  );
  observer.observe(link);
}

async function takeOlder(section, link) {
  const page = await fetchPage(link.href);
  const grid = section.querySelector("[data-grid]");
  applyShapes(page);
  for (const tile of page.querySelectorAll("[data-grid] > .tile")) {
    if (!tileOf(grid, tile.dataset.photoId)) {
      grid.append(document.adoptNode(tile));
    }
  }
  const next = page.querySelector("[data-older]");
  if (!next) {
    link.parentElement.remove();
  }
  return next?.getAttribute("href");
}

class Refresher {
  #main;
  #timer = null;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(main) {
    this.#main = main;
  }

  /** Look again in a moment, as something has just been stored. */
  soon() {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#schedule();
  }

  /** Look again and again, ever less often, while a photo that is shown isn't searchable yet. */
  whilePending() {
    if (this.#main.querySelector('.tile[data-state="stored"], .tile[data-state="processing"]')) {
      this.#schedule();
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 1.4);
    }
  }

  #schedule() {
    this.#timer ??= setTimeout(() => this.#refresh(), this.#pauseMs);
  }

  async #refresh() {
    this.#timer = null;
    try {
      mergeNewest(this.#main, await fetchPage("/"));
    } catch {
      // the gallery is away for a moment; whilePending asks again
    }
    this.whilePending();
  }
}

function mergeNewest(main, page) {
  applyShapes(page);
  const fresh = page.querySelector('[data-gallery="all"]');
  const section = main.querySelector("[data-gallery]");
  if (!fresh || !section) {
    return;
  }
  if (section.dataset.gallery === "empty") {
    section.replaceWith(document.adoptNode(fresh));
    appendOlder(main.querySelector("[data-gallery]"));
    return;
  }
  section.querySelector(".heading__note").textContent = fresh.querySelector(".heading__note").textContent;
  const grid = section.querySelector("[data-grid]");
  for (const tile of [...fresh.querySelectorAll("[data-grid] > .tile")].reverse()) {
    mergeTile(grid, document.adoptNode(tile));
  }
}

function mergeTile(grid, tile) {
  const shown = tileOf(grid, tile.dataset.photoId);
  if (!shown) {
    grid.prepend(tile);
    return;
  }
  if (shown.dataset.state !== tile.dataset.state) {
    shown.dataset.state = tile.dataset.state;
    shown.querySelector(".badge")?.remove();
    shown.querySelector(".tile__link").append(...tile.querySelectorAll(".badge"));
  }
}

function tileOf(grid, id) {
  return grid.querySelector(`.tile[data-photo-id="${CSS.escape(id)}"]`);
}
