"""axe-core finds nothing serious on the pages of searches and of a photo, in light and dark."""

import json
from typing import Literal
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.actions import photo_address, upload
from tests.browser.axe import grave_faults
from tests.browser.conftest import NewPage
from tests.photos import astronaut_jpeg, cat_jpeg

LAYOUT = urlencode({"boxes": json.dumps([{"label": "cat", "box": [0.1, 0.1, 0.9, 0.9]}])})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_keeps_anyone_out(new_page: NewPage, scheme: Literal["light", "dark"]) -> None:
    page = new_page(viewport={"width": 1280, "height": 860}, color_scheme=scheme)
    upload(page, {"chelsea.jpg": cat_jpeg(), "astronaut.jpg": astronaut_jpeg()})
    cat, other = (photo_address(page, name) for name in ("chelsea.jpg", "astronaut.jpg"))
    examples = json.dumps([{"id": cat[-32:]}, {"id": other[-32:], "weight": -0.5}, {"q": "animal"}])
    for address in (
        "/search?q=kitty",
        "/search?q=dog+left:cat",
        "/search?q=dgo",
        f"/search/similar?{urlencode({'examples': examples, 'method': 'hybrid'})}",
        f"/search/layout?{LAYOUT}",
        "/search/photo",
        "/searches",
        "/help/search",
        cat,
    ):
        page.goto(address)
        assert grave_faults(page) == [], address
    page.goto("/search?q=kitty")
    page.get_by_role("combobox").press_sequentially(" p")
    expect(page.get_by_role("option").first).to_be_visible()
    assert grave_faults(page) == [], "suggestions"
    page.keyboard.press("Escape")
    page.locator(".tile__link").first.click()
    expect(page.locator(".lightbox .stage__picture")).to_be_visible()
    page.keyboard.press("i")
    assert grave_faults(page) == [], "lightbox"
