"""Take the README's pictures from a real gallery of freely licensed photos: `make screenshots`."""

import json
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.stack import running_gallery
from example_imgs.demo_photos import write_demo_photos
from tests.browser.install import chromium_path

FOLDER = Path(__file__).resolve().parent
READY_LIMIT_S = 120.0
WIDTH_PX, HEIGHT_PX = 1200, 760
LAYOUT = {
    "shape": "3:2",
    "boxes": json.dumps([{"label": "motorcycle", "box": [0.12, 0.25, 0.92, 0.95]}]),
}


def main() -> None:
    """Fill a gallery, open its pages in a browser and photograph them."""
    with tempfile.TemporaryDirectory() as scratch, running_gallery(Path(scratch)) as gallery:
        ids = fill(gallery.url, write_demo_photos(Path(scratch) / "photos"))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"]
            )
            take(browser, gallery.url, "/", "gallery")
            take(browser, gallery.url, "/", "dark", color_scheme="dark")
            take(browser, gallery.url, "/search?q=kitty", "search_term_cat")
            take(browser, gallery.url, "/search?q=car", "search_term_car")
            take(browser, gallery.url, f"/photos/{ids['cat']}", "photo")
            take(browser, gallery.url, "/", "phone", viewport={"width": 390, "height": 760})
            take(browser, gallery.url, f"/search/layout?{urlencode(LAYOUT)}", "layout_search")
            take_search_by_photo(browser, gallery.url, Path(scratch) / "photos" / "cat.jpg")
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


def take(browser: Browser, url: str, path: str, name: str, **options: object) -> None:
    """Open a page and write its picture to `name`.png."""
    page = open_page(browser, url, **options)
    page.goto(path)
    save(page, name)


def take_search_by_photo(browser: Browser, url: str, photo: Path) -> None:
    """Search with a photo from outside and write the result's picture."""
    page = open_page(browser, url)
    page.goto("/search/photo")
    page.set_input_files("main input[type=file]", photo)
    page.click("main form button")
    save(page, "search_by_photo")


def open_page(browser: Browser, url: str, **options: object) -> Page:
    """Return a new page of the usual size, without animations."""
    settings = {"viewport": {"width": WIDTH_PX, "height": HEIGHT_PX}, "reduced_motion": "reduce"} | options
    return browser.new_context(base_url=url, **settings).new_page()  # type: ignore[arg-type]


def save(page: Page, name: str) -> None:
    """Wait until all pictures in sight are there, then photograph the page."""
    page.wait_for_function("[...document.images].filter(i => i.loading !== 'lazy').every(i => i.complete)")
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
