// Why a photo was found: a card beside it while one points at it or is on it with the keyboard. Escape closes it.

const REST_MS = 320; // the pointer stays so long before a card is shown
const LEAVE_MS = 160; // and may be away so long, on its way to the card
const AWAY_PX = 8;
const EDGE_PX = 12;

export function startWhy() {
  let timer = 0;
  const later = (act, pauseMs) => {
    clearTimeout(timer);
    timer = setTimeout(act, pauseMs);
  };
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") {
      return;
    }
    const hit = event.target.closest?.(".tile--hit");
    const shown = document.querySelector(".why:popover-open");
    if (hit && cardOf(hit) === shown) {
      clearTimeout(timer);
    } else if (hit) {
      later(() => show(hit), REST_MS);
    } else {
      later(() => shown?.hidePopover(), LEAVE_MS);
    }
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.(".tile__link:focus-visible") && event.target.closest(".tile--hit")) {
      show(event.target.closest(".tile--hit"));
    }
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.(".tile__link")) {
      cardOf(event.target.closest(".tile"))?.hidePopover();
    }
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".why:popover-open")) {
      place(event.target);
    }
  }, { capture: true });
  addEventListener("scroll", () => document.querySelector(".why:popover-open")?.hidePopover(), { passive: true, capture: true });
}

function cardOf(hit) {
  return hit.querySelector("[data-why]");
}

function show(hit) {
  const card = cardOf(hit);
  if (card?.isConnected && !card.matches(":popover-open")) {
    card.showPopover();
    place(card);
  }
}

/** Put a card beneath its photo, above it or beside it, where there is room, so that it never hides the photo. */
function place(card) {
  const photo = card.closest(".tile--hit").getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  const within = (wanted, size, room) => Math.max(EDGE_PX, Math.min(wanted, room - size - EDGE_PX));
  let left = within(photo.left, width, innerWidth);
  let top = photo.bottom + AWAY_PX;
  if (top + height + EDGE_PX > innerHeight && photo.top - height - AWAY_PX >= EDGE_PX) {
    top = photo.top - height - AWAY_PX;
  } else if (top + height + EDGE_PX > innerHeight) {
    const right = photo.right + AWAY_PX;
    left = right + width + EDGE_PX <= innerWidth ? right : within(photo.left - width - AWAY_PX, width, innerWidth);
    top = within(photo.top, height, innerHeight);
  }
  card.style.left = `${left}px`;
  card.style.top = `${top}px`;
}
