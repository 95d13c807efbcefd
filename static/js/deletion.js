// Deletes photos a while after it was asked for, so that it can be undone: until then they are only hidden.

import { t } from "./texts.js";

const UNDO_MS = 8000;
const DELETED_AT_ONCE = 500; // ids in one request: a page that is being left may still send 64 kB
const LEFT_KEY = "deletion"; // what the page that is opened next has to delete

/** Events: `hide` and `show` when photos should be seen no longer or again, `deleted` when they are gone; each {ids}. */
export class Deletion extends EventTarget {
  #toast = document.querySelector("[data-undo-toast]");
  #dialog = document.querySelector("[data-delete-dialog]");
  #hidden = new Set();
  #waiting = null; // {ids, timer, onUndo}
  #sure = null; // what to do once the question is answered with yes

  constructor() {
    super();
    this.#toast.querySelector("button").addEventListener("click", () => this.#undo());
    for (const [come, go] of [["pointerenter", "pointerleave"], ["focusin", "focusout"]]) {
      this.#toast.addEventListener(come, () => clearTimeout(this.#waiting?.timer)); // whoever is there needs no haste
      this.#toast.addEventListener(go, () => this.#settleLater());
    }
    document.addEventListener("keydown", (event) => this.#press(event));
    this.#dialog.addEventListener("close", () => this.#dialog.returnValue === "delete" && this.#sure());
    document.addEventListener("close", () => this.#placeToast(), { capture: true });
    addEventListener("pagehide", () => this.#settle());
    this.#goOn();
  }

  /** The photos that are to be deleted and can still be brought back. */
  get waiting() {
    return this.#waiting?.ids ?? [];
  }

  /** Ask whether photos shall be deleted, then hide them; `name` of the one photo if it is one. */
  ask(ids, { name = null, onHide = () => {}, onUndo = () => {} } = {}) {
    this.#question(ids, () => {
      this.#wait(ids, name, onUndo);
      onHide();
    });
  }

  /** Ask whether a photo shall be deleted, then leave its page for another, where it can be undone. */
  askAndLeave(id, name, address) {
    this.#question([id], () => {
      sessionStorage.setItem(LEFT_KEY, JSON.stringify({ ids: [id], name }));
      location.assign(address);
    });
  }

  /** Hide the tiles in an element whose photos are to be deleted. */
  mark(element) {
    for (const tile of element.querySelectorAll(".tile[data-photo-id]")) {
      this.markTile(tile);
    }
  }

  markTile(tile) {
    tile.classList.toggle("tile--gone", this.#hidden.has(tile.dataset.photoId));
  }

  #question(ids, sure) {
    this.#sure = sure;
    this.#dialog.querySelector("[data-question]").textContent = t("deletion.question", { count: ids.length });
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
  }

  #goOn() {
    const left = JSON.parse(sessionStorage.getItem(LEFT_KEY));
    sessionStorage.removeItem(LEFT_KEY);
    if (left !== null) {
      this.#wait(left.ids, left.name, () => {});
    }
  }

  #wait(ids, name, onUndo) {
    this.#settle();
    this.#waiting = { ids, onUndo, timer: 0 };
    this.#settleLater();
    this.#hide(ids, true);
    this.#show(name === null ? t("deletion.done", { count: ids.length }) : t("deletion.done_named", { name }), true);
  }

  #settleLater() {
    if (this.#waiting !== null) {
      clearTimeout(this.#waiting.timer);
      this.#waiting.timer = setTimeout(() => this.#settle(), UNDO_MS);
    }
  }

  #press(event) {
    const isUndo = event.key === "z" && (event.ctrlKey || event.metaKey) && !event.target.closest?.("input, textarea");
    if (isUndo && this.#waiting !== null) {
      event.preventDefault();
      this.#undo();
    }
  }

  #undo() {
    const { ids, timer, onUndo } = this.#waiting;
    const hadFocus = this.#toast.contains(document.activeElement);
    this.#waiting = null;
    clearTimeout(timer);
    this.#hide(ids, false);
    this.#toast.classList.remove("toast--shown");
    onUndo();
    if (hadFocus) {
      const tile = `.tile[data-photo-id="${ids[0]}"] .tile__link`;
      (document.querySelector("dialog[open] [data-act]") ?? document.querySelector(tile))?.focus();
    }
  }

  /** Delete for good what waits; a page that is being left still gets its requests sent. */
  async #settle() {
    if (this.#waiting === null) {
      return;
    }
    const { ids, timer } = this.#waiting;
    this.#waiting = null;
    clearTimeout(timer);
    this.#toast.classList.remove("toast--shown");
    const parts = Array.from({ length: Math.ceil(ids.length / DELETED_AT_ONCE) }, (_, number) =>
      ids.slice(number * DELETED_AT_ONCE, (number + 1) * DELETED_AT_ONCE));
    const kept = (await Promise.all(parts.map((part) => deleted(part).then((isDone) => (isDone ? [] : part))))).flat();
    if (kept.length > 0) {
      this.#hide(kept, false);
      this.#show(t("deletion.failed", { count: kept.length }), false);
    }
    this.#tell("deleted", ids);
  }

  #hide(ids, isHidden) {
    for (const id of ids) {
      this.#hidden[isHidden ? "add" : "delete"](id);
    }
    this.mark(document);
    this.#tell(isHidden ? "hide" : "show", ids);
  }

  #show(text, canBeUndone) {
    this.#placeToast();
    this.#toast.querySelector("span").textContent = text;
    this.#toast.querySelector("button").hidden = !canBeUndone;
    this.#toast.classList.add("toast--shown");
    if (!canBeUndone) {
      setTimeout(() => this.#toast.classList.remove("toast--shown"), UNDO_MS);
    }
  }

  /** Put the line where it can be used: what is outside of an open dialog can't. */
  #placeToast() {
    const place = document.querySelector("dialog[open]") ?? document.body;
    if (this.#toast.parentElement !== place) {
      place.append(this.#toast);
    }
  }

  #tell(name, ids) {
    this.dispatchEvent(new CustomEvent(name, { detail: { ids } }));
  }
}

/** Delete photos for good; tell whether all of them are gone. */
async function deleted(ids) {
  const headers = { "Content-Type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify({ ids }), keepalive: true };
  const answer = await fetch("/api/v1/images/delete", request).catch(() => null);
  return answer?.ok ?? false;
}
