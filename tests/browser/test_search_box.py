"""The one box for everything: suggestions while one types, chips, and photos dropped on it."""

import re
from statistics import median

from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import drop, fresh_photo, upload
from tests.photos import cat_jpeg

MOST_MS = 50
"""A list of suggestions must be there so soon after a key."""
KEYS_TO_LIST = """async (text) => {
  const input = document.querySelector(".searchbox__words");
  const list = document.querySelector("[data-suggestions]");
  input.focus();
  const times = [];
  for (let length = 1; length <= text.length; length += 1) {
    const shown = new Promise((resolve) => {
      const watch = new MutationObserver(() => { watch.disconnect(); resolve(performance.now()); });
      watch.observe(list, { childList: true });
    });
    const start = performance.now();
    input.value = text.slice(0, length);
    input.setSelectionRange(length, length);
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    times.push((await shown) - start);
  }
  return times;
}"""


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search your photos")


def test_suggestions_are_chosen_by_keyboard(page: Page) -> None:
    page.goto("/")
    box(page).press_sequentially("per")
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("person")
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(box(page)).to_have_attribute("aria-activedescendant", "suggestion-0")
    page.keyboard.press("Tab")
    expect(box(page)).to_have_value("person ")
    page.keyboard.type("left-")
    expect(options.filter(has_text="left-of:")).to_be_visible()
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    page.keyboard.press("Control+a")
    page.keyboard.type("cat")
    expect(options.filter(has_text="cat").first).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?q=\w+"))


def test_a_suggestion_is_chosen_by_a_click(page: Page) -> None:
    page.goto("/")
    box(page).press_sequentially("umbr")
    page.get_by_role("option").first.click()
    expect(page).to_have_url(re.compile(r"/search\?q=umbrella"))


def test_suggestions_come_within_fifty_milliseconds_of_a_key(page: Page) -> None:
    page.goto("/")
    page.evaluate(KEYS_TO_LIST, "tra")
    times_ms = page.evaluate(KEYS_TO_LIST, "person left-of:dog big:cat")
    assert median(times_ms) < MOST_MS


def test_a_clause_is_taken_away_by_its_chip(page: Page) -> None:
    upload(page, {"chelsea.jpg": cat_jpeg()})
    page.goto("/search?q=kitty+is:landscape")
    expect(page.get_by_role("list", name="What is searched for").get_by_role("listitem")).to_have_count(2)
    page.get_by_role("link", name="Search without is:landscape").click()
    expect(page).to_have_url(re.compile(r"/search\?q=kitty$"))


def test_a_photo_dropped_on_the_box_is_searched_with_and_not_stored(page: Page) -> None:
    mine = fresh_photo()
    upload(page, {"shapes-d.jpg": mine})
    drop(page, {"dropped.jpg": mine}, target=".searchbox")
    expect(page.get_by_role("heading", name="Like dropped.jpg")).to_be_visible()
    expect(page.get_by_alt_text("Preview of dropped.jpg")).to_be_visible()
    expect(page.locator(".tile").first.get_by_role("img")).to_have_attribute("alt", re.compile("shapes-d"))
    expect(page.locator(".upload")).to_have_count(0)


def test_why_a_photo_was_found_is_told_on_hover_on_focus_and_at_a_press(page: Page) -> None:
    upload(page, {"chelsea.jpg": cat_jpeg()})
    page.goto("/search?q=kitty")
    hit = page.locator(".tile--hit").first
    card = hit.locator(".why")
    hit.get_by_role("link").first.hover()
    expect(card).to_be_visible()
    expect(card).to_contain_text("kitty ↔ ")
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.mouse.move(0, 0)
    page.get_by_role("link", name="How to search").first.focus()
    page.keyboard.press("Tab")
    expect(card).to_be_visible()
    page.keyboard.press("Tab")
    expect(card).to_be_hidden()
    hit.locator(".score").click()
    expect(card).to_be_visible()
