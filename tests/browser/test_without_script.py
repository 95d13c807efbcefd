import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import SEARCHABLE_MS, fresh_photo, payload
from tests.browser.conftest import NewPage
from tests.photos import cat_jpeg
from tests.waiting import wait_until


@pytest.fixture
def plain_page(new_page: NewPage) -> Page:
    """Return a page without JavaScript."""
    return new_page(java_script_enabled=False)


def upload_by_form(page: Page, name: str, data: bytes) -> None:
    """Upload a file and look again until it is searchable."""
    page.goto("/upload")
    page.get_by_label("Choose photos").set_input_files(payload(name, data))
    page.get_by_role("button", name="Upload").click()
    outcome = page.locator(".outcome", has_text=name)

    def searchable() -> bool:
        page.get_by_role("link", name="Look again").click()
        return "Searchable" in (outcome.text_content() or "")

    wait_until(searchable, SEARCHABLE_MS / 1000, "the photo's features")


def test_upload_search_and_open(plain_page: Page) -> None:
    upload_by_form(plain_page, "plain-cat.jpg", cat_jpeg())
    plain_page.get_by_role("searchbox").fill("kitty")
    plain_page.keyboard.press("Enter")
    plain_page.locator(".tile__link").first.click()
    expect(plain_page).to_have_url(re.compile("/photos/[0-9a-f]{32}$"))
    expect(plain_page.locator(".stage__picture")).to_be_visible()
    expect(plain_page.get_by_role("heading", name="Details")).to_be_visible()


def test_search_by_photo(plain_page: Page) -> None:
    mine = fresh_photo()
    upload_by_form(plain_page, "plain-shapes.jpg", mine)
    plain_page.goto("/search/photo")
    plain_page.get_by_label("Photo to search with").set_input_files(payload("mine.jpg", mine))
    plain_page.locator("[data-photo-search]").get_by_role("button", name="Search", exact=True).click()
    expect(plain_page.get_by_role("heading", name="Like mine.jpg")).to_be_visible()
    expect(plain_page.locator(".tile").first.get_by_role("img")).to_have_attribute("alt", re.compile("plain-shapes"))


def test_delete(plain_page: Page) -> None:
    upload_by_form(plain_page, "plain-unwanted.jpg", fresh_photo())
    plain_page.get_by_role("link", name="plain-unwanted.jpg").click()
    plain_page.locator("summary", has_text="Delete").click()
    plain_page.get_by_role("button", name="Delete it").click()
    expect(plain_page.get_by_text("The photo is deleted.")).to_be_visible()
