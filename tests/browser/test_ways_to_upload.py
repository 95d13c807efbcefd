"""Every way in which photos reach the gallery, and what happens when something fails on the way."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app.services.gallery import Gallery
from app.services.web_photos import WebPhotos
from app.settings import Settings
from tests.app.services.web_server import WebServer, loopback_addresses, web_server
from tests.browser.actions import SEARCHABLE_MS, await_searchable, drop, fresh_photo, payload
from tests.browser.conftest import NewPage, opened_pages
from tests.browser.own import served

PASTE = """([kind, name, data]) => {
  const transfer = new DataTransfer();
  if (kind === "text") {
    transfer.setData("text/plain", data);
  } else {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: kind }));
  }
  const options = { clipboardData: transfer, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new ClipboardEvent("paste", options));
}"""
MOST_ROWS = 100


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as running:
        yield running


@pytest.fixture
def own_page(
    browser: Browser, settings: Settings, fake_gallery: Gallery, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """Return a page of a gallery of the test's own, which takes loopback for the web."""
    web_photos = WebPhotos(5_000_000, loopback_addresses(photos=["127.0.0.1"], inside=["10.0.0.1"]))
    with served(settings, replace(fake_gallery, web_photos=web_photos)) as address:  # noqa: SIM117
        with opened_pages(browser, address, request) as new_page:
            page = new_page(viewport={"width": 1280, "height": 860})
            page.goto("/")
            page.evaluate("window.sameDocument = true")
            yield page
            assert page.is_closed() or page.evaluate("window.sameDocument") is True


def await_done(page: Page, count: int) -> None:
    expect(page.locator("[data-uploads-count]")).to_have_text(f"{count:,} of {count:,}", timeout=SEARCHABLE_MS)
    expect(page.locator("[data-uploads-title]")).to_have_text("All done")


def test_fifty_dropped_photos_become_searchable(page: Page) -> None:
    page.goto("/")
    drop(page, {f"photo-{number}.jpg": fresh_photo() for number in range(50)})
    await_done(page, 50)
    await_searchable(page, 50)
    expect(page.locator(".tile[data-state=ready]").first).to_be_visible()


def test_a_dropped_folder_gives_its_pictures_however_deep_they_lie(own_page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    (folder / "day one" / "evening").mkdir(parents=True)
    for place in ("sea.jpg", "day one/hill.jpg", "day one/evening/fire.jpg"):
        (folder / place).write_bytes(fresh_photo())
    (folder / "day one" / "notes.txt").write_text("not a picture")
    (folder / ".hidden.jpg").write_bytes(b"")
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    session = own_page.context.new_cdp_session(own_page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 500, "data": data})
    await_done(own_page, 3)
    names = own_page.locator(".upload__name").all_inner_texts()
    assert sorted(names) == ["fire.jpg", "hill.jpg", "sea.jpg"]
    expect(own_page.get_by_text("2 files are no pictures and were left out.")).to_be_visible()


def test_a_chosen_folder_gives_its_pictures(own_page: Page, tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "one.jpg").write_bytes(fresh_photo())
    (tmp_path / "album" / "list.csv").write_text("1,2")
    own_page.set_input_files('[data-upload-input="folder"]', tmp_path / "album")
    await_done(own_page, 1)
    expect(own_page.get_by_text("1 file is no picture and was left out.")).to_be_visible()


def test_photos_and_addresses_are_pasted(own_page: Page, web: WebServer) -> None:
    web.pages["/boat.jpg"] = fresh_photo()
    own_page.evaluate(PASTE, ["image/png", "image.png", b64encode(fresh_photo()).decode()])
    own_page.evaluate(PASTE, ["text", "", web.url("/boat.jpg")])
    await_done(own_page, 2)
    assert own_page.locator(".upload__name").all_inner_texts() == ["image.png", "boat.jpg"]


