// The ways in which photos reach the page: dropped anywhere (folders too), pasted, chosen, photographed, by address.

import { isPicture, openFolders } from "./folders.js";

/** `intake` has `onFiles(files)`, `onAddress(url)` and `onLeftOut(count)` for files that are no pictures by name. */
export function takeFiles(intake) {
  takeDropped(intake);
  takePasted(intake);
  takeChosen(intake);
  takeAddress(intake);
}

function takeDropped(intake) {
  const veil = document.querySelector("[data-drop-veil]");
  let dragsOwnPicture = false;
  const wanted = (types) => types.includes("Files") || types.includes("text/uri-list");
  const fromOutside = (event) => !dragsOwnPicture && event.dataTransfer && wanted(event.dataTransfer.types);
  const onSearchForm = (event) => event.target.closest?.("[data-photo-search]");
  document.addEventListener("dragstart", () => (dragsOwnPicture = true));
  document.addEventListener("dragend", () => (dragsOwnPicture = false));
  document.addEventListener("dragover", (event) => {
    if (fromOutside(event)) {
      event.preventDefault();
      veil.hidden = Boolean(onSearchForm(event));
    }
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) {
      veil.hidden = true; // left the window
    }
  });
  document.addEventListener("drop", (event) => {
    veil.hidden = true;
    if (fromOutside(event)) {
      event.preventDefault();
      takeTransfer(event.dataTransfer, intake);
    }
  });
}

/** Take what was dropped; the browser empties it as soon as this returns, so nothing here waits before reading. */
function takeTransfer(transfer, intake) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const folders = items.map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory);
  const files = items.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory).map((item) => item.getAsFile());
  const address = transfer.getData("text/uri-list").split(/\r?\n/).find(isAddress);
  if (files.length > 0) {
    intake.onFiles(files.filter(Boolean));
  }
  if (folders.length > 0) {
    openFolders(folders, intake);
  }
  if (items.length === 0 && address) {
    intake.onAddress(address);
  }
}

function takePasted(intake) {
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const text = event.clipboardData?.getData("text/plain").trim() ?? "";
    const isTyping = event.target.closest?.("input, textarea, [contenteditable]");
    if (files.length > 0) {
      event.preventDefault();
      intake.onFiles(files);
    } else if (!isTyping && isAddress(text)) {
      event.preventDefault();
      intake.onAddress(text);
    }
  });
}

function takeChosen(intake) {
  document.addEventListener("click", (event) => {
    const isPlainClick = !(event.ctrlKey || event.metaKey || event.shiftKey);
    const button = isPlainClick && event.target.closest("[data-upload-button]");
    if (button) {
      event.preventDefault();
      chooserOf(button.dataset.uploadButton || "files").click();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-upload-input], [data-upload-form] input[type=file]")) {
      take(event.target, intake);
    }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-upload-form]")) {
      event.preventDefault(); // its files are on their way since they were chosen
    }
  });
}

function chooserOf(kind) {
  return document.querySelector(`[data-upload-input="${kind}"]`);
}

function take(input, intake) {
  const files = [...input.files];
  input.value = "";
  if (input.webkitdirectory) {
    takePictures(files, intake);
  } else if (files.length > 0) {
    intake.onFiles(files);
  }
}

function takePictures(files, intake) {
  const pictures = files.filter(isPicture);
  if (pictures.length > 0) {
    intake.onFiles(pictures);
  }
  intake.onLeftOut(files.length - pictures.length);
}

function takeAddress(intake) {
  const dialog = document.querySelector("[data-address-dialog]");
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-address-button]")) {
      dialog.showModal();
    }
  });
  dialog.querySelector("form").addEventListener("submit", (event) => {
    const field = event.target.elements.url;
    if (event.submitter?.value !== "cancel" && field.value.trim()) {
      intake.onAddress(field.value.trim());
      field.value = "";
    }
  });
}

function isAddress(text) {
  return /^https?:\/\/\S+$/i.test(text);
}
