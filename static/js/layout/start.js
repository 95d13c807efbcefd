// The search by layout: things are placed in a frame, and the photos that show them there follow.

import { changed, PlacedBox, placeIn, smallestAt } from "../placed_box.js";
import { LiveResults } from "../search/live_results.js";
import { t } from "../texts.js";

const FIRST_BOX = [0.3, 0.3, 0.7, 0.7];
const ASIDE = 0.06; // so far a new box stands from the one before
const MOST_BOXES = 20;
const SIDES = ["left", "top", "width", "height"];

export function startLayout(desk) {
  new LayoutDesk(desk);
}

class LayoutDesk {
  #desk;
  #frame;
  #live;
  #boxes = [];
  #chosen = null;
  #label = "person"; // what is drawn in the empty frame

  constructor(desk) {
    this.#desk = desk;
    this.#frame = desk.querySelector("[data-frame]");
    this.#live = new LiveResults(desk.closest("[data-live-results]"));
    for (const { label, box } of JSON.parse(desk.dataset.boxes)) {
      this.#add(label, box);
    }
    this.#show();
    this.#takeFrame();
    this.#takeLabels();
    this.#takeNumbers();
    desk.querySelector("[data-clear-boxes]").addEventListener("click", () => this.#clear());
    desk.addEventListener("change", (event) => {
      if (event.target.name === "shape") {
        this.#reshape(event.target.value);
      }
    });
  }

  #add(label, box) {
    this.#label = label;
    const placed = new PlacedBox(this.#frame, label, box, {
      change: (changedBox) => this.#changed(changedBox),
      choose: (chosen) => this.#choose(chosen),
      remove: (removed) => this.#remove(removed),
      name: ({ label: name, box: [left, top, right, bottom] }) =>
        t("layout.box", { label: name, left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top) }),
    });
    this.#boxes.push(placed);
    return placed;
  }

  /** Put a new thing beside the last one, and go to it. */
  #addAside(label) {
    if (this.#boxes.length < MOST_BOXES) {
      const away = ASIDE * ((this.#boxes.length % 5) - 1);
      const placed = this.#add(label, changed(FIRST_BOX, null, away, away));
      placed.element.focus({ preventScroll: true });
      this.#changed(placed);
    }
  }

  #takeFrame() {
    this.#frame.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && this.#boxes.length < MOST_BOXES) {
        event.preventDefault();
        const placed = this.#add(this.#label, smallestAt(placeIn(this.#frame, event)));
        placed.element.focus({ preventScroll: true });
        placed.hold(event, "se");
        this.#changed(placed);
      }
    });
  }

  #takeLabels() {
    const filter = this.#desk.querySelector("[data-label-filter]");
    const buttons = [...this.#desk.querySelectorAll("[data-label]")];
    const shown = () => buttons.filter((button) => !button.parentElement.hidden);
    filter.addEventListener("input", () => {
      const typed = filter.value.trim().toLowerCase();
      for (const button of buttons) {
        button.parentElement.hidden = !button.dataset.label.includes(typed);
      }
    });
    filter.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && shown().length > 0) {
        event.preventDefault();
        this.#addAside((shown().find((button) => button.dataset.label === filter.value.trim()) ?? shown()[0]).dataset.label);
      }
    });
    for (const button of buttons) {
      button.addEventListener("click", () => this.#addAside(button.dataset.label));
    }
  }

  /** The same without dragging: the chosen box's sides as numbers. */
  #takeNumbers() {
    const numbers = this.#desk.querySelector("[data-numbers]");
    numbers.addEventListener("input", () => {
      const [left, top, width, height] = SIDES.map((side) => Number(numbers.querySelector(`[name="${side}"]`).value) / 100);
      if (this.#chosen && width > 0 && height > 0) {
        const right = Math.min(1, left + width);
        this.#chosen.put([Math.min(left, right - 0.01), Math.min(top, 0.99), right, Math.min(1, top + height)]);
      }
    });
    this.#desk.querySelector("[data-remove]").addEventListener("click", () => this.#chosen && this.#remove(this.#chosen));
  }

  #choose(placed) {
    this.#chosen = placed;
    for (const one of this.#boxes) {
      one.element.classList.toggle("placed--chosen", one === placed);
    }
    this.#showNumbers();
  }

  #changed(placed) {
    if (placed === this.#chosen) {
      this.#showNumbers();
    }
    this.#show();
    this.#live.showSoon(this.#url());
  }

  #remove(placed) {
    placed.element.remove();
    const place = this.#boxes.indexOf(placed);
    this.#boxes.splice(place, 1);
    this.#choose(null);
    this.#boxes[Math.min(place, this.#boxes.length - 1)]?.element.focus();
    this.#changed(placed);
  }

  #clear() {
    for (const placed of this.#boxes.splice(0)) {
      placed.element.remove();
    }
    this.#choose(null);
    this.#changed(null);
  }

  #reshape(shape) {
    const [width, height] = shape.split(":").map(Number);
    this.#desk.dataset.shape = shape;
    this.#frame.dataset.ratio = width / height;
    this.#frame.style.setProperty("--ratio", width / height);
    this.#live.showSoon(this.#url());
  }

  #showNumbers() {
    const numbers = this.#desk.querySelector("[data-numbers]");
    this.#desk.querySelector("[data-more]").hidden = this.#chosen === null;
    if (this.#chosen !== null) {
      const [left, top, right, bottom] = this.#chosen.box;
      numbers.querySelector("[data-numbers-title]").textContent = this.#chosen.label;
      [left, top, right - left, bottom - top].forEach((share, number) => {
        const field = numbers.querySelector(`[name="${SIDES[number]}"]`);
        if (field !== document.activeElement) {
          field.value = percent(share);
        }
      });
    }
  }

  #show() {
    this.#desk.querySelector("[data-frame-hint]").hidden = this.#boxes.length > 0;
    this.#desk.querySelector(".layout__actions").hidden = this.#boxes.length === 0;
    this.#desk.querySelector("[data-search-text]").value = JSON.stringify({ boxes: this.#shapes() });
  }

  #shapes() {
    return this.#boxes.map(({ label, box }) => ({ label, box }));
  }

  #url() {
    const values = new URLSearchParams({ shape: this.#desk.dataset.shape });
    if (this.#boxes.length > 0) {
      values.set("boxes", JSON.stringify(this.#shapes()));
    }
    return `${location.pathname}?${values}`;
  }
}

function percent(share) {
  return Math.round(100 * share);
}
