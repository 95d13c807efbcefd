// Deletes photos a while after it was asked for, so that it can be undone: until then they are only hidden.

import { t } from "../texts.js";

const UNDO_MS = 6000;

export class Deletion {
  #toast;
  #dialog;
  #hidden = new Set();
  #waiting = null; // {id, timer, onUndo}
  #sheet = new CSSStyleSheet();
  #sure = null; // what to do once the question is answered with yes

  /** `onDeleted(id)` is called when a photo is gone. */
  constructor(onDeleted) {
    this.#toast = document.querySelector("[data-undo-toast]");
    this.#dialog = document.querySelector("[data-delete-photo]");
    this.onDeleted = onDeleted;
    document.adoptedStyleSheets.push(this.#sheet);
    this.#toast.querySelector("button").addEventListener("click", () => this.#undo());
    this.#dialog.addEventListener("close", () => this.#dialog.returnValue === "delete" && this.#sure?.());
    addEventListener("pagehide", () => this.#settle());
  }

  isHidden(id) {
    return this.#hidden.has(id);
  }

  /** Ask whether a photo shall be deleted, then hide it; `acts`: {onHide(), onUndo()}. */
  ask(id, name, { onHide, onUndo }) {
    this.#sure = () => {
      this.#settle();
      this.#hide(id, true);
      this.#waiting = { id, onUndo, timer: setTimeout(() => this.#settle(), UNDO_MS) };
      onHide();
      this.#show(t("photo.deleted", { name }));
    };
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
  }

  #undo() {
    const { id, timer, onUndo } = this.#waiting;
    this.#waiting = null;
    clearTimeout(timer);
    this.#hide(id, false);
    this.#toast.classList.remove("toast--shown");
    onUndo();
  }

  /** Delete for good what waits; a page that is being left still gets its request sent. */
  async #settle() {
    if (this.#waiting === null) {
      return;
    }
    const { id, timer } = this.#waiting;
    this.#waiting = null;
    clearTimeout(timer);
    this.#toast.classList.remove("toast--shown");
    const answer = await fetch(`/api/v1/images/${id}`, { method: "DELETE", keepalive: true }).catch(() => null);
    if (answer?.ok || answer?.status === 404) {
      this.onDeleted(id);
    } else {
      this.#hide(id, false);
      this.#show(t("photo.not_deleted"), false);
    }
  }

  #hide(id, isHidden) {
    this.#hidden[isHidden ? "add" : "delete"](id);
    const rules = [...this.#hidden].map((one) => `.tile[data-photo-id="${one}"] { visibility: hidden }`);
    this.#sheet.replaceSync(rules.join("\n"));
  }

  #show(text, canBeUndone = true) {
    // What is outside of an open dialog can't be used.
    (document.querySelector("dialog[open]") ?? document.body).append(this.#toast);
    this.#toast.querySelector("span").textContent = text;
    this.#toast.querySelector("button").hidden = !canBeUndone;
    this.#toast.classList.add("toast--shown");
    if (!canBeUndone) {
      setTimeout(() => this.#toast.classList.remove("toast--shown"), UNDO_MS);
    }
  }
}
