"""What can be done with the photos of the gallery page, in a gallery that looks at photos."""

import re
from zipfile import ZipFile

from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import fresh_photo, upload


def shown_tiles(page: Page, photos: dict[str, bytes]) -> list[Locator]:
    upload(page, photos)
    page.goto("/")
    expect(page.locator(".timeline--live .tile[data-photo-id]").first).to_be_visible()
    first = page.locator(".timeline .tile").evaluate_all(
        "(tiles, count) => tiles.slice(0, count).map((tile) => tile.dataset.photoId)", len(photos)
    )
    return [page.locator(f'.tile[data-photo-id="{photo_id}"]') for photo_id in first]


def ask_to_delete(page: Page, tiles: list[Locator], answer: str) -> None:
    """Select photos that aren't selected and answer the question whether they shall be deleted."""
    for tile in tiles:
        tile.get_by_role("button").click(force=True)
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name=f"Delete these {len(tiles)} photos?").get_by_role("button", name=answer).click()


def test_selected_photos_are_deleted_after_a_question_unless_that_is_undone(page: Page) -> None:
    tiles = shown_tiles(page, {name: fresh_photo() for name in ("one.jpg", "two.jpg", "three.jpg")})
    ids = [tile.get_attribute("data-photo-id") for tile in tiles]
    before = tiles[2].bounding_box()
    ask_to_delete(page, tiles[:2], "Keep")
    expect(page.locator(".tile--selected")).to_have_count(2)
    page.keyboard.press("Escape")
    ask_to_delete(page, tiles[:2], "Delete")
    expect(page.get_by_text("2 photos deleted.")).to_be_visible()
    for tile in tiles[:2]:
        expect(tile).to_have_count(0)
    assert tiles[2].bounding_box() != before  # the gap is closed
    expect(page.get_by_role("toolbar")).to_be_hidden()
    page.get_by_role("button", name="Undo").press("Enter")
    for tile in tiles:
        expect(tile).to_be_visible()
    expect(tiles[0].get_by_role("link")).to_be_focused()
    assert tiles[2].bounding_box() == before
    assert all(page.request.get(f"/api/v1/images/{photo_id}").ok for photo_id in ids)
    ask_to_delete(page, tiles[:2], "Delete")
    page.goto("/status")  # who leaves doesn't undo
    page.goto("/")
    expect(tiles[2]).to_be_visible()
    for tile, photo_id in zip(tiles[:2], ids[:2], strict=True):
        expect(tile).to_have_count(0)
        assert page.request.get(f"/api/v1/images/{photo_id}").status == 404


def test_selected_photos_are_downloaded_as_a_zip(page: Page) -> None:
    photos = {"left.jpg": fresh_photo(), "right.jpg": fresh_photo()}
    for tile in shown_tiles(page, photos):
        tile.get_by_role("button").click(force=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "photos.zip"
    with ZipFile(download.value.path()) as file:
        assert {name: file.read(name) for name in file.namelist()} == photos
    expect(page.locator(".tile--selected")).to_have_count(2)


def test_photos_like_the_selected_ones_are_found(page: Page) -> None:
    tiles = shown_tiles(page, {name: fresh_photo() for name in ("first.jpg", "second.jpg", "another.jpg")})
    for tile in tiles[:2]:
        tile.get_by_role("button").click(force=True)
    page.get_by_role("button", name="Find similar").click()
    expect(page.get_by_role("heading", name="Like these 2 photos")).to_be_visible()
    expect(page.get_by_role("list", name="Compared with").get_by_role("listitem")).to_have_count(2)
    expect(page.locator(".tile--hit").first.locator(".score")).to_be_visible()
    page.get_by_role("link", name="Things in the same places").click()
    expect(page).to_have_url(re.compile("method=layout"))


def test_the_list_that_came_with_the_page_is_shown_when_the_timeline_cannot_be_read(page: Page) -> None:
    upload(page, {"plain.jpg": fresh_photo()})
    page.route("**/api/v1/timeline?*", lambda route: route.abort("connectionreset"))
    page.goto("/")
    expect(page.locator(".timeline--plain .grid").get_by_role("img", name="plain.jpg")).to_be_visible()


def test_photos_of_a_state_have_a_timeline_of_their_own(page: Page) -> None:
    shown_tiles(page, {"ready.jpg": fresh_photo()})
    page.goto("/?state=failed")
    expect(page.locator(".heading__note")).to_have_text("0 photos")
    page.goto("/?state=ready")
    expect(page.locator(".timeline--live .tile[data-photo-id]").first).to_be_visible()
