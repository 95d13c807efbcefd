"""Take the README's pictures from a real gallery of freely licensed photos: `make screenshots`."""

import argparse
import json
import tempfile
import time
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import requests
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.stack import running_gallery
from example_imgs.demo_photos import write_demo_photos
from tests.browser.install import chromium_path

READY_LIMIT_S = 120.0
TIMELINE = ".timeline--live .tile[data-photo-id]"
WIDTH_PX, HEIGHT_PX = 1200, 760
COLOURS, REFINED = 256, 4
"""A picture of few colours takes a third of the bytes."""
SHOWN = """() => [...document.querySelectorAll("main img")].every((picture) => {
  const { top, bottom, width } = picture.getBoundingClientRect();
  return width === 0 || top > innerHeight || bottom < 0 || picture.complete && picture.naturalWidth > 0;
})"""
LAYOUT = {
    "shape": "1:1",
    "boxes": json.dumps([{"label": "person", "box": [0.15, 0.06, 0.9, 0.97]}]),
}


def take_all(folder: Path) -> None:
    """Fill a gallery, open its pages in a browser and photograph them; write the pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, running_gallery(Path(scratch)) as gallery:
        ids = fill(gallery.url, write_demo_photos(Path(scratch) / "photos"))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"]
            )
            browse = (browser, gallery.url, folder)
            take(*browse, "/", "gallery", TIMELINE)
            take(*browse, "/", "dark", TIMELINE, color_scheme="dark")
            take(*browse, "/", "phone", TIMELINE, viewport={"width": 390, "height": 760})
            take(*browse, "/search?q=kitty", "search_term_cat", ".tile--hit")
            take(*browse, "/search?q=car", "search_term_car", ".tile--hit")
            take(*browse, f"/photos/{ids['cat']}", "photo", ".boxes--measured", pointed=".object")
            take(*browse, f"/search/layout?{urlencode(LAYOUT)}", "layout_search", ".placed, .tile--hit")
            take_search_by_photo(*browse, Path(scratch) / "photos" / "cat.jpg")
            browser.close()


def fill(url: str, photos: list[Path]) -> dict[str, str]:
    """Upload photos and wait until all are ready; return the id of each by its name without ending."""
    parts = [("file", (path.name, path.read_bytes())) for path in photos]
    answer = requests.post(f"{url}/api/v1/images", files=parts, timeout=60)
    answer.raise_for_status()
    deadline = time.monotonic() + READY_LIMIT_S
    while requests.get(f"{url}/api/v1/images?state=ready&limit=1", timeout=10).json()["total"] < len(photos):
        if time.monotonic() > deadline:
            raise RuntimeError(f"The photos were not ready after {READY_LIMIT_S} s.")
        time.sleep(0.2)
    return {Path(item["filename"]).stem: item["id"] for item in answer.json()["items"]}


def take(
    browser: Browser,
    url: str,
    folder: Path,
    path: str,
    name: str,
    shown: str,
    pointed: str | None = None,
    **options: object,
) -> None:
    """Open a page and write its picture to `name`.png once it shows what a selector names; `pointed`: at what."""
    page = open_page(browser, url, **options)
    page.goto(path)
    if pointed is not None:
        page.locator(pointed).first.hover()
    save(page, folder / f"{name}.png", shown)


def take_search_by_photo(browser: Browser, url: str, folder: Path, photo: Path) -> None:
    """Search with a photo from outside and write the result's picture."""
    page = open_page(browser, url)
    page.goto("/search/photo")
    page.set_input_files("main input[type=file]", photo)
    page.click("main form button")
    save(page, folder / "search_by_photo.png", ".tile--hit")


def open_page(browser: Browser, url: str, **options: object) -> Page:
    """Return a new page of the usual size, without animations."""
    settings = {"viewport": {"width": WIDTH_PX, "height": HEIGHT_PX}, "reduced_motion": "reduce"} | options
    return browser.new_context(base_url=url, **settings).new_page()  # type: ignore[arg-type]


def save(page: Page, path: Path, shown: str) -> None:
    """Wait until the page shows what a selector names and all pictures in sight, then photograph it."""
    page.locator(shown).first.wait_for()
    page.wait_for_function(SHOWN)
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, kmeans=REFINED, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    page.context.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).resolve().parent)
    take_all(parser.parse_args().folder)
