// A few files in one request, with progress, which fetch can't tell; or one address of the web.

export class UploadRefused extends Error {}

/**
 * Send files in one request; `onProgress(shares)` gets how much of each is on its way, 0..1.
 * Resolve to one answer for each file: {id, state, duplicate}, or an UploadRefused that says why it wasn't taken.
 * Reject with UploadRefused, its message empty, when the connection was lost.
 */
export function sendFiles(files, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/images");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        onProgress(sharesOf(files, event.loaded));
      }
    });
    request.addEventListener("load", () => resolve(answersOf(files.length, request.response)));
    request.addEventListener("error", () => reject(new UploadRefused("")));
    const form = new FormData();
    for (const file of files) {
      form.append("file", file, file.name);
    }
    request.send(form);
  });
}

/** Have the gallery fetch a photo from the web; resolve to its answer, or reject with UploadRefused. */
export async function sendAddress(url) {
  const response = await fetch("/api/v1/images/from-url", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ url }),
  }).catch(() => null);
  const [answer] = answersOf(1, response && (await response.json().catch(() => null)));
  return answer;
}

function sharesOf(files, loaded) {
  let before = 0;
  return files.map((file) => {
    const share = file.size > 0 ? (loaded - before) / file.size : 1;
    before += file.size;
    return Math.min(1, Math.max(0, share));
  });
}

function answersOf(count, body) {
  const items = body?.items ?? body?.error?.detail?.items ?? [];
  return Array.from({ length: count }, (_, number) => {
    const item = items[number];
    return item?.id ? item : new UploadRefused((item?.error ?? body?.error)?.message ?? "");
  });
}
