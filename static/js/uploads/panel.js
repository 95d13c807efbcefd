// The list of uploads: a row for each file with its progress, its state and, if it failed, why and a retry.
//
// Thousands of files may be in it, so only the rows near what is shown have elements, all of one height.

import { FINAL_STATES } from "../state_watch.js";
import { t, translated } from "../texts.js";

const ROW_PX = 64;
const MOST_ROWS = 100;
const FIRST_AHEAD = 40; // rows above what is shown

export class UploadPanel {
  #element;
  #scroller;
  #list;
  #entries = new Set();
  #shown = []; // the entries that the list goes through: all, or those that failed
  #rows = new Map(); // entry -> its row
  #onlyFailed = false;
  #frame = 0;

  /** `onRetry(entry)` is called to try one again. */
  constructor(element, onRetry) {
    this.#element = element;
    this.#scroller = this.#find("[data-uploads-scroll]");
    this.#list = this.#find("[data-uploads-rows]");
    this.onRetry = onRetry;
    this.#scroller.addEventListener("scroll", () => this.#drawSoon());
    this.#find("[data-uploads-close]").addEventListener("click", () => this.#close());
    this.#find("[data-uploads-filter]").addEventListener("click", () => this.#filter(!this.#onlyFailed));
    this.#find("[data-uploads-retry-all]").addEventListener("click", () => this.#retry(this.#failed()));
  }

  /** Show a new entry, or one that has changed. */
  show(entry) {
    if (!this.#entries.has(entry)) {
      this.#entries.add(entry);
      this.#element.hidden = false;
    }
    this.#drawSoon();
  }

  /** Say how many files of a folder were left out. */
  tellLeftOut(count) {
    const note = this.#find("[data-uploads-note]");
    note.hidden = count === 0;
    note.textContent = t("uploads.left_out", { count });
    this.#element.hidden &&= count === 0;
  }

  #drawSoon() {
    this.#frame ||= setTimeout(() => {
      this.#frame = 0;
      this.#draw();
    }, 30); // not by frames, of which a hidden page has none
  }

  #draw() {
    const failed = this.#failed();
    if (failed.length === 0) {
      this.#onlyFailed = false;
    }
    this.#shown = this.#onlyFailed ? failed : [...this.#entries];
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / ROW_PX) - FIRST_AHEAD);
    const drawn = this.#shown.slice(first, first + MOST_ROWS);
    this.#keepOnly(new Set(drawn));
    drawn.forEach((entry, number) => this.#place(this.#rowOf(entry), number));
    this.#list.style.paddingTop = `${first * ROW_PX}px`;
    this.#list.style.paddingBottom = `${(this.#shown.length - first - drawn.length) * ROW_PX}px`;
    this.#summarise(failed.length);
  }

  #keepOnly(entries) {
    for (const [entry, row] of this.#rows) {
      if (!entries.has(entry)) {
        row.remove();
        this.#rows.delete(entry);
      }
    }
  }

  #place(row, number) {
    if (this.#list.children[number] !== row) {
      this.#list.insertBefore(row, this.#list.children[number] ?? null);
    }
  }

  #rowOf(entry) {
    const row = this.#rows.get(entry) ?? this.#newRow(entry);
    const name = row.querySelector(".upload__name");
    const state = row.querySelector(".upload__state");
    row.dataset.state = entry.state;
    name.textContent = entry.name;
    state.textContent = stateText(entry);
    state.title = state.textContent;
    row.querySelector(".upload__progress").value = entry.progress;
    row.querySelector(".upload__retry").hidden = entry.state !== "failed";
    this.#showPhoto(row, entry);
    return row;
  }

  #newRow(entry) {
    const row = this.#find("[data-upload-row]").content.firstElementChild.cloneNode(true);
    const retry = row.querySelector(".upload__retry");
    retry.addEventListener("click", () => this.#retry([entry]));
    retry.setAttribute("aria-label", t("uploads.retry", { name: entry.name }));
    this.#rows.set(entry, row);
    return row;
  }

  #retry(entries) {
    this.#scroller.focus({ preventScroll: true }); // as the button will be gone
    entries.forEach(this.onRetry);
  }

  #showPhoto(row, entry) {
    const frame = row.querySelector(".upload__picture");
    if (entry.id !== null && frame.childElementCount === 0) {
      const picture = new Image(40, 40);
      picture.alt = ""; // the name stands beside it
      picture.loading = "lazy";
      picture.src = `/api/v1/images/${entry.id}/thumbnail?size=256`;
      frame.append(picture);
      row.querySelector(".upload__name").href = `/photos/${entry.id}`;
    }
  }

  #summarise(failed) {
    const entries = [...this.#entries];
    const settled = entries.filter((entry) => FINAL_STATES.has(entry.state)).length;
    const isDone = settled === entries.length;
    this.#say("[data-uploads-title]", t(isDone ? "uploads.done" : "uploads.working"));
    this.#say("[data-uploads-count]", t("uploads.progress", { settled, total: entries.length }));
    const progress = this.#find("[data-uploads-progress]");
    progress.hidden = isDone;
    progress.max = Math.max(1, entries.length);
    progress.value = entries.reduce((sum, entry) => sum + shareOf(entry), 0);
    this.#find("[data-uploads-failures]").hidden = failed === 0;
    this.#say("[data-uploads-filter]", t("uploads.failures", { count: failed }));
    this.#find("[data-uploads-filter]").setAttribute("aria-pressed", this.#onlyFailed);
  }

  /** Change a text if it is another one, as some are read aloud. */
  #say(selector, text) {
    const element = this.#find(selector);
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }

  #failed() {
    return [...this.#entries].filter((entry) => entry.state === "failed");
  }

  #filter(onlyFailed) {
    this.#onlyFailed = onlyFailed;
    this.#scroller.scrollTop = 0;
    this.#draw();
  }

  #close() {
    for (const entry of this.#entries) {
      if (FINAL_STATES.has(entry.state)) {
        this.#entries.delete(entry);
      }
    }
    this.tellLeftOut(0);
    this.#draw();
    this.#element.hidden = true;
    document.querySelector("main").focus({ preventScroll: true });
  }

  #find(selector) {
    return this.#element.querySelector(selector);
  }
}

/** Return how far an entry has come, 0..1: half the way is sending it. */
function shareOf(entry) {
  if (FINAL_STATES.has(entry.state)) {
    return 1;
  }
  return entry.id !== null ? 0.5 : 0.5 * entry.progress;
}

function stateText(entry) {
  if (entry.state === "failed" && entry.error !== null) {
    return entry.error ? translated(entry.error) : t("uploads.lost");
  }
  const state = t(`uploads.${entry.state}`);
  return entry.duplicate ? t("uploads.duplicate", { state }) : state;
}
