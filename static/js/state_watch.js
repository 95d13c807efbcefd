// Follows the state of photos until it is final; for one that is gone it is "deleted".

const PAUSE_MS = 700;
const PAUSE_WHEN_TOLD_MS = 5000; // changes are told as they happen, and asked for to be sure
const PAUSE_WHEN_AWAY_MS = 4000;
const ASKED_AT_ONCE = 6;
const MOST_REMEMBERED = 5000;

export const FINAL_STATES = new Set(["ready", "failed", "deleted"]);

export class StateWatch {
  #live;
  #listeners = new Map(); // photo id -> function(state, error); asked in this order, then put at the end
  #doubtful = new Set(); // photo ids whose change may have been missed
  #heard = new Map(); // photo id -> photo, of those told lately: an upload's answer may come after its photo is ready
  #timer = null;

  constructor(live) {
    this.#live = live;
    live.addEventListener("photos", ({ detail }) => this.#hear(detail));
    live.addEventListener("behind", () => this.#doubtAll());
  }

  add(id, listener) {
    this.#listeners.set(id, listener);
    const heard = this.#heard.get(id);
    if (heard) {
      this.#tell(heard);
    }
    this.#schedule(this.#live.isConnected ? PAUSE_WHEN_TOLD_MS : PAUSE_MS);
  }

  #hear({ items, many }) {
    for (const photo of items) {
      this.#heard.delete(photo.id);
      this.#heard.set(photo.id, photo);
      this.#tell(photo);
    }
    for (const id of this.#heard.keys()) {
      if (this.#heard.size <= MOST_REMEMBERED) {
        break;
      }
      this.#heard.delete(id);
    }
    if (many) {
      this.#doubtAll();
    }
  }

  #doubtAll() {
    this.#doubtful = new Set(this.#listeners.keys());
    this.#schedule(0);
  }

  #tell({ id, state, error }) {
    const listener = this.#listeners.get(id);
    if (listener) {
      this.#doubtful.delete(id);
      if (FINAL_STATES.has(state)) {
        this.#listeners.delete(id);
      }
      listener(state, error ?? null);
    }
  }

  #schedule(pauseMs) {
    if (pauseMs === 0) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (this.#timer === null && this.#listeners.size > 0) {
      this.#timer = setTimeout(() => this.#round(), pauseMs);
    }
  }

  async #round() {
    const ids = [...(this.#doubtful.size > 0 ? this.#doubtful : this.#listeners.keys())].slice(0, ASKED_AT_ONCE);
    const answers = await Promise.all(ids.map((id) => this.#ask(id)));
    this.#timer = null;
    this.#schedule(this.#pauseMs(answers.every(Boolean)));
  }

  #pauseMs(allAnswered) {
    if (!allAnswered) {
      return PAUSE_WHEN_AWAY_MS;
    }
    if (this.#live.isConnected) {
      return this.#doubtful.size > 0 ? 0 : PAUSE_WHEN_TOLD_MS;
    }
    return PAUSE_MS;
  }

  /** Ask for one photo; return whether there was an answer. */
  async #ask(id) {
    let photo;
    try {
      const response = await fetch(`/api/v1/images/${id}`, { headers: { Accept: "application/json" } });
      photo = response.status === 404 ? { state: "deleted" } : await response.json();
    } catch {
      return false;
    }
    const listener = this.#listeners.get(id);
    this.#doubtful.delete(id);
    if (photo.state && listener) {
      this.#listeners.delete(id);
      this.#listeners.set(id, listener); // behind those that haven't been asked for
      this.#tell({ id, state: photo.state, error: photo.error });
    }
    return Boolean(photo.state);
  }
}
