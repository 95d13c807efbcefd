"""One photo over the page it was opened from: keys, fingers, boxes, parts, and deletion that can be undone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import fresh_photo, photo_address, upload
from tests.browser.conftest import NewPage
from tests.photos import astronaut_jpeg


def lightbox(page: Page) -> Locator:
    return page.locator("[data-lightbox]")


def expect_shown(page: Page, photo_id: str) -> None:
    expect(lightbox(page).locator(f'[data-photo="{photo_id}"]')).to_be_visible()


def three_photos(page: Page) -> list[str]:
    """Upload three photos and return their ids in the order in which the gallery shows them."""
    upload(page, {name: fresh_photo() for name in ("box-a.jpg", "box-b.jpg", "box-c.jpg")})
    page.goto("/")
    tiles = page.locator(".timeline--live .tile[data-photo-id]")
    expect(tiles.nth(2)).to_be_visible()
    return [str(tiles.nth(place).get_attribute("data-photo-id")) for place in range(3)]


def tile(page: Page, photo_id: str) -> Locator:
    return page.locator(f'.timeline [data-photo-id="{photo_id}"]')


@pytest.fixture
def ids(page: Page) -> list[str]:
    """Open the first of three photos over the gallery."""
    found = three_photos(page)
    tile(page, found[0]).get_by_role("link").click()
    expect_shown(page, found[0])
    return found


def test_it_has_its_own_address_and_back_returns(page: Page, ids: list[str]) -> None:
    expect(page).to_have_url(re.compile(f"/photos/{ids[0]}$"))
    page.go_back()
    expect(lightbox(page)).to_be_hidden()
    expect(page).to_have_url(re.compile("/$"))
    page.go_forward()
    expect_shown(page, ids[0])
    page.reload()
    expect(page.locator("main .side__name")).to_be_visible()
    page.go_back()
    expect(page.locator(".timeline--live")).to_be_visible()


def test_keys(page: Page, ids: list[str]) -> None:
    page.keyboard.press("ArrowRight")
    expect_shown(page, ids[1])
    page.keyboard.press("ArrowRight")
    expect_shown(page, ids[2])
    page.keyboard.press("ArrowLeft")
    expect_shown(page, ids[1])
    expect(page).to_have_url(re.compile(ids[1]))
    page.keyboard.press("i")
    expect(lightbox(page).get_by_role("heading", name="Details")).to_be_visible()
    page.keyboard.press("i")
    expect(lightbox(page).get_by_role("heading", name="Details")).to_be_hidden()
    zoom = "getComputedStyle(document.querySelector('.lightbox .stage__frame')).transform"
    page.keyboard.press("+")
    assert "1.5" in page.evaluate(zoom)
    page.keyboard.press("0")
    assert page.evaluate(zoom) == "none"
    page.keyboard.press("f")
    expect(lightbox(page).locator(".stage--zoomed")).to_be_attached()
    page.keyboard.press("Escape")
    expect(lightbox(page).locator(".stage--zoomed")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(lightbox(page)).to_be_hidden()
    expect(tile(page, ids[1]).get_by_role("link")).to_be_focused()


def test_a_deletion_can_be_undone(page: Page, ids: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Delete", exact=True).last.click()
    expect_shown(page, ids[1])
    expect(lightbox(page).get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("Control+z")
    expect_shown(page, ids[0])
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(tile(page, ids[0])).to_be_visible()
    assert "DELETE" not in asked


def test_a_deletion_holds_even_when_the_page_is_left(page: Page, ids: list[str]) -> None:
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Delete", exact=True).last.click()
    expect_shown(page, ids[1])
    expect(tile(page, ids[0])).to_have_count(0)
    page.goto("/status")
    for _ in range(50):
        answer = page.request.get(f"/api/v1/images/{ids[0]}")
        if answer.status == 404:
            break
        page.wait_for_timeout(100)
    assert answer.status == 404


def test_a_box_leads_to_its_thing_and_a_drawn_one_to_what_is_like_it(page: Page) -> None:
    upload(page, {"astronaut.jpg": astronaut_jpeg()})
    address = photo_address(page, "astronaut.jpg")
    page.goto("/search?q=person")
    page.locator(f'.tile__link[href="{address}"]').first.click()
    expect_shown(page, address[-32:])
    box = lightbox(page).locator(".box").last
    box.hover()
    expect(box.locator(".box__text")).to_have_css("opacity", "1")
    expect(box).to_have_attribute("href", re.compile(r"/search\?q=\w+"))
    page.keyboard.press("c")
    page.keyboard.press("Escape")
    expect(lightbox(page).get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("c")
    part = lightbox(page).locator(".part .placed")
    expect(part).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search/similar\?examples=.*box"))
    expect(page.locator(".example .mark")).to_be_attached()
    page.go_back()
    expect(page.locator(".stage__picture")).to_be_visible()


def test_fingers_swipe_and_pinch(new_page: NewPage) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    ids = three_photos(page)
    tile(page, ids[0]).get_by_role("link").tap()
    expect_shown(page, ids[0])
    # Before the swipe: the browser may take a tap right after one as an end to its movement.
    details = lightbox(page).get_by_role("heading", name="Details")
    page.get_by_role("button", name="About this photo").tap()
    expect(details).to_be_in_viewport()
    page.get_by_role("button", name="About this photo").tap()
    expect(details).to_be_hidden()
    touch = page.context.new_cdp_session(page)

    def move(*steps: list[dict[str, float]]) -> None:
        kinds = ["touchStart"] + ["touchMove"] * (len(steps) - 1) + ["touchEnd"]
        for kind, points in zip(kinds, [*steps, []], strict=True):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    move([{"x": 300, "y": 400}], [{"x": 200, "y": 402}], [{"x": 120, "y": 404}])
    expect_shown(page, ids[1])
    fingers = [[{"x": 195 - away, "y": 420, "id": 1}, {"x": 195 + away, "y": 420, "id": 2}] for away in (20, 40, 60)]
    move(*fingers)  # type: ignore[arg-type]
    expect(lightbox(page).locator(".stage--zoomed")).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
