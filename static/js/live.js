// What changes in the gallery while somebody looks: one stream of server-sent events for the whole page.
//
// Events: `situation` {photos, pending_jobs, model_server, banner}, `photos` {items, many}, and `behind` when something
// may have been missed, so that whoever follows photos asks for itself. While there is no stream, it is looked every few
// seconds instead. A hidden page gives its stream back.

const STREAM = "/api/v1/events";
const LOOK_EVERY_MS = 2500;
const STREAM_AGAIN_MS = 15000;
const FIRST_PAUSE_MS = 250; // who only passes a page by needs no stream of it

export class Live extends EventTarget {
  #stream = null;
  #looking = null;
  #again = null;

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#leave() : this.#open()));
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", (event) => event.persisted && this.#open());
    this.#again = setTimeout(() => document.hidden || this.#open(), FIRST_PAUSE_MS);
  }

  /** Whether changes are told as they happen. */
  get isConnected() {
    return this.#stream?.readyState === EventSource.OPEN;
  }

  #open() {
    this.#leave();
    this.#stream = new EventSource(STREAM);
    this.#stream.addEventListener("open", () => this.#opened());
    this.#stream.addEventListener("error", () => this.#failed());
    this.#stream.addEventListener("gallery", (event) => this.#tell("situation", JSON.parse(event.data)));
    this.#stream.addEventListener("photos", (event) => this.#tell("photos", JSON.parse(event.data)));
  }

  #opened() {
    clearInterval(this.#looking);
    this.#looking = null;
    this.#tell("behind");
  }

  /** Look now and then while there is no stream; the browser opens one again itself, unless it was refused. */
  #failed() {
    this.#looking ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
    if (this.#stream.readyState === EventSource.CLOSED) {
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#open(), STREAM_AGAIN_MS);
    }
  }

  #leave() {
    clearInterval(this.#looking);
    clearTimeout(this.#again);
    this.#looking = null;
    this.#stream?.close();
    this.#stream = null;
  }

  async #look() {
    try {
      const { parts } = await (await fetch("/readyz")).json();
      const { photos } = parts.gallery_file;
      const [pending, state] = [parts.ingest.pending_jobs, parts.model_server.state];
      this.#tell("situation", { photos, pending_jobs: pending, model_server: state });
      this.#tell("behind");
    } catch {
      // the gallery is away for a moment; it is looked again
    }
  }

  #tell(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
