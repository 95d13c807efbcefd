"""The gallery page with more photos than a browser's pages have room for; the timeline is made up by the test."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NewPage
from tests.browser.large import id_of

pytestmark = pytest.mark.xdist_group("many_photos")

COUNT = 1_200_000
MONTHS = [("2026-01", 1_000_000), ("2025-12", 150_000), ("2025-11", 50_000)]
HIGHEST_PX = 10_000_000
OUTLINE_MS = 30_000
"""The made-up outline has six megabytes, which take their way through the test into the browser."""
MOST_NODES = 1500
IN_THE_MIDDLE = """() => {
  const tiles = document.elementsFromPoint(500, 430).map((element) => element.closest(".tile[data-photo-id]"));
  return tiles.find(Boolean)?.dataset.place;
}"""


def answer_outline(route: Route) -> None:
    months = [{"month": month, "count": count} for month, count in MONTHS]
    ratios = f"[{','.join(['1333', '667', '1500'] * (COUNT // 3))}]"
    head = json.dumps({"version": "million", "total": COUNT, "months": months})
    route.fulfill(content_type="application/json", body=f'{head[:-1]}, "ratios": {ratios}}}')


def answer_photos(route: Route) -> None:
    query = {name: int(values[0]) for name, values in parse_qs(urlsplit(route.request.url).query).items()}
    places = range(query["offset"], min(COUNT, query["offset"] + query["limit"]))
    items = [
        {"id": id_of(place % 1000), "name": f"{place}.jpg", "day": "2026-01-01", "width": 4000, "height": 3000}
        | {"dominant_colour": "#446688", "state": "ready"}
        for place in places
    ]
    route.fulfill(json={"version": "million", "total": COUNT, "items": items})


@pytest.fixture
def page(new_many_page: NewPage) -> Page:
    page = new_many_page(viewport={"width": 1280, "height": 860})
    page.route(re.compile(r"/api/v1/timeline\?"), answer_outline)
    page.route(re.compile(r"/api/v1/timeline/photos\?"), answer_photos)
    page.goto("/")
    expect_live(page)
    return page


def expect_live(page: Page) -> None:
    """Wait until the timeline has its outline."""
    expect(page.locator(".timeline--live .tile[data-photo-id]").first).to_be_visible(timeout=OUTLINE_MS)


def tile(page: Page, place: int) -> str:
    return f'.tile[data-place="{place}"][data-photo-id]'


def place_in_the_middle(page: Page) -> int:
    """Return the place of the photo in the middle of the window."""
    return int(page.evaluate(IN_THE_MIDDLE))


def test_the_last_photo_is_reached_with_the_scroll_bar_and_by_key(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollHeight") < HIGHEST_PX
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.locator(tile(page, COUNT - 1))).to_be_in_viewport()
    assert page.evaluate("document.querySelectorAll('*').length") < MOST_NODES
    page.locator(tile(page, COUNT - 1)).get_by_role("link").focus()
    page.keyboard.press("Home")
    expect(page.locator(tile(page, 0))).to_be_in_viewport()
    page.keyboard.press("End")
    expect(page.locator(tile(page, COUNT - 1)).get_by_role("link")).to_be_focused()
    expect(page.locator(tile(page, COUNT - 1))).to_be_in_viewport()


def test_half_of_the_scroll_bar_is_half_of_the_photos(page: Page) -> None:
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    page.wait_for_function(IN_THE_MIDDLE)
    middle = place_in_the_middle(page)
    assert abs(middle / COUNT - 0.5) < 0.02
    expect(page.locator(".month__title")).to_have_text("January 2026")
    page.mouse.move(500, 430)
    page.mouse.wheel(0, 600)
    page.wait_for_function(f"place => ({IN_THE_MIDDLE})() != place", arg=middle)
    assert 0 < place_in_the_middle(page) - middle < 60


def test_months_far_down_are_reached_along_the_strip(page: Page) -> None:
    strip = page.get_by_role("slider", name="Go to a month")
    strip.press("End")
    expect(strip).to_have_attribute("aria-valuetext", "November 2025")
    expect(page.get_by_role("heading", name="November 2025")).to_be_in_viewport()
    expect(page.locator(tile(page, COUNT - 50_000))).to_be_in_viewport()
    page.wait_for_function("() => history.state?.place")
    page.reload()
    expect_live(page)
    expect(page.get_by_role("heading", name="November 2025")).to_be_in_viewport()
