// The menu of the header closes when something else is used, and by Escape.

export function startMenu() {
  const menu = document.querySelector("[data-menu]");
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target) || event.target.closest("button")) {
      menu.open = false;
    }
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
