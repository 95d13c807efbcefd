// Uploads a few files at once and follows each photo until it is searchable. Files are read when they are sent.

import { FINAL_STATES } from "../state_watch.js";
import { sendAddress, sendFiles, UploadRefused } from "./send.js";

const REQUESTS_AT_ONCE = 3;
const MOST_FILES = 6; // in one request
const MOST_BYTES = 12_000_000; // in one request of several files

/**
 * An entry is {name, file, url, state, progress, error, id, duplicate}, with either a file or an address. Its states:
 * waiting, sending, then those of the photo. Its error: why it failed, empty when the connection was lost, null when
 * nothing is known.
 */
export class UploadQueue {
  #watch;
  #onChange;
  #onStored;
  #waiting = [];
  #requests = 0;

  constructor({ watch, onChange, onStored }) {
    this.#watch = watch;
    this.#onChange = onChange;
    this.#onStored = onStored;
    addEventListener("beforeunload", (event) => {
      if (this.#requests > 0 || this.#waiting.length > 0) {
        event.preventDefault(); // the browser asks whether to leave
      }
    });
  }

  addFiles(files) {
    this.#enqueue(files.map((file) => newEntry({ name: file.name, file })));
  }

  addAddress(url) {
    this.#enqueue([newEntry({ name: url, url })]);
  }

  /** Try a failed entry again: send it, or ask for the stored photo to be processed once more. */
  async retry(entry) {
    if (entry.id === null) {
      this.#enqueue([Object.assign(entry, { state: "waiting", progress: 0, error: null })]);
      return;
    }
    const response = await fetch(`/api/v1/images/${entry.id}/retry`, { method: "POST" }).catch(() => null);
    if (response?.ok) {
      this.#follow(Object.assign(entry, { state: "stored", error: null }));
    } else {
      this.#change(entry, { error: "" });
    }
  }

  #enqueue(entries) {
    this.#waiting = this.#waiting.concat(entries);
    entries.forEach((entry) => this.#onChange(entry));
    this.#sendNext();
  }

  #sendNext() {
    while (this.#requests < REQUESTS_AT_ONCE && this.#waiting.length > 0) {
      this.#requests += 1;
      this.#send(this.#waiting.splice(0, this.#nextCount())).finally(() => {
        this.#requests -= 1;
        this.#sendNext();
      });
    }
  }

  /** Return how many of the waiting entries go into the next request: one at least. */
  #nextCount() {
    let count = 0;
    let bytes = 0;
    for (const { file } of this.#waiting.slice(0, this.#fairShare())) {
      bytes += file?.size ?? Infinity; // an address goes alone
      if (count > 0 && bytes > MOST_BYTES) {
        break;
      }
      count += 1;
    }
    return count;
  }

  /** So few that every request has something to do. */
  #fairShare() {
    return Math.max(1, Math.min(MOST_FILES, Math.ceil(this.#waiting.length / REQUESTS_AT_ONCE)));
  }

  async #send(entries) {
    entries.forEach((entry) => this.#change(entry, { state: "sending" }));
    const answers = await this.#answers(entries).catch((error) => entries.map(() => error));
    entries.forEach((entry, number) => this.#settle(entry, answers[number]));
  }

  async #answers(entries) {
    if (entries[0].file === null) {
      return [await sendAddress(entries[0].url)];
    }
    return sendFiles(
      entries.map((entry) => entry.file),
      (shares) => entries.forEach((entry, number) => this.#change(entry, { progress: shares[number] })),
    );
  }

  #settle(entry, answer) {
    if (answer instanceof UploadRefused) {
      this.#change(entry, { state: "failed", error: answer.message });
      return;
    }
    const { id, state, duplicate, filename } = answer;
    this.#follow(Object.assign(entry, { name: filename ?? entry.name, id, state, duplicate: Boolean(duplicate) }));
    this.#onStored();
  }

  #follow(entry) {
    this.#onChange(entry);
    if (FINAL_STATES.has(entry.state)) {
      entry.file = null; // nothing more is sent of it
    } else {
      this.#watch.add(entry.id, (state, error) => this.#change(entry, { state, error }));
    }
  }

  #change(entry, values) {
    this.#onChange(Object.assign(entry, values));
  }
}

function newEntry(values) {
  return { file: null, url: null, state: "waiting", progress: 0, error: null, id: null, duplicate: false, ...values };
}
