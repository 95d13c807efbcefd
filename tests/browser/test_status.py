"""The status page while things fail and are mended, and the banner while the model server is away."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app import open_gallery
from app.inference.fake import FakeModelClient
from app.services.gallery import Gallery
from app.services.library import Upload
from app.services.live_changes import MOST_WATCHERS
from app.settings import Settings
from tests.browser.actions import SEARCHABLE_MS, await_searchable, drop, fresh_photo
from tests.browser.conftest import opened_pages
from tests.browser.own import served
from tests.model_server.server.process import ServerProcess
from tests.waiting import wait_until

AWAY = "The model server is away"


@contextmanager
def page_of(settings: Settings, gallery: Gallery, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    with served(settings, gallery) as address, opened_pages(browser, address, request) as new_page:
        page = new_page(viewport={"width": 1280, "height": 860})
        page.goto("/")
        page.evaluate("window.sameDocument = true")
        yield page


@pytest.fixture
def own_page(
    browser: Browser, settings: Settings, fake_gallery: Gallery, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """Return a page of a gallery of the test's own."""
    with page_of(settings, fake_gallery, browser, request) as page:
        yield page


def test_an_empty_gallery_fills_with_one_click(own_page: Page) -> None:
    own_page.get_by_role("button", name="Try it with demo photos").click()
    expect(own_page.locator(".heading__note")).to_have_text("9 photos")
    expect(own_page.locator('.tile[data-state="ready"]')).to_have_count(9)
    expect(own_page.get_by_role("img", name="cat.jpg")).to_be_visible()


def test_failed_photos_say_why_and_are_tried_again(
    own_page: Page, fake_gallery: Gallery, fake_client: FakeModelClient
) -> None:
    fake_client.rejects = lambda image: bool(image.any())
    own_page.goto("/status")
    fake_gallery.library.upload([Upload(f"{name}.jpg", fresh_photo()) for name in ("one", "two", "three")])
    failed = own_page.get_by_role("region", name="3 photos failed")
    expect(failed.locator(".failure__reason").first).not_to_be_empty()
    fake_client.rejects = lambda image: False
    failed.get_by_role("button", name="Retry two.jpg").click()
    expect(own_page.get_by_role("region", name="2 photos failed")).to_be_visible()
    own_page.get_by_role("button", name="Retry all").press("Enter")
    expect(own_page.locator(".count--ready dd")).to_have_text("3")
    expect(own_page.locator(".failure")).to_have_count(0)
    expect(own_page.locator("main")).to_be_focused()


def test_the_gallery_file_is_checked_compacted_and_backed_up(
    own_page: Page, settings: Settings, fake_gallery: Gallery
) -> None:
    photos = fake_gallery.library.upload([Upload(f"{name}.jpg", fresh_photo()) for name in ("one", "two")])
    assert photos[0].photo is not None
    fake_gallery.library.delete(photos[0].photo.id)
    own_page.goto("/status")
    own_page.get_by_role("button", name="Check all").focus()
    own_page.keyboard.press("Enter")
    line = own_page.locator('[data-upkeep="verify"] [data-result]')
    expect(line).to_contain_text(re.compile(r"1 photo checked \(.+\): all is as it was stored\."))
    expect(own_page.get_by_role("button", name="Check all")).to_be_focused()
    own_page.get_by_role("button", name="Compact").click()
    expect(own_page.locator('[data-upkeep="compact"] [data-result]')).to_contain_text("given back to the disk")
    own_page.get_by_role("button", name="Back up").click()
    expect(own_page.locator('[data-upkeep="backup"] [data-result]')).to_contain_text("Copied to gallery-")
    (copy,) = settings.data.parent.glob("gallery-*.h5")
    assert copy.stat().st_size > 0


def test_the_model_server_goes_and_comes_back(
    built_models: Path, tmp_path: Path, browser: Browser, request: pytest.FixtureRequest
) -> None:
    """Uploads, the gallery and the searches go on without it, and what waited is done when it is back."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = str(place.getsockname()[1])
    settings = Settings(data=tmp_path / "gallery.h5", model_server=f"127.0.0.1:{port}")
    with ServerProcess(built_models, tmp_path / "first.log", "--port", port) as server:
        server.ready_line()
        gallery = open_gallery(settings)
        with page_of(settings, gallery, browser, request) as page:
            drop(page, {"before.jpg": fresh_photo()})
            await_searchable(page, 1)
            server.process.kill()
            banner = page.locator("[data-banner]")
            expect(banner).to_contain_text(AWAY, timeout=10_000)
            drop(page, {"after.jpg": fresh_photo()})
            expect(banner).to_contain_text("one photo will be looked at")
            expect(page.locator(".upload", has_text="after.jpg").locator(".upload__state")).to_contain_text("Stored")
            assert page.request.get("/search?q=cat").ok
            with ServerProcess(built_models, tmp_path / "second.log", "--port", port):
                await_searchable(page, 2)
                expect(banner).to_be_hidden(timeout=SEARCHABLE_MS)
            assert page.evaluate("window.sameDocument") is True
        gallery.close()


def test_a_page_whose_place_others_took_follows_its_photos_all_the_same(
    own_page: Page, fake_gallery: Gallery
) -> None:
    wait_until(lambda: fake_gallery.changes.watchers == 1, what="the page to watch")
    with ExitStack() as others:
        for _ in range(MOST_WATCHERS):
            others.enter_context(fake_gallery.changes.watch())
        drop(own_page, {"unwatched.jpg": fresh_photo()})
        await_searchable(own_page, 1)
