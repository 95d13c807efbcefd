// Starts what the page asks for. Every page works without any of this; data-* attributes say what goes where.

import { startBanner } from "./banner.js";
import { startBoxes } from "./boxes.js";
import { startGallery } from "./gallery/start.js";
import { startKeys } from "./keys.js";
import { Live } from "./live.js";
import { startMenu } from "./menu.js";
import { startPhotoPage } from "./photo_page.js";
import { startPhotoSearch } from "./photo_search.js";
import { applyShapes } from "./shapes.js";
import { StateWatch } from "./state_watch.js";
import { takeFiles } from "./uploads/intake.js";
import { UploadPanel } from "./uploads/panel.js";
import { UploadQueue } from "./uploads/queue.js";

applyShapes(document);
startKeys();
startMenu();

const live = new Live();
const watch = new StateWatch(live);
const refreshGallery = startGallery(document.querySelector("main"));
const panel = new UploadPanel(document.querySelector("[data-uploads]"), (entry) => queue.retry(entry));
const queue = new UploadQueue({ watch, onChange: (entry) => panel.show(entry), onStored: refreshGallery });
takeFiles({
  onFiles: (files) => queue.addFiles(files),
  onAddress: (url) => queue.addAddress(url),
  onLeftOut: (count) => panel.tellLeftOut(count),
});
live.addEventListener("photos", refreshGallery);
startBanner(live);
live.start();

const photoSearch = document.querySelector("form[data-photo-search]");
if (photoSearch) {
  startPhotoSearch(photoSearch, document.querySelector("[data-photo-results]"));
}

const photo = document.querySelector("[data-photo]");
if (photo) {
  startBoxes(photo);
  startPhotoPage(photo, watch);
}
