// One photo's page: zoom, boxes and keys; shows the photo anew once it is searchable or has failed.

import { isElsewhere, Viewer } from "./photo/viewer.js";
import { FINAL_STATES } from "./state_watch.js";

export function startPhotoPage(photo, watch, deletion) {
  const viewer = new Viewer(photo);
  const askToDelete = () => deletion.askAndLeave(viewer.id, viewer.name, "/");
  photo.querySelector(".confirm > summary").addEventListener("click", (event) => {
    event.preventDefault();
    askToDelete();
  });
  document.addEventListener("keydown", (event) => {
    if (isElsewhere(event, null)) {
      return;
    }
    if (event.key === "Escape" ? viewer.back() : viewer.press(event.key)) {
      event.preventDefault();
    } else if (event.key === "Delete") {
      askToDelete();
    }
  });
  if (FINAL_STATES.has(photo.dataset.state)) {
    return;
  }
  watch.add(photo.dataset.photo, (state) => {
    if (FINAL_STATES.has(state)) {
      location.reload();
    }
  });
}
