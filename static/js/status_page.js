// The status page: its parts are replaced when they are different, and its buttons work in place.

import { fetchPage } from "./page_source.js";

const SOON_MS = 400;
const BUSY_MS = 600; // while upkeep goes on
const IDLE_MS = 10000; // what nobody tells of: memory, neighbours

export function startStatusPage(section, live) {
  new StatusPage(section, live);
}

class StatusPage {
  #section;
  #timer = null;
  #due = Infinity;

  constructor(section, live) {
    this.#section = section;
    for (const event of ["situation", "photos", "behind"]) {
      live.addEventListener(event, () => this.#refreshIn(SOON_MS));
    }
    section.addEventListener("submit", (event) => this.#submit(event));
    this.#refreshIn(this.#pauseMs());
  }

  #pauseMs() {
    return this.#section.querySelector("[data-busy]") ? BUSY_MS : IDLE_MS;
  }

  #refreshIn(pauseMs) {
    const due = performance.now() + pauseMs;
    if (due < this.#due) {
      clearTimeout(this.#timer);
      this.#due = due;
      this.#timer = setTimeout(() => this.#refresh(), pauseMs);
    }
  }

  async #refresh() {
    this.#due = Infinity;
    if (!document.hidden) {
      await this.#show(fetchPage(location.pathname));
    }
    this.#refreshIn(this.#pauseMs());
  }

  async #submit(event) {
    if (event.target.matches("[data-in-place]")) {
      event.preventDefault();
      const options = { method: "POST", body: new URLSearchParams(new FormData(event.target)) };
      await this.#show(fetchPage(event.target.action, options));
      this.#refreshIn(SOON_MS);
    }
  }

  async #show(asked) {
    const page = await asked.catch(() => null); // the gallery is away for a moment; what is shown stays
    for (const fresh of page?.querySelectorAll("[data-live]") ?? []) {
      const shown = this.#section.querySelector(`[data-live="${fresh.dataset.live}"]`);
      if (shown && !shown.isEqualNode(fresh)) {
        this.#tellEnds(shown, fresh);
        replaceKeepingFocus(shown, document.adoptNode(fresh));
      }
    }
  }

  /** Say what came of upkeep that has ended; what is replaced isn't read aloud by itself. */
  #tellEnds(shown, fresh) {
    for (const line of shown.querySelectorAll("[data-under-way]")) {
      const now = fresh.querySelector(`[data-upkeep="${line.dataset.upkeep}"]:not([data-under-way])`);
      if (now) {
        this.#section.querySelector("[data-said]").textContent = now.querySelector("[data-result]").textContent;
      }
    }
  }
}

function replaceKeepingFocus(shown, fresh) {
  const focused = shown.contains(document.activeElement) ? document.activeElement : null;
  shown.replaceWith(fresh);
  if (focused !== null) {
    const again = document.getElementById(focused.id); // a photo that was tried again has left the list
    (again ?? document.querySelector("main")).focus({ preventScroll: true });
  }
}