def test_a_photo_is_fetched_from_the_web(own_page: Page, web: WebServer) -> None:
    web.pages["/lake.jpg"] = fresh_photo()
    for url in (web.url("/lake.jpg"), "http://inside.example/router.jpg"):
        own_page.locator(".menu summary").click()
        own_page.get_by_role("button", name="Add a photo from the web").click()
        own_page.get_by_label("Address of the photo").fill(url)
        own_page.get_by_role("button", name="Add the photo").click()
    refused = own_page.locator('.upload[data-state="failed"]')
    expect(refused.locator(".upload__state")).to_contain_text("isn't a public server")
    expect(own_page.locator('.upload[data-state="ready"] .upload__name')).to_have_text("lake.jpg")
    assert web.asked == [("/lake.jpg", f"photos.example:{web.port}")]


def test_a_bad_file_fails_alone_and_all_that_failed_are_tried_again(own_page: Page) -> None:
    own_page.route("**/api/v1/images", lambda route: route.abort("connectionreset"), times=2)
    drop(own_page, {"a.jpg": fresh_photo(), "b.jpg": fresh_photo()})
    expect(own_page.get_by_role("button", name="2 failed")).to_be_visible()
    drop(own_page, {"good.jpg": fresh_photo(), "notes.jpg": b"no picture", "better.jpg": fresh_photo()})
    expect(own_page.get_by_role("button", name="3 failed")).to_be_visible()
    own_page.get_by_role("button", name="3 failed").click()
    expect(own_page.locator(".upload")).to_have_count(3)
    own_page.get_by_role("button", name="Retry all").press("Enter")
    expect(own_page.get_by_role("group", name="Uploads")).to_be_focused()
    expect(own_page.get_by_role("button", name="1 failed")).to_be_visible()
    failed = own_page.locator('.upload[data-state="failed"]')
    expect(failed.locator(".upload__name")).to_have_text("notes.jpg")
    expect(failed.locator(".upload__state")).to_contain_text("picture")


def test_thousands_of_files_need_few_rows_and_few_requests(own_page: Page) -> None:
    count, requests = 600, []

    def take(route: Route) -> None:
        files = len(re.findall(rb'filename="', route.request.post_data_buffer or b""))
        requests.append(files)
        items = [{"filename": "a.jpg", "id": "0" * 32, "state": "ready", "duplicate": False}] * files
        route.fulfill(status=202, json={"items": items})

    own_page.route("**/api/v1/images", take)
    own_page.route("**/thumbnail?*", lambda route: route.fulfill(status=404))
    drop(own_page, {f"{number}.jpg": b"photo" for number in range(count)})
    await_done(own_page, count)
    assert sum(requests) == count
    assert len(requests) < count / 4
    assert own_page.locator(".upload").count() <= MOST_ROWS
    own_page.locator("[data-uploads-scroll]").evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
    expect(own_page.locator(".upload").last).to_be_in_viewport()
    assert own_page.locator(".upload").count() <= MOST_ROWS


def test_leaving_asks_first_while_photos_are_on_their_way(own_page: Page) -> None:
    own_page.route("**/api/v1/images", lambda route: None)  # no answer comes
    with own_page.expect_file_chooser() as chooser:
        own_page.get_by_role("link", name="Upload").click()
    chooser.value.set_files([payload("slow.jpg", fresh_photo())])
    expect(own_page.locator('.upload[data-state="sending"]')).to_be_visible()
    with own_page.expect_event("dialog") as dialog:
        own_page.close(run_before_unload=True)
    assert dialog.value.type == "beforeunload"
    dialog.value.dismiss()
    expect(own_page.locator('.upload[data-state="sending"]')).to_be_visible()


def test_a_phone_offers_its_camera(new_page: NewPage) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto("/upload")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take a photo").first.click()
    assert chooser.value.element.get_attribute("capture") == "environment"
    chooser.value.set_files([payload("taken.jpg", fresh_photo())])
    await_done(page, 1)
