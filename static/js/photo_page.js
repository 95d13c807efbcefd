// One photo's page: shows the photo anew once it is searchable or has failed.

import { FINAL_STATES } from "./state_watch.js";

export function startPhotoPage(photo, watch) {
  if (FINAL_STATES.has(photo.dataset.state)) {
    return;
  }
  watch.add(photo.dataset.photo, (state) => {
    if (FINAL_STATES.has(state)) {
      location.reload();
    }
  });
}
