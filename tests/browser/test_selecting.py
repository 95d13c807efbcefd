"""Moving among the photos of the gallery page and selecting several, in a gallery of 100,000."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewPage

pytestmark = pytest.mark.xdist_group("many_photos")


@pytest.fixture
def page(new_many_page: NewPage) -> Page:
    page = new_many_page(viewport={"width": 1280, "height": 860})
    open_gallery(page)
    return page


@pytest.fixture
def tiles(page: Page) -> list[Locator]:
    """Return the first tiles, in the order in which they stand."""
    return [page.locator(f'.tile[data-place="{place}"]') for place in range(4)]


def open_gallery(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".timeline--live .tile[data-photo-id]").first).to_be_visible()


def link(tile: Locator) -> Locator:
    return tile.get_by_role("link")


def expect_selected(page: Page, count: int) -> None:
    expect(page.locator(".tile--selected")).to_have_count(count)
    if count > 0:
        expect(page.get_by_role("toolbar").get_by_role("status")).to_have_text(f"{count} selected")
    else:
        expect(page.get_by_role("toolbar")).to_be_hidden()


def test_arrows_move_and_enter_opens(page: Page, tiles: list[Locator]) -> None:
    link(tiles[0]).focus()
    page.keyboard.press("ArrowRight")
    expect(link(tiles[1])).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(link(tiles[0])).to_be_focused()
    page.keyboard.press("End")
    expect(link(page.locator('.tile[data-place="99999"]'))).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    address = link(tiles[1]).get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{address}$"))
    page.go_back()
    expect(link(tiles[1])).to_be_focused()


def test_the_gallery_stands_at_the_photo_that_was_seen_last(page: Page, tiles: list[Locator]) -> None:
    page.set_viewport_size({"width": 480, "height": 400})
    link(tiles[0]).click()
    shown = page.locator("[data-lightbox] .side__name")
    for _ in range(12):
        before = shown.text_content() or ""
        page.keyboard.press("ArrowRight")
        expect(shown).not_to_have_text(before)
    expect(tiles[0]).to_be_visible()
    page.keyboard.press("Escape")
    last = page.locator('.tile[data-place="12"]')
    expect(link(last)).to_be_focused()
    expect(last).to_be_in_viewport()


def test_only_one_photo_is_in_the_way_of_the_tab_key(page: Page, tiles: list[Locator]) -> None:
    link(tiles[2]).focus()
    expect(page.locator('.tile [tabindex="0"]')).to_have_count(1)
    expect(link(tiles[2])).to_have_attribute("tabindex", "0")


def test_photos_are_selected_by_keyboard(page: Page, tiles: list[Locator]) -> None:
    link(tiles[0]).focus()
    page.keyboard.press("x")
    expect_selected(page, 1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Space")
    expect_selected(page, 3)
    page.keyboard.press("Space")
    expect_selected(page, 2)
    expect(tiles[0].get_by_role("button")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect_selected(page, 0)


def test_photos_are_selected_by_mouse(page: Page, tiles: list[Locator]) -> None:
    tiles[0].hover()
    tiles[0].get_by_role("button").click()
    expect_selected(page, 1)
    tiles[3].click(modifiers=["Shift"])
    expect_selected(page, 4)
    tiles[1].click()
    expect_selected(page, 3)
    page.get_by_role("button", name="Select nothing").click()
    expect_selected(page, 0)


def test_a_finger_that_rests_selects(new_many_page: NewPage) -> None:
    page = new_many_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_gallery(page)
    tile = page.locator('.tile[data-place="1"]')
    expect(tile.get_by_role("button")).to_be_hidden()
    link(tile).evaluate("""async (link) => {
        const options = { pointerType: "touch", bubbles: true, cancelable: true };
        link.dispatchEvent(new PointerEvent("pointerdown", options));
        await new Promise((resolve) => setTimeout(resolve, 600));
        link.dispatchEvent(new PointerEvent("pointerup", options));
        link.click();
    }""")
    expect_selected(page, 1)
    expect(page.get_by_role("button", name="Download")).to_be_visible()


def test_a_whole_month_is_selected_at_once(page: Page, tiles: list[Locator]) -> None:
    month = page.locator(".month").first
    month.hover()
    month.get_by_role("button", name=re.compile("^Select all photos of")).click()
    for tile in tiles:
        expect(tile).to_have_class(re.compile("tile--selected"))
    expect(page.get_by_role("toolbar").get_by_role("status")).to_have_text(re.compile(r"^\d{3} selected$"))
    month.get_by_role("button", name=re.compile("^Select all photos of")).click()
    expect_selected(page, 0)


def test_keys_are_listed_and_the_search_box_is_one_key_away(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("?")
    expect(page.get_by_role("combobox")).to_have_value("?")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".menu summary")).to_be_focused()
    expect(page.locator(".menu__list")).to_be_hidden()


def test_the_language_is_changed_in_the_menu_and_scripts_follow(page: Page, tiles: list[Locator]) -> None:
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator(".timeline--live .tile[data-photo-id]").first).to_be_visible()
    tiles[0].get_by_role("button").click(force=True)
    expect(page.get_by_role("toolbar").get_by_role("status")).to_have_text("1 ausgewählt")
    page.goto("/status")
    expect(page.get_by_role("heading", name="Zustand")).to_be_visible()
