import re

from playwright.sync_api import Page, expect

from tests.browser.actions import drop, fresh_photo, payload, photo_address, upload
from tests.photos import astronaut_jpeg, cat_jpeg, coffee_jpeg


def test_kitty_finds_the_cat_and_says_why(page: Page) -> None:
    upload(page, {"chelsea.jpg": cat_jpeg(), "astronaut.jpg": astronaut_jpeg(), "coffee.jpg": coffee_jpeg()})
    cat = photo_address(page, "chelsea.jpg")
    page.get_by_role("combobox", name="Search your photos").fill("kitty")
    page.keyboard.press("Enter")
    best = page.locator(".tile").first
    expect(best.locator(".tile__link")).to_have_attribute("href", cat)
    expect(best.locator(".score")).to_have_text(re.compile(r"^\d\.\d\d$"))
    expect(best.locator(".tile__caption")).to_contain_text("kitty ↔ ")


def test_an_unknown_word_offers_near_ones_that_can_be_followed(page: Page) -> None:
    upload(page, {"chelsea.jpg": cat_jpeg()})
    page.goto("/search?q=dgo")
    expect(page.get_by_role("alert")).to_contain_text("dgo")
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/search\?q=(?!dgo)"))
    expect(page.locator(".tile").first).to_be_visible()


def test_an_outside_photo_finds_itself_in_place(page: Page) -> None:
    mine = fresh_photo()
    upload(page, {"shapes-a.jpg": fresh_photo(), "shapes-b.jpg": mine})
    page.goto("/search/photo")
    page.get_by_label("Photo to search with").set_input_files(payload("mine.jpg", mine))
    expect(page.get_by_alt_text("Preview of mine.jpg")).to_be_visible()
    page.locator("[data-photo-search]").get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", name="Like mine.jpg")).to_be_visible()
    expect(page.locator(".tile").first.get_by_role("img")).to_have_attribute("alt", re.compile("shapes-b"))
    expect(page.get_by_alt_text("Preview of mine.jpg")).to_be_visible()


def test_a_photo_dropped_on_the_search_form_is_searched_with_and_not_stored(page: Page) -> None:
    mine = fresh_photo()
    upload(page, {"shapes-c.jpg": mine})
    page.goto("/search/photo")
    drop(page, {"dropped.jpg": mine}, target="[data-photo-search]")
    expect(page.get_by_role("heading", name="Like dropped.jpg")).to_be_visible()
    expect(page.locator(".upload")).to_have_count(0)


def test_a_file_that_is_no_picture_says_so_in_place(page: Page) -> None:
    page.goto("/search/photo")
    page.get_by_label("Photo to search with").set_input_files(payload("notes.jpg", b"this is no picture"))
    page.locator("[data-photo-search]").get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
