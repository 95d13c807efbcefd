// Starts the gallery page: the timeline, or in an empty gallery the wait for the first photos.

import { fetchPage } from "../page_source.js";
import { Timeline } from "./timeline.js";

/** Start what the page has of the gallery; return a function to be called when photos have come or changed. */
export function startGallery(main, deletion) {
  const section = main.querySelector("[data-gallery]");
  if (section?.dataset.gallery === "empty") {
    return watchEmpty(main, deletion);
  }
  const timeline = section && new Timeline(section, deletion);
  timeline?.start();
  return (change) => timeline?.hear(change);
}

/** Show the first photos in an empty gallery as soon as they are there. */
function watchEmpty(main, deletion) {
  let onStored = async () => {
    const page = await fetchPage("/").catch(() => null);
    const fresh = page?.querySelector('[data-gallery="all"]');
    const empty = main.querySelector('[data-gallery="empty"]');
    if (fresh && empty) {
      empty.replaceWith(document.adoptNode(fresh));
      onStored = startGallery(main, deletion);
    }
  };
  return (change) => onStored(change);
}
