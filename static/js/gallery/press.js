// A finger that rests on something, which on a touch screen stands for what a mouse does by hovering.

const REST_MS = 450;
const STRAY_PX = 10;

/** Call `onRest(element)` when a finger has rested inside of `root`; letting go afterwards clicks nothing. */
export function onLongPress(root, onRest) {
  let timer = 0;
  let start = null;
  let isHeld = false;
  const stop = () => clearTimeout(timer);
  root.addEventListener("pointerdown", (event) => {
    stop();
    isHeld = false;
    start = event;
    if (event.pointerType === "touch") {
      timer = setTimeout(() => {
        isHeld = true;
        onRest(event.target);
      }, REST_MS);
    }
  });
  root.addEventListener("pointermove", (event) => {
    if (start !== null && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > STRAY_PX) {
      stop();
    }
  });
  for (const type of ["pointerup", "pointercancel"]) {
    root.addEventListener(type, stop);
  }
  root.addEventListener("contextmenu", (event) => start?.pointerType === "touch" && event.preventDefault());
  root.addEventListener(
    "click",
    (event) => {
      if (isHeld) {
        event.preventDefault();
        event.stopPropagation();
        isHeld = false;
      }
    },
    { capture: true },
  );
}
