// What opens over the page, `<details data-over>`: closes when something else is used, and by Escape.

export function startOver() {
  // While the click goes down: what a button of the menu opens has to know where the focus was, and to give it back there.
  document.addEventListener("click", ({ target }) => {
    for (const opened of document.querySelectorAll("details[data-over][open]")) {
      if (!opened.contains(target)) {
        opened.open = false;
      } else if (target.closest("button[type=button]")) {
        close(opened);
      }
    }
  }, { capture: true });
  document.addEventListener("keydown", (event) => {
    const opened = document.querySelector("details[data-over][open]");
    if (event.key === "Escape" && opened !== null && document.querySelector("dialog[open]") === null) {
      event.stopImmediatePropagation();
      close(opened);
    }
  }, { capture: true });
}

function close(opened) {
  opened.querySelector("summary").focus();
  opened.open = false;
}
