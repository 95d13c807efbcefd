// Zooming and moving one photo on its stage: wheel, double click, two fingers, keys; and swiping to the next one.

const MOST = 8;
const STEP = 1.5;
const CLICK_ZOOM = 2.5;
const SWIPE_PX = 60;
const STILL_PX = 5; // a press that moved farther is no click

export class Stage {
  #stage;
  #frame;
  #picture;
  #scale = 1;
  #x = 0;
  #y = 0;
  #pointers = new Map(); // pointer id -> [x, y]
  #start = null; // where one finger came down, for a swipe
  #movedPx = 0; // since the last press

  /** `onSwipe(way)` is called with 1 for the next photo and -1 for the one before. */
  constructor(photo, onSwipe) {
    this.#stage = photo.querySelector(".stage");
    this.#frame = photo.querySelector(".stage__frame");
    this.#picture = photo.querySelector(".stage__picture");
    this.onSwipe = onSwipe;
    this.#stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#stage.addEventListener("dblclick", (event) => this.zoomTo(this.isZoomed ? 1 : CLICK_ZOOM, event.clientX, event.clientY));
    this.#stage.addEventListener("click", (event) => this.#movedPx > STILL_PX && event.preventDefault(), { capture: true });
    this.#stage.addEventListener("dragstart", (event) => event.preventDefault());
    for (const [type, act] of [["pointerdown", this.#down], ["pointermove", this.#move], ["pointerup", this.#up], ["pointercancel", this.#up]]) {
      this.#stage.addEventListener(type, act.bind(this));
    }
  }

  get isZoomed() {
    return this.#scale > 1;
  }

  get frame() {
    return this.#frame;
  }

  zoomIn() {
    this.zoomTo(this.#scale * STEP);
  }

  zoomOut() {
    this.zoomTo(this.#scale / STEP);
  }

  reset() {
    this.zoomTo(1);
  }

  /** Show one pixel of the file as one of the page, or all of the photo again. */
  toggleOriginal() {
    const original = Number(this.#picture.getAttribute("width")) / this.#frame.clientWidth;
    this.zoomTo(this.isZoomed ? 1 : Math.max(original, 1.01));
  }

  /** Zoom so that what is at a place of the window, the middle if none is given, stays there. */
  zoomTo(wanted, clientX, clientY) {
    const scale = Math.min(MOST, Math.max(1, wanted));
    const { left, top, width, height } = this.#frame.getBoundingClientRect();
    const dx = (clientX ?? left + width / 2) - (left + width / 2);
    const dy = (clientY ?? top + height / 2) - (top + height / 2);
    this.#x += dx * (1 - scale / this.#scale);
    this.#y += dy * (1 - scale / this.#scale);
    this.#scale = scale;
    this.#draw();
  }

  #draw() {
    const [width, height] = [this.#frame.clientWidth, this.#frame.clientHeight];
    const [room, roomBelow] = [this.#stage.clientWidth, this.#stage.clientHeight];
    const farX = Math.max(0, (width * this.#scale - Math.min(room, width)) / 2);
    const farY = Math.max(0, (height * this.#scale - Math.min(roomBelow, height)) / 2);
    this.#x = Math.min(farX, Math.max(-farX, this.#x));
    this.#y = Math.min(farY, Math.max(-farY, this.#y));
    this.#frame.style.transform = this.isZoomed ? `translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})` : "";
    this.#frame.style.setProperty("--zoom", this.#scale);
    this.#stage.classList.toggle("stage--zoomed", this.isZoomed);
    if (this.isZoomed) {
      this.#picture.sizes = `${Math.ceil(width * this.#scale)}px`; // a larger picture, up to the file itself
    }
  }

  #wheel(event) {
    if (event.ctrlKey || this.isZoomed) {
      event.preventDefault();
      this.zoomTo(this.#scale * Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
    }
  }

  #down(event) {
    if (event.pointerType === "mouse" && event.button !== 0) {
      return;
    }
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.#movedPx = 0;
    this.#start = this.#pointers.size === 1 && event.pointerType !== "mouse" ? [event.clientX, event.clientY] : null;
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) {
      return;
    }
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    const now = [event.clientX, event.clientY];
    this.#movedPx += distance(now, before);
    this.#pointers.set(event.pointerId, now);
    if (others.length > 0) {
      const grown = distance(now, others[0]) / Math.max(1, distance(before, others[0]));
      this.zoomTo(this.#scale * grown, (now[0] + others[0][0]) / 2, (now[1] + others[0][1]) / 2);
    } else if (this.isZoomed) {
      this.#x += now[0] - before[0];
      this.#y += now[1] - before[1];
      this.#draw();
    }
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
    if (this.#start && event.type === "pointerup" && !this.isZoomed) {
      const [dx, dy] = [event.clientX - this.#start[0], event.clientY - this.#start[1]];
      if (Math.abs(dx) > SWIPE_PX && Math.abs(dx) > 2 * Math.abs(dy)) {
        this.onSwipe(dx < 0 ? 1 : -1);
      }
    }
    this.#start = null;
  }
}

function distance([x, y], [otherX, otherY]) {
  return Math.hypot(x - otherX, y - otherY);
}
