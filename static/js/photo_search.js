// Search by photo: a preview of the chosen photo, results in place, and drop and paste as ways of choosing.

import { fetchPage } from "./page_source.js";
import { takeHanded } from "./search/handoff.js";
import { applyShapes } from "./shapes.js";
import { t } from "./texts.js";

export function startPhotoSearch(form, results) {
  const input = form.querySelector('input[type="file"]');
  const searchWith = (file) => {
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
    preview(form, file);
    search(form, results);
  };
  input.addEventListener("change", () => preview(form, input.files[0]));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search(form, results);
  });
  takeOne(form, searchWith);
  takeHanded().then((file) => file && searchWith(file), () => {}); // without a store the photo is chosen by hand
}

function takeOne(form, onFile) {
  const take = (event, files) => {
    if (files?.length > 0) {
      event.preventDefault();
      event.stopPropagation();
      onFile(files[0]);
    }
  };
  document.addEventListener("paste", (event) => take(event, event.clipboardData?.files), { capture: true });
  form.addEventListener("drop", (event) => {
    form.classList.remove("photosearch--over");
    take(event, event.dataTransfer?.files);
  });
  form.addEventListener("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) {
      event.preventDefault();
      form.classList.add("photosearch--over");
    }
  });
  form.addEventListener("dragleave", () => form.classList.remove("photosearch--over"));
}

function preview(form, file) {
  const shown = form.querySelector(".photosearch__preview");
  if (shown) {
    URL.revokeObjectURL(shown.src);
    shown.remove();
  }
  if (!file) {
    return;
  }
  const picture = new Image();
  picture.className = "photosearch__preview";
  picture.alt = t("search_photo.preview", { name: file.name });
  picture.src = URL.createObjectURL(file); // kept as long as it is shown: the hits show it as well
  picture.addEventListener("error", () => picture.remove(), { once: true }); // HEIC, which few browsers show
  form.prepend(picture);
}

async function search(form, results) {
  form.setAttribute("aria-busy", "true");
  try {
    const address = new URL(form.getAttribute("action") ?? location.pathname, location.href);
    const page = await fetchPage(address, { method: "POST", body: new FormData(form) });
    applyShapes(page);
    const found = page.querySelector("[data-photo-results]") ?? page.querySelector("main");
    results.replaceChildren(...[...found.childNodes].map((node) => document.adoptNode(node)));
    document.querySelector("[data-photo-said]").textContent = results.querySelector(".heading__note")?.textContent ?? "";
    await showAsked(form, results);
  } catch {
    HTMLFormElement.prototype.submit.call(form); // let the browser say what is wrong with the connection
  } finally {
    form.removeAttribute("aria-busy");
  }
}

/** Show the photo that was searched with beside the hits: the server keeps none of it. */
async function showAsked(form, results) {
  const asked = form.querySelector(".photosearch__preview");
  await asked?.decode().catch(() => {});
  if (!asked?.naturalWidth) {
    return;
  }
  for (const picture of results.querySelectorAll("[data-asked-picture]")) {
    const side = picture.parentElement;
    picture.src = asked.src;
    side.dataset.ratio = asked.naturalWidth / asked.naturalHeight;
    side.querySelector("svg")?.setAttribute("preserveAspectRatio", "none"); // its boxes are shares of both sides
  }
  applyShapes(results);
}
