import re

from playwright.sync_api import Page, expect

from tests.browser.actions import fresh_photo, photo_address, upload
from tests.browser.conftest import NewPage
from tests.photos import astronaut_jpeg

SAME_PLACE_PX = 1.5


def open_photo(page: Page, name: str, data: bytes) -> None:
    upload(page, {name: data})
    page.goto(photo_address(page, name))


def test_boxes_lie_on_the_picture_and_light_up_with_their_line(page: Page) -> None:
    open_photo(page, "astronaut.jpg", astronaut_jpeg())
    picture, boxes = page.locator(".stage__picture").bounding_box(), page.locator(".boxes").bounding_box()
    assert picture is not None
    assert boxes is not None
    for side in ("x", "y", "width", "height"):
        assert abs(picture[side] - boxes[side]) < SAME_PLACE_PX
    line = page.locator(".object").first
    box = page.locator(f'.box[data-object="{line.get_attribute("data-object")}"]')
    expect(box.locator(".box__text")).to_have_css("opacity", "0")
    line.hover()
    expect(box).to_have_class(re.compile("box--lit"))
    expect(box.locator(".box__text")).to_have_css("opacity", "1")
    page.mouse.move(0, 0)
    box.focus()
    expect(line).to_have_class(re.compile("object--lit"))


def test_letters_on_boxes_keep_their_size_on_a_phone(new_page: NewPage) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    open_photo(page, "astronaut.jpg", astronaut_jpeg())
    text = page.locator(".box__text").first
    shown_px = text.evaluate("""(text) => parseFloat(getComputedStyle(text).fontSize)
        * text.ownerSVGElement.getBoundingClientRect().width / text.ownerSVGElement.viewBox.baseVal.width""")
    assert 14 <= shown_px <= 16


def test_similar_photos_are_compared_in_the_chosen_way(page: Page) -> None:
    upload(page, {"pair-a.jpg": fresh_photo(), "pair-b.jpg": fresh_photo()})
    page.goto(photo_address(page, "pair-a.jpg"))
    expect(page.locator(".similar .tile").first.locator(".score")).to_be_visible()
    page.get_by_role("link", name="Things in the same places").click()
    expect(page).to_have_url(re.compile(r"method=layout#similar$"))
    expect(page.get_by_role("link", name="Things in the same places")).to_have_attribute("aria-current", "true")


def test_a_photo_is_deleted_after_a_question_and_can_be_brought_back(page: Page) -> None:
    page.clock.install()
    open_photo(page, "unwanted.jpg", fresh_photo())
    address = page.url
    tile = page.locator(f'.tile[data-photo-id="{address[-32:]}"]')
    for answer in ("Undo", "Delete"):
        page.goto(address)
        page.locator("summary", has_text="Delete").click()
        page.get_by_role("dialog", name="Delete this photo?").get_by_role("button", name="Delete").click()
        expect(page.get_by_text("unwanted.jpg is deleted.")).to_be_visible()
        expect(page.locator(".timeline--live")).to_be_visible()
        expect(tile).to_have_count(0)
        if answer == "Undo":
            page.get_by_role("button", name=answer).click()
            expect(tile).to_be_visible()
    page.clock.fast_forward(10_000)
    expect(page.get_by_text("unwanted.jpg is deleted.")).to_be_hidden()
    gone = page.goto(address)
    assert gone is not None
    assert gone.status == 404


def test_the_download_is_the_file_as_uploaded(page: Page) -> None:
    data = fresh_photo()
    open_photo(page, "mine.jpg", data)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "mine.jpg"
    assert download.value.path().read_bytes() == data
