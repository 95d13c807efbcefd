// The ways in which files reach the page: dropped anywhere, pasted, chosen with the button or in the drop zone.

export function takeFiles(onFiles) {
  takeDropped(onFiles);
  takePasted(onFiles);
  takeChosen(onFiles);
}

function takeDropped(onFiles) {
  const veil = document.querySelector("[data-drop-veil]");
  let dragsOwnPicture = false;
  const fromOutside = (event) => !dragsOwnPicture && event.dataTransfer?.types.includes("Files");
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
      onFiles([...event.dataTransfer.files]);
    }
  });
}

function takePasted(onFiles) {
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) {
      event.preventDefault();
      onFiles(files);
    }
  });
}

function takeChosen(onFiles) {
  const chooser = document.querySelector("[data-upload-input]");
  chooser.addEventListener("change", () => take(chooser, onFiles));
  document.addEventListener("click", (event) => {
    const isPlainClick = !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (isPlainClick && event.target.closest("[data-upload-button]")) {
      event.preventDefault();
      chooser.click();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-upload-form] input[type=file]")) {
      take(event.target, onFiles);
    }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-upload-form]")) {
      event.preventDefault(); // its files are on their way since they were chosen
    }
  });
}

function take(input, onFiles) {
  onFiles([...input.files]);
  input.value = "";
}
