// What is known of a photo, beside it or beneath it in the lightbox: shown or not, as it was chosen last.

const KEY = "photo-info";

export class InfoPanel {
  #dialog;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#show(localStorage.getItem(KEY) === "shown");
  }

  /** Show it, or come back to it if one has scrolled away; hide it where it is in sight. */
  toggle() {
    const isShown = !(this.#dialog.classList.contains("lightbox--info") && this.#isInSight);
    localStorage.setItem(KEY, isShown ? "shown" : "hidden");
    this.#show(isShown);
    this.#dialog.querySelector("[data-lightbox-content]").scrollTop = 0;
  }

  get #isInSight() {
    const { top, bottom } = this.#dialog.querySelector(".side").getBoundingClientRect();
    return top < innerHeight && bottom > 0.2 * innerHeight;
  }

  #show(isShown) {
    this.#dialog.classList.toggle("lightbox--info", isShown);
    this.#dialog.querySelector('[data-act="info"]').setAttribute("aria-pressed", String(isShown));
  }
}
