// Search with a part of a photo: a box is drawn over it, or moved there with the keyboard.

import { PlacedBox, placeIn, smallestAt } from "../placed_box.js";
import { t } from "../texts.js";

const FIRST_BOX = [0.25, 0.25, 0.75, 0.75];

export class PartSearch {
  #photo;
  #frame;
  #layer = null;
  #placed = null;
  #before = null; // what had the focus

  constructor(photo) {
    this.#photo = photo;
    this.#frame = photo.querySelector(".stage__frame");
  }

  get isOpen() {
    return this.#layer !== null;
  }

  toggle() {
    if (this.isOpen) {
      this.close();
    } else {
      this.#open();
    }
  }

  close() {
    this.#layer?.remove();
    this.#layer = null;
    this.#photo.classList.remove("photo--part");
    this.#before?.focus({ preventScroll: true });
  }

  #open() {
    this.#before = document.activeElement;
    this.#photo.classList.add("photo--part");
    this.#layer = document.createElement("div");
    this.#layer.className = "part";
    const go = document.createElement("button");
    go.type = "button";
    go.className = "button button--main part__go";
    go.textContent = t("photo.search_part");
    go.addEventListener("click", () => this.#search());
    go.addEventListener("pointerdown", (event) => event.stopPropagation());
    this.#layer.append(go);
    this.#frame.append(this.#layer);
    this.#place(FIRST_BOX);
    this.#placed.element.focus({ preventScroll: true });
    this.#layer.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.#placed.element.remove();
      this.#place(smallestAt(placeIn(this.#layer, event)));
      this.#placed.hold(event, "se");
      this.#placed.element.focus({ preventScroll: true });
    });
  }

  #place(box) {
    this.#placed = new PlacedBox(this.#layer, "", box, {
      change: () => {},
      choose: () => {},
      remove: () => this.close(),
      name: ({ box: sides }) => {
        const [left, top, right, bottom] = sides.map((side) => Math.round(100 * side));
        return t("photo.part", { left, top, width: right - left, height: bottom - top });
      },
    });
    this.#placed.element.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        this.#search();
      }
    });
  }

  #search() {
    const examples = JSON.stringify([{ id: this.#photo.dataset.photo, box: this.#placed.box }]);
    location.assign(`/search/similar?${new URLSearchParams({ examples })}`);
  }
}
