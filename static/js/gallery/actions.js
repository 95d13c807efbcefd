// What can be done with the selected photos, in a bar over the header: find similar ones, download, delete.

import { t } from "../texts.js";

const MOST_COMPARED = 20;
const MOST_DOWNLOADED = 5000;
const DELETED_AT_ONCE = 4;

export class SelectionBar {
  #bar;
  #selection;
  #dialog;

  /** `onDeleted(ids)` is called when photos have been deleted. */
  constructor(bar, selection, onDeleted) {
    this.#bar = bar;
    this.#selection = selection;
    this.#dialog = document.querySelector("[data-delete-dialog]");
    this.onDeleted = onDeleted;
    const actions = {
      "[data-clear]": () => selection.clear(),
      "[data-similar]": () => this.#findSimilar(),
      "[data-download]": () => this.#download(),
      "[data-delete]": () => this.askToDelete(),
    };
    for (const [selector, act] of Object.entries(actions)) {
      bar.querySelector(selector).addEventListener("click", act);
    }
    this.#dialog.addEventListener("close", () => this.#dialog.returnValue === "delete" && this.#delete());
  }

  /** Show how many photos are selected; the bar is there only while some are. */
  show(count) {
    this.#bar.hidden = count === 0;
    this.#say(t("gallery.selected", { count }));
  }

  askToDelete() {
    const count = this.#selection.count;
    if (count > 0) {
      this.#dialog.returnValue = "";
      this.#dialog.querySelector("[data-question]").textContent = t("gallery.delete_question", { count });
      this.#dialog.showModal();
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

  async #delete() {
    const waiting = this.#selection.ids();
    const count = waiting.length;
    const gone = [];
    const deleteSome = async () => {
      while (waiting.length > 0) {
        const id = waiting.pop();
        const answer = await fetch(`/api/v1/images/${id}`, { method: "DELETE" }).catch(() => null);
        if (answer?.ok || answer?.status === 404) {
          gone.push(id);
        }
        this.#say(t("gallery.deleting", { done: gone.length, count }));
      }
    };
    await Promise.all(Array.from({ length: DELETED_AT_ONCE }, deleteSome));
    this.#selection.drop(gone);
    showToast(t("gallery.deleted", { count: gone.length }));
    if (gone.length < count) {
      showToast(t("gallery.not_deleted", { count: count - gone.length }));
    }
    this.onDeleted();
  }

  #say(text) {
    this.#bar.querySelector("[data-count]").textContent = text;
  }
}

function showToast(text) {
  const toast = document.querySelector("[data-toast]");
  toast.textContent = text;
  toast.classList.add("toast--shown");
  clearTimeout(showToast.timer);
  showToast.timer = setTimeout(() => toast.classList.remove("toast--shown"), 6000);
}
