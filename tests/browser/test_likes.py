"""More like this, less like this, the weights of a hybrid, and searches that are saved."""

import re

from playwright.sync_api import Page, expect

from tests.browser.actions import fresh_photo, photo_address, upload


def test_more_and_less_like_this_are_kept_in_the_address(page: Page) -> None:
    upload(page, {name: fresh_photo() for name in ("like-a.jpg", "like-b.jpg", "like-c.jpg")})
    first = photo_address(page, "like-a.jpg").rpartition("/")[2]
    page.goto(f"/search/similar?ids={first}")
    hit = page.locator(".tile--hit").nth(1)
    hit.hover()
    hit.get_by_role("link", name=re.compile("^Less like ")).click()
    expect(page.locator(".example--unwanted")).to_have_count(1)
    page.reload()
    expect(page.locator(".example--unwanted")).to_have_count(1)
    page.get_by_role("link", name="All of it together").click()
    page.wait_for_load_state("load")  # the scripts have started
    page.get_by_label("Things in the same places").fill("0")
    expect(page).to_have_url(re.compile("layout=0"))
    expect(page.locator('[data-part="results"][aria-busy]')).to_have_count(0)
    expect(page.locator(".tile--hit").first).to_be_visible()
    page.reload()
    expect(page.get_by_label("Things in the same places")).to_have_value("0")


def test_a_search_is_saved_opened_and_deleted(page: Page) -> None:
    page.goto("/search?q=dog+is:landscape")
    page.locator(".save summary").click()
    page.get_by_label("Name").fill("Dogs, wide")
    page.get_by_role("button", name="Save search").click()
    expect(page.get_by_role("heading", name="Saved searches")).to_be_visible()
    page.get_by_role("link", name=re.compile("Dogs, wide")).click()
    expect(page).to_have_url(re.compile(r"/search\?q=dog\+is%3Alandscape"))
    page.locator("[data-menu] summary").click()
    page.get_by_role("link", name="Saved searches").click()
    page.get_by_role("button", name="Delete Dogs, wide").click()
    expect(page.get_by_text("No search is saved yet")).to_be_visible()
