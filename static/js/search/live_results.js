// Results that follow what is set on the page: fetched as a page of their own, of which the parts are taken over.

import { fetchPage } from "../page_source.js";
import { applyShapes } from "../shapes.js";
import { percentText } from "../texts.js";

const PAUSE_MS = 90;

export class LiveResults {
  #section;
  #timer = 0;
  #asking = null;

  /** `section`: what holds the parts, elements with `data-part`. */
  constructor(section) {
    this.#section = section;
  }

  /** Show in a moment what another address of this page finds; the newest one wins. */
  showSoon(url) {
    history.replaceState(history.state, "", url);
    this.#asking?.abort();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#show(url), PAUSE_MS);
  }

  async #show(url) {
    this.#asking = new AbortController();
    const results = this.#section.querySelector('[data-part="results"]');
    results.setAttribute("aria-busy", "true");
    const page = await fetchPage(url, { signal: this.#asking.signal }).catch(() => null);
    if (page !== null) {
      applyShapes(page);
      for (const part of page.querySelectorAll("[data-part]")) {
        const shown = this.#section.querySelector(`[data-part="${part.dataset.part}"]`);
        shown?.replaceChildren(...[...part.childNodes].map((node) => document.adoptNode(node)));
      }
      results.removeAttribute("aria-busy");
    }
  }
}

/** Let a form with sliders show its results while they are moved. */
export function startLiveForm(form) {
  const live = new LiveResults(form.closest("[data-live-results]"));
  form.addEventListener("input", ({ target }) => {
    sayPercent(target);
    live.showSoon(`${new URL(form.action).pathname}?${new URLSearchParams(new FormData(form))}`);
  });
}

/** Let a slider's number be seen and heard. */
function sayPercent(slider) {
  const text = percentText(slider.value);
  slider.setAttribute("aria-valuetext", text);
  slider.closest("label").querySelector("[data-percent]").textContent = text;
}
