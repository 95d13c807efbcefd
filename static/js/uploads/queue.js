// Uploads a few files at once and follows each photo until it is searchable.

import { FINAL_STATES } from "../state_watch.js";
import { send } from "./send.js";

const SENT_AT_ONCE = 3;

/**
 * An entry is {file, state, progress, error, id, duplicate}. Its states: waiting, sending, then those of the photo.
 * Its error: why it failed, empty when the connection was lost, null when nothing is known.
 */
export class UploadQueue {
  #watch;
  #onChange;
  #onStored;
  #waiting = [];
  #sending = 0;

  constructor({ watch, onChange, onStored }) {
    this.#watch = watch;
    this.#onChange = onChange;
    this.#onStored = onStored;
    addEventListener("beforeunload", (event) => {
      if (this.#sending > 0) {
        event.preventDefault(); // the browser asks whether to leave
      }
    });
  }

  add(files) {
    for (const file of files) {
      this.#enqueue({ file, state: "waiting", progress: 0, error: null, id: null, duplicate: false });
    }
  }

  /** Try a failed entry again: send it, or ask for the stored photo to be processed once more. */
  async retry(entry) {
    if (entry.id === null) {
      this.#enqueue(Object.assign(entry, { state: "waiting", progress: 0, error: null }));
      return;
    }
    const response = await fetch(`/api/v1/images/${entry.id}/retry`, { method: "POST" }).catch(() => null);
    if (response?.ok) {
      this.#follow(Object.assign(entry, { state: "stored", error: null }));
    } else {
      this.#change(entry, { error: "" });
    }
  }

  #enqueue(entry) {
    this.#waiting.push(entry);
    this.#onChange(entry);
    this.#sendNext();
  }

  #sendNext() {
    while (this.#sending < SENT_AT_ONCE && this.#waiting.length > 0) {
      this.#sending += 1;
      this.#send(this.#waiting.shift()).finally(() => {
        this.#sending -= 1;
        this.#sendNext();
      });
    }
  }

  async #send(entry) {
    this.#change(entry, { state: "sending" });
    try {
      const { id, state, duplicate } = await send(entry.file, (progress) => this.#change(entry, { progress }));
      this.#follow(Object.assign(entry, { id, state, duplicate: Boolean(duplicate) }));
    } catch (error) {
      this.#change(entry, { state: "failed", error: error.message });
    }
  }

  #follow(entry) {
    this.#onChange(entry);
    this.#onStored();
    if (!FINAL_STATES.has(entry.state)) {
      this.#watch.add(entry.id, (state, error) => this.#change(entry, { state, error }));
    }
  }

  #change(entry, values) {
    this.#onChange(Object.assign(entry, values));
  }
}
