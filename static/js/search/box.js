// The search box: suggestions while one types, as an ARIA combobox, and photos that are dropped on it or pasted.

import { t } from "../texts.js";
import { handOver } from "./handoff.js";

const ICONS = { label: "label", tag: "tag", word: "word", key: "key", colour: "colour", shape: "frame", date: "date" };
const MOST_KEPT = 200;

export function startSearchBox(form) {
  new SearchBox(form);
  takePhotos(form);
}

class SearchBox {
  #form;
  #input;
  #list;
  #items = [];
  #chosen = -1;
  #asking = null; // aborts the question that is on its way
  #answers = new Map(); // query and cursor -> suggestions

  constructor(form) {
    this.#form = form;
    this.#input = form.querySelector("input");
    this.#list = form.querySelector("[data-suggestions]");
    const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-controls": this.#list.id, "aria-expanded": "false" };
    for (const [name, value] of Object.entries(attributes)) {
      this.#input.setAttribute(name, value);
    }
    this.#input.addEventListener("input", () => this.#ask());
    this.#input.addEventListener("keydown", (event) => this.#press(event));
    this.#input.addEventListener("blur", () => this.#close());
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays in the box
    this.#list.addEventListener("click", (event) => {
      const line = event.target.closest("[role=option]");
      if (line) {
        this.#take(this.#items[[...this.#list.children].indexOf(line)], true);
      }
    });
  }

  async #ask() {
    this.#asking?.abort();
    const { value, selectionStart } = this.#input;
    if (value.trim() === "") {
      this.#close();
      return;
    }
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const items = await this.#suggestions(value, selectionStart ?? value.length, signal).catch(() => []);
    if (!signal.aborted && document.activeElement === this.#input) {
      this.#show(items);
    }
  }

  async #suggestions(query, cursor, signal) {
    const key = `${cursor} ${query}`;
    if (!this.#answers.has(key)) {
      const answer = await fetch(`/api/v1/suggest?${new URLSearchParams({ q: query, cursor })}`, { signal });
      const { items } = await answer.json();
      if (this.#answers.size >= MOST_KEPT) {
        this.#answers.clear();
      }
      this.#answers.set(key, items ?? []);
    }
    return this.#answers.get(key);
  }

  #show(items) {
    this.#items = items;
    this.#chosen = -1;
    this.#input.removeAttribute("aria-activedescendant");
    this.#list.replaceChildren(...items.map(lineOf));
    const isOpen = items.length > 0;
    this.#list.hidden = !isOpen;
    this.#form.classList.toggle("searchbox--open", isOpen);
    this.#input.setAttribute("aria-expanded", String(isOpen));
  }

  #close() {
    this.#asking?.abort();
    this.#show([]);
  }

  #press(event) {
    if (event.key === "Escape" && !this.#list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.#list.hidden) {
        this.#ask();
      } else {
        this.#choose(this.#chosen + (event.key === "ArrowDown" ? 1 : -1));
      }
    } else if (event.key === "Enter" && this.#chosen >= 0) {
      event.preventDefault();
      this.#take(this.#items[this.#chosen], true);
    } else if (event.key === "Tab" && this.#chosen >= 0) {
      event.preventDefault();
      this.#take(this.#items[this.#chosen], false);
    }
  }

  /** Go to a line; beyond the last one is none, then the first. */
  #choose(number) {
    const count = this.#items.length + 1;
    this.#chosen = ((number + 1 + count) % count) - 1;
    [...this.#list.children].forEach((line, place) => line.setAttribute("aria-selected", String(place === this.#chosen)));
    const line = this.#list.children[this.#chosen];
    if (line) {
      this.#input.setAttribute("aria-activedescendant", line.id);
    } else {
      this.#input.removeAttribute("aria-activedescendant");
    }
  }

  /** Put a suggestion into the box and search, unless it only begins something: `left-of:`. */
  #take(item, searches) {
    this.#input.value = item.query;
    this.#input.setSelectionRange(item.cursor, item.cursor);
    if (searches && item.kind !== "key") {
      this.#close();
      this.#form.requestSubmit();
    } else {
      this.#ask();
    }
  }
}

function lineOf(item, number) {
  const line = document.createElement("li");
  line.id = `suggestion-${number}`;
  line.className = "suggestion";
  line.setAttribute("role", "option");
  line.setAttribute("aria-selected", "false");
  line.innerHTML = `<svg class="icon" aria-hidden="true"><use href="/static/icons/icons.svg#${ICONS[item.kind]}"/></svg>`;
  line.append(textOf("suggestion__text", item.text));
  if (item.photos !== null) {
    line.append(textOf("suggestion__count", t("search.photos", { count: item.photos })));
  }
  return line;
}

function textOf(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

function takePhotos(form) {
  const veil = document.querySelector("[data-drop-veil]");
  const isPhoto = (transfer) => transfer?.types.includes("Files");
  form.addEventListener("dragover", (event) => {
    if (isPhoto(event.dataTransfer)) {
      event.preventDefault();
      event.stopPropagation();
      veil.hidden = true;
      form.classList.add("searchbox--over");
    }
  });
  form.addEventListener("dragleave", () => form.classList.remove("searchbox--over"));
  for (const [type, files] of [["drop", (event) => event.dataTransfer?.files], ["paste", (event) => event.clipboardData?.files]]) {
    form.addEventListener(type, (event) => {
      form.classList.remove("searchbox--over");
      const [file] = files(event) ?? [];
      if (file) {
        event.preventDefault();
        event.stopPropagation();
        handOver(file);
      }
    });
  }
}
