// One photo over the page that it was opened from, under its own address. Back closes it; the page beneath stays as it is.

import { fetchPage } from "../page_source.js";
import { applyShapes } from "../shapes.js";
import { InfoPanel } from "./info.js";
import { sequenceOf } from "./sequence.js";
import { isElsewhere, Viewer } from "./viewer.js";

const ADDRESS = /^\/photos\/([0-9a-f]{32})$/;
const BELOW_PX = 40; // scrolled so far, the photo is no longer what one looks at

/** Open photos over the page. */
export function startLightbox(deletion) {
  const dialog = document.querySelector("[data-lightbox]");
  const lightbox = new Lightbox(dialog, deletion);
  document.addEventListener("click", (event) => {
    const isPlain = !(event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);
    const link = isPlain ? event.target.closest(".tile__link") : null;
    if (link && ADDRESS.test(link.pathname)) {
      event.preventDefault();
      lightbox.open(link);
    }
  });
}

class Lightbox {
  #dialog;
  #content;
  #info;
  #viewer = null;
  #sequence = null;
  #beneath = null; // {sequence, id}: the list that the photo was opened from, and what was seen last of it
  #deletion;
  #title = document.title;
  #asking = null;
  #home = location.pathname; // the page beneath

  constructor(dialog, deletion) {
    this.#dialog = dialog;
    this.#content = dialog.querySelector("[data-lightbox-content]");
    this.#info = new InfoPanel(dialog);
    this.#deletion = deletion;
    const acts = { close: () => this.#leave(), previous: () => this.#step(-1), next: () => this.#step(1), info: () => this.#info.toggle(),
      part: () => this.#viewer?.part.toggle(), original: () => this.#viewer?.stage.toggleOriginal(), delete: () => this.#delete() };
    dialog.addEventListener("click", (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.());
    dialog.addEventListener("cancel", (event) => {
      if (event.target === dialog) {
        event.preventDefault();
        this.#viewer?.back() || this.#leave();
      }
    });
    document.addEventListener("keydown", (event) => this.#press(event));
    addEventListener("popstate", () => this.#follow());
    this.#content.addEventListener("scroll", () => dialog.classList.toggle("lightbox--below", this.#content.scrollTop > BELOW_PX), { passive: true });
  }

  /** Open the photo of a tile's link. */
  open(link) {
    const [, id] = ADDRESS.exec(link.pathname);
    this.#sequence = sequenceOf(link.closest(".tile"));
    if (!this.#dialog.open) {
      this.#beneath = { sequence: this.#sequence, id };
    }
    history.pushState({ lightbox: (history.state?.lightbox ?? 0) + 1 }, "", link.pathname);
    this.#show(id);
  }

  /** Show what the browser went back or forward to. */
  #follow() {
    const isOpen = history.state?.lightbox && ADDRESS.test(location.pathname);
    if (isOpen) {
      if (history.state.lightbox === 1 && this.#beneath) {
        this.#sequence = this.#beneath.sequence; // back from a photo like it
      }
      this.#show(ADDRESS.exec(location.pathname)[1]);
    } else if (location.pathname !== this.#home) {
      location.reload(); // the lightbox's address was loaded anew as a page, so that the page before it is gone
    } else if (this.#dialog.open) {
      this.#close();
    }
  }

  #leave() {
    history.go(-(history.state?.lightbox ?? 1));
  }

  #close() {
    this.#asking?.abort();
    this.#dialog.close();
    this.#content.replaceChildren();
    this.#viewer = null;
    document.title = this.#title;
    this.#beneath?.sequence.reveal(this.#beneath.id);
  }

  async #show(id) {
    if (!this.#dialog.open) {
      this.#title = document.title;
      this.#dialog.showModal();
    }
    this.#asking?.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const page = await fetchPage(`/photos/${id}`, { signal }).catch(() => null);
    if (signal.aborted) {
      return;
    }
    const photo = page?.querySelector("[data-photo]");
    if (!photo) {
      location.assign(`/photos/${id}`); // let the full page say what is wrong
      return;
    }
    applyShapes(page);
    document.title = page.title;
    this.#fill(document.adoptNode(photo), page.querySelector(".similar"));
  }

  #fill(photo, similar) {
    for (const card of similar.querySelectorAll("[data-why]")) {
      renamed(similar, card, `lightbox-${card.id}`); // the page beneath may show the same photo
    }
    similar.removeAttribute("id");
    this.#content.replaceChildren(photo, document.adoptNode(similar));
    this.#deletion.mark(similar);
    this.#content.scrollTop = 0;
    this.#viewer = new Viewer(photo, (way) => this.#step(way));
    const download = this.#dialog.querySelector("[data-download-one]");
    const file = photo.querySelector("[download]");
    download.href = file.href;
    download.download = file.download;
    this.#dialog.setAttribute("aria-label", this.#viewer.name);
    this.#dialog.querySelector("[data-name]").textContent = this.#viewer.name;
    if (document.activeElement === document.body || !this.#dialog.contains(document.activeElement)) {
      this.#dialog.querySelector('[data-act="close"]').focus();
    }
    photo.querySelector(".confirm > summary")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.#delete();
    });
  }

  async #step(way) {
    const id = this.#viewer?.id;
    const next = id && (await this.#sequence?.step(id, way, this.#deletion.waiting).catch(() => null));
    if (next && this.#viewer?.id === id) {
      history.replaceState(history.state, "", `/photos/${next}`);
      await this.#show(next);
      if (this.#sequence === this.#beneath?.sequence) {
        this.#beneath.id = next;
      }
    }
    return Boolean(next);
  }

  #press(event) {
    if (!this.#dialog.open || isElsewhere(event, this.#dialog) || !this.#viewer) {
      return;
    }
    const acts = { ArrowLeft: () => this.#step(-1), ArrowRight: () => this.#step(1), i: () => this.#info.toggle(), Delete: () => this.#delete() };
    if (event.key in acts) {
      event.preventDefault();
      acts[event.key]();
    } else if (this.#viewer.press(event.key)) {
      event.preventDefault();
    }
  }

  #delete() {
    const { id, name } = this.#viewer;
    this.#deletion.ask([id], {
      name,
      onHide: async () => (await this.#step(1)) || (await this.#step(-1)) || this.#leave(),
      onUndo: () => this.#dialog.open && this.#show(id).then(() => history.replaceState(history.state, "", `/photos/${id}`)),
    });
  }
}

function renamed(root, element, id) {
  for (const name of ["aria-describedby", "popovertarget"]) {
    root.querySelector(`[${name}="${element.id}"]`)?.setAttribute(name, id);
  }
  element.id = id;
}
