// When to look for what has changed in the gallery: soon after it was told of, but never most of the time.

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15000;
const MOST_SHARE = 0.2; // of the time may go into looking while photos come all the time
const SLOWER = 1.4; // each pause is so much longer than the one before, while one waits for photos

export class Refresher {
  #look;
  #mayLook;
  #isPending;
  #timer = null;
  #pauseMs = FIRST_PAUSE_MS;
  #tookMs = 0; // the last look

  /**
   * `look()` shows what has changed and resolves when it is shown, `mayLook()` tells whether it may be called now, and
   * `isPending()` whether something that is shown will change by itself.
   */
  constructor({ look, mayLook, isPending }) {
    this.#look = look;
    this.#mayLook = mayLook;
    this.#isPending = isPending;
  }

  /** Look in a moment. */
  soon(pauseMs = FIRST_PAUSE_MS) {
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(pauseMs, this.#tookMs / MOST_SHARE));
    this.#timer ??= setTimeout(() => this.now(), this.#pauseMs);
  }

  async now() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#mayLook()) {
      return;
    }
    const startedMs = performance.now();
    await this.#look();
    this.#tookMs = performance.now() - startedMs;
    this.watch();
  }

  /** Look again and again, ever less often, while something is pending. */
  watch() {
    if (this.#isPending()) {
      this.soon(this.#pauseMs * SLOWER);
    }
  }
}
