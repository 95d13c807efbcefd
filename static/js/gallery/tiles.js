// The elements of the timeline: a month with its head, a photo with its check mark.

import { monthText, t } from "../texts.js";

const THUMBNAIL_SIZES_PX = [256, 512];

export class TileMaker {
  #tile;
  #month;

  /** `templates`: the element that holds the page's templates. */
  constructor(templates) {
    this.#tile = templates.querySelector("[data-tile]").content.firstElementChild;
    this.#month = templates.querySelector("[data-month]").content.firstElementChild;
  }

  month(month, top, height) {
    const section = this.#month.cloneNode(true);
    const title = monthText(month);
    section.querySelector(".month__title").textContent = title;
    section.querySelector(".month__check").setAttribute("aria-label", t("gallery.select_month", { month: title }));
    section.style.top = `${top}px`; // no transform: its head couldn't stick to the window's top
    section.style.height = `${height}px`;
    return section;
  }

  tile() {
    return this.#tile.cloneNode(true);
  }

  /** Put a tile where the photo of that place belongs. */
  put(tile, place, total, { left, top, width, height }) {
    tile.dataset.place = place;
    tile.setAttribute("aria-posinset", place + 1);
    tile.setAttribute("aria-setsize", total);
    tile.style.transform = `translate(${left}px, ${top}px)`;
    tile.style.width = `${width}px`;
    tile.style.height = `${height}px`;
  }

  /** Show only the colour of a photo, if it is known. */
  tint(tile, photo) {
    tile.firstElementChild.style.backgroundColor = photo?.dominant_colour ?? "";
  }

  /** Show a photo in its tile, or its new state in one that shows it already. */
  fill(tile, photo) {
    if (tile.dataset.photoId !== photo.id) {
      const link = tile.querySelector(".tile__link");
      link.href = `/photos/${photo.id}`;
      this.tint(tile, photo);
      showPicture(tile.querySelector(".tile__picture"), photo, Number.parseFloat(tile.style.width));
      tile.querySelector(".tile__check").setAttribute("aria-label", t("gallery.select", { name: photo.name }));
      tile.dataset.photoId = photo.id;
    }
    if (tile.dataset.state !== photo.state) {
      tile.dataset.state = photo.state;
      showBadge(tile, photo.state);
    }
  }
}

/** Read a photo from the tile that came with the page. */
export function photoOfTile(tile) {
  const { photoId, day, colour, state } = tile.dataset;
  const picture = tile.querySelector("img");
  const [width, height] = [Number(picture.getAttribute("width")), Number(picture.getAttribute("height"))];
  return { id: photoId, name: picture.alt, day, width, height, dominant_colour: colour, state };
}

function showPicture(picture, photo, widthPx) {
  const widths = THUMBNAIL_SIZES_PX.map((size) => {
    const scale = Math.min(1, size / Math.max(photo.width, photo.height, 1));
    return `/api/v1/images/${photo.id}/thumbnail?size=${size} ${Math.max(1, Math.round(photo.width * scale))}w`;
  });
  picture.alt = photo.name;
  picture.sizes = `${Math.round(widthPx)}px`;
  picture.srcset = widths.join(", ");
  picture.src = `/api/v1/images/${photo.id}/thumbnail?size=512`;
}

function showBadge(tile, state) {
  tile.querySelector(".badge")?.remove();
  if (state !== "ready") {
    const badge = document.createElement("span");
    badge.className = `badge badge--${state}`;
    badge.textContent = t(`gallery.${state}`);
    tile.querySelector(".tile__link").append(badge);
  }
}
