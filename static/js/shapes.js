// Shape and colour of tiles for browsers whose CSS can't read them from data-* with typed attr().

const cssReadsThem = CSS.supports("width", "attr(data-ratio type(<number>))");

export function applyShapes(root) {
  if (cssReadsThem) {
    return;
  }
  for (const element of root.querySelectorAll("[data-ratio]")) {
    element.style.setProperty("--ratio", element.dataset.ratio);
    element.style.setProperty("--colour", element.dataset.colour);
  }
}
