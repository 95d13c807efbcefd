// Keys that work on every page: `?` lists all keys, `/` goes to the search box.

export function startKeys() {
  const dialog = document.querySelector("[data-keys]");
  document.querySelector("[data-keys-button]")?.addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
      return;
    }
    if (event.key === "?") {
      event.preventDefault();
      dialog.showModal();
    } else if (event.key === "/") {
      event.preventDefault();
      document.querySelector(".searchbox__words").focus();
    }
  });
}
