// What can be done with one photo, on its own page and in the lightbox: boxes, zoom, a part to search with.

import { startBoxes } from "../boxes.js";
import { PartSearch } from "./part.js";
import { Stage } from "./stage.js";

export class Viewer {
  /** `photo`: the article of a photo. `onSwipe(way)`: see `Stage`. */
  constructor(photo, onSwipe = () => {}) {
    this.photo = photo;
    this.stage = new Stage(photo, onSwipe);
    this.part = new PartSearch(photo);
    startBoxes(photo);
    photo.querySelector("[data-part-button]")?.addEventListener("click", () => this.part.toggle());
  }

  get id() {
    return this.photo.dataset.photo;
  }

  get name() {
    return this.photo.querySelector(".side__name").textContent;
  }

  /** Do what a key asks for; tell whether it asks for anything. */
  press(key) {
    const acts = {
      "+": () => this.stage.zoomIn(),
      "=": () => this.stage.zoomIn(),
      "-": () => this.stage.zoomOut(),
      0: () => this.stage.reset(),
      f: () => this.stage.toggleOriginal(),
      c: () => this.part.toggle(),
    };
    acts[key]?.();
    return key in acts;
  }

  /** Leave what was begun, the part first, then the zoom; tell whether there was anything. */
  back() {
    if (this.part.isOpen) {
      this.part.close();
      return true;
    }
    const wasZoomed = this.stage.isZoomed;
    if (wasZoomed) {
      this.stage.reset();
    }
    return wasZoomed;
  }
}

/** Tell whether keys are meant for a field or another dialog and not for the photo. */
export function isElsewhere(event, lightbox) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
    return true;
  }
  const isTyping = event.target.closest?.("input:not([type=radio]), textarea, select, [contenteditable]");
  const others = [...document.querySelectorAll("dialog[open]")].some((dialog) => dialog !== lightbox);
  return Boolean(isTyping) || others;
}
