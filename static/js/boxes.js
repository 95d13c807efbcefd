// Boxes over a photo: letters keep their size on the screen, and a box and its line in the list light up together.

const EDGE_EM = 0.8;

export function startBoxes(photo) {
  const boxes = photo.querySelector("[data-boxes]");
  new ResizeObserver(() => keepLetterSize(boxes)).observe(boxes);
  for (const type of ["pointerover", "focusin"]) {
    photo.addEventListener(type, (event) => light(photo, event.target.closest("[data-object]")));
  }
  for (const type of ["pointerout", "focusout"]) {
    photo.addEventListener(type, () => light(photo, null));
  }
}

function keepLetterSize(boxes) {
  const { width } = boxes.viewBox.baseVal;
  const shownWidth = boxes.getBoundingClientRect().width;
  if (shownWidth === 0) {
    return;
  }
  boxes.style.setProperty("--unit", width / shownWidth);
  boxes.classList.add("boxes--measured");
  for (const text of boxes.querySelectorAll(".box__text")) {
    keepInside(text, width);
  }
}

function keepInside(text, width) {
  const left = Number(text.dataset.x);
  const letterPx = Number.parseFloat(getComputedStyle(text).fontSize);
  const furthest = width - text.getComputedTextLength() - EDGE_EM * letterPx;
  text.setAttribute("x", Math.max(0, Math.min(left, furthest)));
}

function light(photo, target) {
  const number = target?.dataset.object;
  for (const element of photo.querySelectorAll("[data-object]")) {
    const lit = element.dataset.object === number;
    element.classList.toggle(element.matches(".box") ? "box--lit" : "object--lit", lit);
  }
}
