// A box in a frame that is moved and resized by pointer and by keyboard. All sides are shares of the frame, 0..1.

const SMALLEST = 0.04;
const STEP = 0.02;
const CORNERS = ["nw", "ne", "sw", "se"];
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class PlacedBox {
  #frame;
  #on;

  /**
   * `box`: [xmin, ymin, xmax, ymax]. `on`: {change(box), choose(box), remove(box), name(box)}: what to do when it has
   * moved, is gone to, is to be taken away, and what it is called.
   */
  constructor(frame, label, box, on) {
    this.#frame = frame;
    this.#on = on;
    this.label = label;
    this.box = box;
    this.element = document.createElement("button");
    this.element.type = "button";
    this.element.className = "placed";
    const title = document.createElement("span");
    title.className = "placed__label";
    title.textContent = label;
    title.hidden = label === "";
    this.element.append(title, ...CORNERS.map(cornerOf));
    this.element.addEventListener("pointerdown", (event) => this.#grab(event));
    this.element.addEventListener("keydown", (event) => this.#press(event));
    this.element.addEventListener("focus", () => this.#on.choose(this));
    frame.append(this.element);
    this.#draw();
  }

  /** Put it elsewhere and tell so. */
  put(box) {
    this.box = box.map((side) => Math.round(Math.min(1, Math.max(0, side)) * 1000) / 1000);
    this.#draw();
    this.#on.change(this);
  }

  /** Let the pointer that is down resize it by a corner. */
  hold(event, corner) {
    const start = { x: event.clientX, y: event.clientY, box: this.box };
    const { width, height } = this.#frame.getBoundingClientRect();
    const move = (moved) => {
      if (moved.pointerId === event.pointerId) {
        this.put(changed(start.box, corner, (moved.clientX - start.x) / width, (moved.clientY - start.y) / height));
      }
    };
    const end = (ended) => {
      if (ended.pointerId === event.pointerId) {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", end);
        removeEventListener("pointercancel", end);
      }
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  }

  #grab(event) {
    if (event.button !== 0) {
      return;
    }
    event.stopPropagation();
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    this.hold(event, event.target.dataset.corner ?? null);
  }

  #press(event) {
    const way = WAYS[event.key];
    if (way && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      this.put(changed(this.box, event.shiftKey ? "se" : null, STEP * way[0], STEP * way[1]));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      event.stopPropagation();
      this.#on.remove(this);
    }
  }

  #draw() {
    const [left, top, right, bottom] = this.box;
    const sides = { left, top, width: right - left, height: bottom - top };
    for (const [name, share] of Object.entries(sides)) {
      this.element.style[name] = `${100 * share}%`;
    }
    this.element.setAttribute("aria-label", this.#on.name(this));
  }
}

/** Return a box moved (`corner` null), or with one corner moved, kept inside of the frame and not too small. */
export function changed([left, top, right, bottom], corner, dx, dy) {
  if (corner === null) {
    const x = Math.min(1 - right, Math.max(-left, dx));
    const y = Math.min(1 - bottom, Math.max(-top, dy));
    return [left + x, top + y, right + x, bottom + y];
  }
  return [
    corner.includes("w") ? Math.min(right - SMALLEST, Math.max(0, left + dx)) : left,
    corner.includes("n") ? Math.min(bottom - SMALLEST, Math.max(0, top + dy)) : top,
    corner.includes("e") ? Math.max(left + SMALLEST, Math.min(1, right + dx)) : right,
    corner.includes("s") ? Math.max(top + SMALLEST, Math.min(1, bottom + dy)) : bottom,
  ];
}

/** Return where in a frame the pointer is, each 0..1. */
export function placeIn(frame, event) {
  const { left, top, width, height } = frame.getBoundingClientRect();
  const share = (value) => Math.min(1, Math.max(0, value));
  return [share((event.clientX - left) / width), share((event.clientY - top) / height)];
}

/** Return the smallest box that begins at a place, as far inside of the frame as it must be. */
export function smallestAt([x, y]) {
  const [left, top] = [Math.min(x, 1 - SMALLEST), Math.min(y, 1 - SMALLEST)];
  return [left, top, left + SMALLEST, top + SMALLEST];
}

function cornerOf(name) {
  const corner = document.createElement("span");
  corner.className = `placed__corner placed__corner--${name}`;
  corner.dataset.corner = name;
  return corner;
}
