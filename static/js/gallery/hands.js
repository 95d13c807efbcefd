// Pointer and keyboard on the timeline: which photo is gone to, opened or selected.

import { onLongPress } from "./press.js";

/** Let people move among the photos, open and select them. `onOpen(place)` is called before a photo's page opens. */
export function takeHands(root, { grid, selection, bar, onOpen }) {
  root.addEventListener("click", (event) => click(event, grid, selection, onOpen));
  onLongPress(root, (element) => {
    const place = grid.placeOf(element);
    if (place !== null) {
      selection.toggle(place);
    }
  });
  root.addEventListener("focusin", (event) => {
    const place = grid.placeOf(event.target);
    if (place !== null) {
      grid.activate(place);
    }
  });
  root.addEventListener("keydown", (event) => pressKey(event, { grid, selection, bar }));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && selection.count > 0 && document.querySelector("dialog[open]") === null) {
      selection.clear();
    }
  });
}

function click(event, grid, selection, onOpen) {
  const month = event.target.closest(".month__check")?.closest(".month");
  if (month) {
    selection.toggleMonth(Number(month.dataset.month));
    return;
  }
  const place = grid.placeOf(event.target);
  if (place === null || event.ctrlKey || event.metaKey) {
    return;
  }
  const isCheck = event.target.closest(".tile__check") !== null;
  if (event.shiftKey && (isCheck || selection.count > 0)) {
    event.preventDefault();
    getSelection()?.removeAllRanges();
    selection.extendTo(place);
  } else if (isCheck || selection.count > 0) {
    event.preventDefault();
    selection.toggle(place);
  } else {
    onOpen(place);
  }
}

function pressKey(event, { grid, selection, bar }) {
  const place = grid.placeOf(event.target);
  if (place === null || event.altKey) {
    return;
  }
  const last = grid.layout.photos - 1;
  const targets = {
    ArrowLeft: () => place - 1,
    ArrowRight: () => place + 1,
    ArrowUp: () => grid.layout.neighbour(place, -1),
    ArrowDown: () => grid.layout.neighbour(place, 1),
    Home: () => 0,
    End: () => last,
  };
  if (event.key in targets) {
    event.preventDefault();
    grid.focus(Math.min(last, Math.max(0, targets[event.key]())));
  } else if ((event.ctrlKey || event.metaKey) && event.key === "a") {
    event.preventDefault();
    selection.selectAll();
  } else if ((event.key === " " || event.key.toLowerCase() === "x") && !event.target.closest("button")) {
    event.preventDefault();
    if (event.shiftKey) {
      selection.extendTo(place);
    } else {
      selection.toggle(place);
    }
  } else if (event.key === "Delete") {
    bar.askToDelete();
  }
}
