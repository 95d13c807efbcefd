// The strip at the side of the timeline: years where they stand, a mark where the window is, any month by a drag.

import { monthText } from "../texts.js";

const LEAST_PHOTOS = 150; // a timeline of fewer needs no strip
const YEAR_PX = 26; // labels that would stand closer are left out
const TICK_PX = 7;

export class Scrubber {
  #element;
  #grid;
  #source;
  #named = null; // the month whose name is shown

  constructor(element, grid, source) {
    this.#element = element;
    this.#grid = grid;
    this.#source = source;
    element.addEventListener("pointerdown", (event) => this.#grab(event));
    element.addEventListener("pointermove", (event) => this.#point(event));
    element.addEventListener("pointerup", () => this.#release());
    element.addEventListener("lostpointercapture", () => this.#release());
    element.addEventListener("keydown", (event) => this.#step(event));
  }

  /** Take the room that the strip needs, before the photos are laid out beside it. */
  makeRoom() {
    this.#element.hidden = this.#source.outline.total < LEAST_PHOTOS;
    this.#element.parentElement.classList.toggle("gallery--long", !this.#element.hidden);
  }

  /** Place the years anew, as the timeline has been laid out. */
  layOut() {
    this.#named = null;
    this.#element.setAttribute("aria-valuemax", this.#source.outline.months.length - 1);
    const labels = this.#element.querySelector("[data-years]");
    labels.replaceChildren(...(this.#element.hidden ? [] : this.#years()));
    this.follow();
  }

  /** Move the mark to where the window is. */
  follow() {
    if (this.#element.hidden) {
      return;
    }
    const { layout, away } = this.#grid;
    this.#element.style.setProperty("--at", Math.min(1, Math.max(0, away / this.#scrollable())));
    this.#name(layout.monthAt(Math.max(0, away + 1)));
  }

  #years() {
    const height = this.#element.clientHeight;
    const pieces = [];
    let lastYear = null;
    let lastPx = -YEAR_PX;
    let lastTickPx = -TICK_PX;
    this.#source.outline.months.forEach(({ month }, number) => {
      const share = Math.min(1, this.#grid.layout.monthTop[number] / this.#scrollable());
      const year = month.slice(0, 4);
      if (year !== lastYear && share * height - lastPx >= YEAR_PX) {
        pieces.push(piece("scrubber__year", share, year));
        lastPx = share * height;
        lastTickPx = lastPx + YEAR_PX / 2;
      } else if (share * height - lastTickPx >= TICK_PX && share * height - lastPx >= YEAR_PX / 2) {
        pieces.push(piece("scrubber__tick", share, ""));
        lastTickPx = share * height;
      }
      lastYear = year;
    });
    return pieces;
  }

  #grab(event) {
    event.preventDefault();
    this.#element.setPointerCapture(event.pointerId);
    this.#element.classList.add("scrubber--held");
    this.#element.focus({ preventScroll: true });
    this.#goTo(this.#shareAt(event));
  }

  #point(event) {
    const share = this.#shareAt(event);
    this.#element.style.setProperty("--pointed", share);
    if (this.#element.classList.contains("scrubber--held")) {
      this.#goTo(share);
    } else {
      this.#name(this.#grid.layout.monthAt(share * this.#scrollable() + 1));
    }
  }

  #release() {
    this.#element.classList.remove("scrubber--held");
  }

  #step(event) {
    const last = this.#source.outline.months.length - 1;
    const { layout, away } = this.#grid;
    const now = layout.monthAt(Math.max(0, away + 1));
    const month = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + 12, PageUp: now - 12, Home: 0, End: last }[event.key];
    if (month !== undefined) {
      event.preventDefault();
      const target = Math.min(last, Math.max(0, month));
      this.#grid.goTo(layout.monthTop[target] + 1);
      this.#element.style.setProperty("--pointed", layout.monthTop[target] / this.#scrollable());
    }
  }

  #goTo(share) {
    this.#grid.goTo(share * this.#scrollable());
  }

  #shareAt(event) {
    const { top, height } = this.#element.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientY - top) / height));
  }

  #scrollable() {
    return Math.max(1, this.#grid.layout.height - this.#grid.windowPx / 2);
  }

  #name(month) {
    if (month === this.#named) {
      return;
    }
    this.#named = month;
    this.#element.setAttribute("aria-valuenow", month);
    const text = monthText(this.#source.outline.months[month].month);
    this.#element.setAttribute("aria-valuetext", text);
    this.#element.querySelector("[data-month-name]").textContent = text;
  }
}

function piece(name, share, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  element.style.top = `${100 * share}%`;
  return element;
}
