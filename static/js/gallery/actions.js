// What can be done with the selected photos, in a bar over the header: find similar ones, download, delete.

import { t } from "../texts.js";

const MOST_COMPARED = 20;
const MOST_DOWNLOADED = 5000;

export class SelectionBar {
  #bar;
  #selection;
  #deletion;

  constructor(bar, selection, deletion) {
    this.#bar = bar;
    this.#selection = selection;
    this.#deletion = deletion;
    const actions = {
      "[data-clear]": () => selection.clear(),
      "[data-similar]": () => this.#findSimilar(),
      "[data-download]": () => this.#download(),
      "[data-delete]": () => this.askToDelete(),
    };
    for (const [selector, act] of Object.entries(actions)) {
      bar.querySelector(selector).addEventListener("click", act);
    }
  }

  /** Show how many photos are selected; the bar is there only while some are. */
  show(count) {
    this.#bar.hidden = count === 0;
    this.#bar.querySelector("[data-count]").textContent = t("gallery.selected", { count });
  }

  askToDelete() {
    if (this.#selection.count > 0) {
      this.#deletion.ask(this.#selection.ids());
    }
  }

  #findSimilar() {
    if (this.#selection.count > MOST_COMPARED) {
      showToast(t("gallery.too_many_similar", { count: MOST_COMPARED }));
      return;
    }
    location.href = `/search/similar?ids=${this.#selection.ids().join(",")}`;
  }

  #download() {
    if (this.#selection.count > MOST_DOWNLOADED) {
      showToast(t("gallery.too_many_download", { count: MOST_DOWNLOADED }));
      return;
    }
    const form = document.querySelector("[data-zip-form]");
    form.elements.ids.value = this.#selection.ids().join(",");
    form.submit();
  }
}

function showToast(text) {
  const toast = document.querySelector("[data-toast]");
  toast.textContent = text;
  toast.classList.add("toast--shown");
  clearTimeout(showToast.timer);
  showToast.timer = setTimeout(() => toast.classList.remove("toast--shown"), 6000);
}
