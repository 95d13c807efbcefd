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
    weigh_by_keyboard_and_mouse(page)


def weigh_by_keyboard_and_mouse(page: Page) -> None:
    places, looks = (page.get_by_role("slider", name=name) for name in ("Things in the same places", "Looks alike"))
    scores = page.locator(".tile--hit .score")
    before = scores.all_inner_texts()
    places.press("Home")
    expect(places).to_have_value("0")
    expect(places).to_have_attribute("aria-valuetext", "0%")
    expect(page).to_have_url(re.compile("layout=0"))
    expect(scores).not_to_have_text(before)
    places.press("ArrowRight")
    expect(page).to_have_url(re.compile("layout=5&"))
    expect(places).to_be_focused()
    weaker = scores.all_inner_texts()
    room = looks.bounding_box()
    assert room is not None
    page.mouse.click(room["x"] + room["width"] - 2, room["y"] + room["height"] / 2)
    expect(looks).to_have_value("100")
    expect(page.locator(".slider [data-percent]").first).to_have_text("100%")
    expect(scores).not_to_have_text(weaker)
    shown = scores.all_inner_texts()
    expect(page.locator('[data-part="summary"][aria-live="polite"]')).to_contain_text("found among")
    page.reload()
    expect(scores).to_have_text(shown)
    expect(places).to_have_value("5")
    expect(looks).to_have_value("100")


def test_a_search_is_saved_opened_and_deleted(page: Page) -> None:
    page.goto("/search?q=dog+is:landscape")
    page.locator(".save summary").click()
    page.get_by_label("Name").press("Escape")
    expect(page.get_by_label("Name")).to_be_hidden()
    expect(page.locator(".save summary")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Name").fill("Dogs, wide")
    page.get_by_role("button", name="Save search").click()
    expect(page.get_by_role("heading", name="Saved searches")).to_be_visible()
    page.get_by_role("link", name=re.compile("Dogs, wide")).click()
    expect(page).to_have_url(re.compile(r"/search\?q=dog\+is%3Alandscape"))
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Saved searches").click()
    page.get_by_role("button", name="Delete Dogs, wide").click()
    expect(page.get_by_text("No search is saved yet")).to_be_visible()
