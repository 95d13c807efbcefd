"""axe-core finds nothing serious on any page, in light and dark, nor in what opens over them."""

import json
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.browser.actions import photo_address, upload
from tests.browser.axe import grave_faults
from tests.photos import astronaut_jpeg, cat_jpeg

LAYOUT = urlencode({"boxes": json.dumps([{"label": "cat", "box": [0.1, 0.1, 0.9, 0.9]}])})
LIVE = ".timeline--live .tile[data-photo-id]"


def test_no_page_keeps_anyone_out(page: Page) -> None:
    upload(page, {"chelsea.jpg": cat_jpeg(), "astronaut.jpg": astronaut_jpeg()})
    cat, other = (photo_address(page, name) for name in ("chelsea.jpg", "astronaut.jpg"))
    assert grave_faults(page) == [], "list of uploads"
    examples = json.dumps([{"id": cat[-32:]}, {"id": other[-32:], "weight": -0.5}, {"q": "animal"}])
    for address in (
        "/upload",
        "/search?q=dog+left:cat",
        "/search?q=dgo",
        f"/search/similar?{urlencode({'examples': examples, 'method': 'hybrid'})}",
        f"/search/layout?{LAYOUT}",
        "/search/photo",
        "/searches",
        "/help/search",
        "/docs",
        "/status",
        "/nothing",
        cat,
    ):
        page.goto(address)
        assert grave_faults(page) == [], address


def test_nothing_that_opens_over_the_gallery_keeps_anyone_out(page: Page) -> None:
    upload(page, {"chelsea.jpg": cat_jpeg()})
    page.goto("/")
    page.locator(f"{LIVE} .tile__link").first.focus()
    page.keyboard.press("x")
    assert grave_faults(page) == [], "selection"
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert grave_faults(page) == [], "question before photos are deleted"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert grave_faults(page) == [], "keys"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator(".menu summary").click()
    assert grave_faults(page) == [], "menu"
    page.get_by_role("button", name="Add a photo from the web").click()
    assert grave_faults(page) == [], "address of a photo"


def test_nothing_that_opens_over_results_keeps_anyone_out(page: Page) -> None:
    upload(page, {"chelsea.jpg": cat_jpeg()})
    page.goto("/search?q=kitty")
    page.locator(".score").first.click()
    expect(page.locator(".why:popover-open")).to_be_visible()
    assert grave_faults(page) == [], "why it was found"
    page.get_by_role("combobox").press_sequentially(" p")
    expect(page.get_by_role("option").first).to_be_visible()
    assert grave_faults(page) == [], "suggestions"
    page.keyboard.press("Escape")
    page.locator(".tile__link").first.click()
    expect(page.locator(".lightbox .stage__picture")).to_be_visible()
    page.keyboard.press("i")
    assert grave_faults(page) == [], "lightbox"
    page.keyboard.press("c")
    assert grave_faults(page) == [], "part of a photo"
