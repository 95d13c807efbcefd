from typing import Literal

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.actions import fresh_photo, photo_address, upload

SHAPES = {"wide.jpg": (640, 240), "flat.jpg": (400, 300), "square.jpg": (300, 300), "tall.jpg": (240, 400)}
Scheme = Literal["light", "dark"]
DEVICES: dict[str, tuple[ViewportSize, Scheme]] = {
    "phone": ({"width": 390, "height": 844}, "dark"),
    "tablet": ({"width": 1000, "height": 800}, "light"),
    "desktop": ({"width": 1440, "height": 900}, "dark"),
    "wide": ({"width": 2560, "height": 1440}, "light"),
}
SHAPE_TOLERANCE = 0.02
HIGHEST_SHIFT = 0.02

MISSHAPEN = """() => {
  const used = [...document.querySelectorAll("a, button, input, summary, select")];
  const shown = used.filter((one) => one.checkVisibility() && one.offsetWidth > 0);
  const standing = shown.filter((one) => getComputedStyle(one).display !== "inline");
  const isSmall = (one) => Math.min(one.offsetWidth, one.offsetHeight) < 24;
  const isBroken = (one) => one.matches(".button, .chip") && one.offsetHeight > 60;
  return standing.filter((one) => isSmall(one) || isBroken(one)).map((one) => one.outerHTML);
}"""
"""What is too small for a finger, and buttons whose text is broken into several lines."""

OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def upload_shapes(page: Page) -> None:
    upload(page, {name: fresh_photo(*size) for name, size in SHAPES.items()})


def test_no_page_scrolls_sideways_or_complains(page: Page) -> None:
    upload_shapes(page)
    photo = photo_address(page, "wide.jpg")
    for address in (
        "/",
        "/upload",
        "/search?q=cat",
        "/search?q=dgo",
        photo,
        "/search/photo",
        "/search/layout",
        "/status",
        "/docs",
        "/nothing",
    ):
        page.goto(address, wait_until="load")
        page.evaluate(OPEN_ALL)
        assert page.title() != "", address
        for device, (viewport, scheme) in DEVICES.items():
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], (address, device)
            assert page.evaluate(MISSHAPEN) == [], (address, device)


def test_rows_keep_each_photos_shape_and_are_even(page: Page) -> None:
    upload_shapes(page)
    page.reload()
    heights: dict[int, set[int]] = {}
    for name, (width, height) in SHAPES.items():
        picture = page.get_by_role("img", name=name, exact=True).first
        expect(picture).to_be_visible()
        place = picture.bounding_box()
        assert place is not None
        assert abs(place["width"] / place["height"] / (width / height) - 1) < SHAPE_TOLERANCE, name
        heights.setdefault(round(place["y"]), set()).add(round(place["height"]))
    assert all(max(row) - min(row) <= 1 for row in heights.values())


def test_the_gallery_does_not_jump_while_it_loads(page: Page) -> None:
    upload_shapes(page)
    page.reload()
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    shift = page.evaluate("""() => new Promise((resolve) => {
        let total = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) total += entry.value; })
            .observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => setTimeout(() => resolve(total), 50));
    })""")
    assert shift < HIGHEST_SHIFT


def test_the_main_way_works_by_keyboard(page: Page) -> None:
    upload_shapes(page)
    page.reload()
    expect(page.locator(".timeline--live")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".month__check").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".tile__link").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".stage__picture")).to_be_visible()
