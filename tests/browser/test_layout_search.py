"""Things are placed in a frame by mouse, by finger and by keyboard; what is found follows."""

import json
from urllib.parse import parse_qs

from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.actions import upload
from tests.browser.conftest import NewPage
from tests.photos import astronaut_jpeg

NEAR = 0.02


def placed(page: Page) -> list[tuple[str, list[float]]]:
    query = page.evaluate("location.search").removeprefix("?")
    boxes = json.loads(parse_qs(query).get("boxes", ["[]"])[0])
    return [(box["label"], box["box"]) for box in boxes]


def place_of(element: Locator) -> FloatRect:
    place = element.bounding_box()
    assert place is not None
    return place


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def in_frame(page: Page, x: float, y: float) -> tuple[float, float]:
    frame = place_of(page.locator("[data-frame]"))
    return frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]


def test_by_mouse(page: Page) -> None:
    upload(page, {"astronaut.jpg": astronaut_jpeg()})
    page.goto("/search/layout")
    page.get_by_placeholder("person, dog, car …").fill("pers")
    page.get_by_role("button", name="person", exact=True).click()
    expect(page.locator(".tile--hit").first).to_be_visible()
    expect(page.locator(".tile--hit .marks").first).to_be_attached()
    drag(page, in_frame(page, 0.5, 0.5), in_frame(page, 0.4, 0.6))
    [(label, box)] = placed(page)
    assert label == "person"
    corner = place_of(page.locator('.placed [data-corner="se"]'))
    drag(page, (corner["x"] + 14, corner["y"] + 14), in_frame(page, 0.95, 0.9))
    [(_, larger)] = placed(page)
    assert larger[:2] == box[:2]
    assert abs(larger[2] - 0.95) < NEAR
    assert abs(larger[3] - 0.9) < NEAR
    drag(page, in_frame(page, 0.02, 0.02), in_frame(page, 0.18, 0.2))
    assert [one[0] for one in placed(page)] == ["person", "person"]
    page.get_by_role("radio", name="1:1").check()
    page.reload()
    expect(page.locator(".placed")).to_have_count(2)
    frame = place_of(page.locator("[data-frame]"))
    assert abs(frame["width"] / frame["height"] - 1) < NEAR
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".placed")).to_have_count(0)
    expect(page.locator(".tile--hit")).to_have_count(0)


def test_by_keyboard(page: Page) -> None:
    page.goto("/search/layout")
    page.get_by_placeholder("person, dog, car …").focus()
    page.keyboard.type("dog")
    page.keyboard.press("Enter")
    box = page.locator(".placed")
    expect(box).to_be_focused()
    [(_, before)] = placed(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    [(label, after)] = placed(page)
    assert label == "dog"
    moved = [round(new - old, 3) for new, old in zip(after, before, strict=True)]
    assert moved == [0.02, 0.02, 0.04, 0.02]
    expect(box).to_have_attribute("aria-label", "dog: 26 % from the left, 26 % from the top, 42 % wide, 40 % high")
    page.get_by_text("Exact place").click()
    page.get_by_label("Width %").fill("50")
    assert [round(side, 2) for side in placed(page)[0][1]] == [0.26, 0.26, 0.76, 0.66]
    box.focus()
    page.keyboard.press("Delete")
    expect(box).to_have_count(0)
    assert placed(page) == []


def test_by_finger_on_a_phone(new_page: NewPage) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto("/search/layout")
    page.get_by_role("button", name="person", exact=True).tap()
    box = page.locator(".placed")
    before = place_of(box)
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    touch = page.context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x + 20, "y": y + 12}]),
        ("touchMove", [{"x": x + 40, "y": y + 24}]),
        ("touchEnd", []),
    ):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    after = place_of(box)
    assert abs(after["x"] - before["x"] - 40) < 2
    assert abs(after["y"] - before["y"] - 24) < 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
