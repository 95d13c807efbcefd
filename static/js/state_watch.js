// Asks for the state of photos until it is final; for one that is gone it is "deleted".

const PAUSE_MS = 700;
const PAUSE_WHEN_AWAY_MS = 4000;
const ASKED_AT_ONCE = 6;

export const FINAL_STATES = new Set(["ready", "failed", "deleted"]);

export class StateWatch {
  #listeners = new Map(); // photo id -> function(state, error); asked in this order, then put at the end
  #timer = null;

  add(id, listener) {
    this.#listeners.set(id, listener);
    this.#schedule(PAUSE_MS);
  }

  #schedule(pauseMs) {
    if (this.#timer === null && this.#listeners.size > 0) {
      this.#timer = setTimeout(() => this.#round(), pauseMs);
    }
  }

  async #round() {
    const ids = [...this.#listeners.keys()].slice(0, ASKED_AT_ONCE);
    const answers = await Promise.all(ids.map((id) => this.#ask(id)));
    this.#timer = null;
    this.#schedule(answers.every(Boolean) ? PAUSE_MS : PAUSE_WHEN_AWAY_MS);
  }

  async #ask(id) {
    const listener = this.#listeners.get(id);
    this.#listeners.delete(id);
    let photo;
    try {
      const response = await fetch(`/api/v1/images/${id}`, { headers: { Accept: "application/json" } });
      photo = response.status === 404 ? { state: "deleted" } : await response.json();
    } catch {
      this.#listeners.set(id, listener);
      return false;
    }
    if (photo.state) {
      listener(photo.state, photo.error ?? null);
    }
    if (!FINAL_STATES.has(photo.state)) {
      this.#listeners.set(id, listener);
    }
    return Boolean(photo.state);
  }
}
