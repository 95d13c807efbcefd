// Hands a photo that was dropped on the search box over to the page that searches with it, through the browser's store.

const NAME = "gallery-handoff";
const PLACE = "photo";
const PAGE = "/search/photo?handed=1";

/** Go to the page that searches with a photo from outside, with this one. */
export async function handOver(file) {
  await change("readwrite", (store) => store.put(file, PLACE));
  location.assign(PAGE);
}

/** Return the photo that was handed over to this page, once; null if there is none. */
export async function takeHanded() {
  if (!new URLSearchParams(location.search).has("handed")) {
    return null;
  }
  const file = await change("readonly", (store) => store.get(PLACE));
  await change("readwrite", (store) => store.delete(PLACE));
  return file ?? null;
}

async function change(mode, act) {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
  const database = await settled(opening);
  try {
    return await settled(act(database.transaction(NAME, mode).objectStore(NAME)));
  } finally {
    database.close();
  }
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
