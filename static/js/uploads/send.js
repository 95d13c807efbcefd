// One file to the API, with progress, which fetch can't tell.

export class UploadRefused extends Error {}

/** Resolve to {id, state, duplicate}; reject with UploadRefused, its message empty when the connection was lost. */
export function send(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/images");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        onProgress(event.loaded / event.total);
      }
    });
    request.addEventListener("load", () => {
      const item = request.response?.items?.[0];
      const error = item?.error ?? request.response?.error;
      if (item?.id) {
        resolve(item);
      } else {
        reject(new UploadRefused(error?.message ?? ""));
      }
    });
    request.addEventListener("error", () => reject(new UploadRefused("")));
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}
