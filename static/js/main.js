// Starts what the page asks for. Every page works without any of this; data-* attributes say what goes where.

import { startBanner } from "./banner.js";
import { Deletion } from "./deletion.js";
import { startGallery } from "./gallery/start.js";
import { startKeys } from "./keys.js";
import { Live } from "./live.js";
import { startOver } from "./over.js";
import { startLightbox } from "./photo/lightbox.js";
import { startPhotoPage } from "./photo_page.js";
import { startPhotoSearch } from "./photo_search.js";
import { startSearchBox } from "./search/box.js";
import { startLiveForm } from "./search/live_results.js";
import { startWhy } from "./search/why.js";
import { applyShapes } from "./shapes.js";
import { StateWatch } from "./state_watch.js";
import { startStatusPage } from "./status_page.js";
import { takeFiles } from "./uploads/intake.js";
import { UploadPanel } from "./uploads/panel.js";
import { UploadQueue } from "./uploads/queue.js";

const UNKNOWN = { items: [], many: true }; // photos have come, which ones will be seen

applyShapes(document);
startKeys();
startOver();
startSearchBox(document.querySelector("[data-search-box]"));
startWhy();

const live = new Live();
const watch = new StateWatch(live);
const deletion = new Deletion();
const refreshGallery = startGallery(document.querySelector("main"), deletion);
const panel = new UploadPanel(document.querySelector("[data-uploads]"), (entry) => queue.retry(entry));
const queue = new UploadQueue({ watch, onChange: (entry) => panel.show(entry), onStored: () => refreshGallery(UNKNOWN) });
takeFiles({
  onFiles: (files) => queue.addFiles(files),
  onAddress: (url) => queue.addAddress(url),
  onLeftOut: (count) => panel.tellLeftOut(count),
});
live.addEventListener("photos", ({ detail }) => refreshGallery(detail));
startBanner(live);
live.start();

const photoSearch = document.querySelector("form[data-photo-search]");
if (photoSearch) {
  startPhotoSearch(photoSearch, document.querySelector("[data-photo-results]"));
}

for (const form of document.querySelectorAll("[data-live-form]")) {
  startLiveForm(form);
}
for (const desk of document.querySelectorAll("[data-layout]")) {
  import("./layout/start.js").then(({ startLayout }) => startLayout(desk));
}
const photo = document.querySelector("[data-photo]");
if (photo) {
  startPhotoPage(photo, watch, deletion);
}
startLightbox(deletion);

const status = document.querySelector("[data-status]");
if (status) {
  startStatusPage(status, live);
}
