// The list of uploads: a row for each file with its progress, its state and, if it failed, why and a retry.

import { FINAL_STATES } from "../state_watch.js";
import { t } from "../texts.js";

export class UploadPanel {
  #element;
  #rows = new Map(); // entry -> its row

  constructor(element) {
    this.#element = element;
    this.#find("[data-uploads-close]").addEventListener("click", () => this.#close());
  }

  show(entry, retry) {
    const row = this.#rows.get(entry) ?? this.#add(entry, retry);
    row.dataset.state = entry.state;
    row.querySelector(".upload__state").textContent = stateText(entry);
    row.querySelector(".upload__progress").value = entry.progress;
    row.querySelector(".upload__retry").hidden = entry.state !== "failed";
    this.#showPhoto(row, entry);
    this.#summarise();
  }

  #add(entry, retry) {
    const row = this.#find("[data-upload-row]").content.firstElementChild.cloneNode(true);
    row.querySelector(".upload__name").textContent = entry.file.name;
    row.querySelector(".upload__retry").addEventListener("click", retry);
    this.#rows.set(entry, row);
    this.#find("[data-uploads-rows]").append(row);
    this.#element.hidden = false;
    return row;
  }

  #showPhoto(row, entry) {
    const frame = row.querySelector(".upload__picture");
    if (entry.id !== null && frame.childElementCount === 0) {
      const picture = new Image(40, 40);
      picture.alt = ""; // the name stands beside it
      picture.src = `/api/v1/images/${entry.id}/thumbnail?size=256`;
      frame.append(picture);
      row.querySelector(".upload__name").href = `/photos/${entry.id}`;
    }
  }

  #summarise() {
    const entries = [...this.#rows.keys()];
    const settled = entries.filter((entry) => FINAL_STATES.has(entry.state)).length;
    const title = t(settled === entries.length ? "uploads.done" : "uploads.working");
    if (this.#find("[data-uploads-title]").textContent !== title) {
      this.#find("[data-uploads-title]").textContent = title; // only changes, as it is read aloud
    }
    this.#find("[data-uploads-count]").textContent = t("uploads.progress", { settled, total: entries.length });
  }

  #close() {
    for (const [entry, row] of this.#rows) {
      if (FINAL_STATES.has(entry.state)) {
        row.remove();
        this.#rows.delete(entry);
      }
    }
    this.#element.hidden = true;
  }

  #find(selector) {
    return this.#element.querySelector(selector);
  }
}

function stateText(entry) {
  if (entry.state === "failed" && entry.error !== null) {
    return entry.error || t("uploads.lost");
  }
  const state = t(`uploads.${entry.state}`);
  return entry.duplicate ? t("uploads.duplicate", { state }) : state;
}
