from playwright.sync_api import Page, expect

from tests.browser.actions import await_searchable, drop, fresh_photo


def test_dropped_photos_become_searchable_and_appear_without_a_reload(page: Page) -> None:
    page.goto("/")
    page.evaluate("window.sameDocument = true")
    drop(page, {f"dropped-{seed}.jpg": fresh_photo() for seed in range(6)})
    expect(page.locator(".upload")).to_have_count(6)
    await_searchable(page, 6)
    expect(page.locator("[data-uploads-title]")).to_have_text("All done")
    for seed in range(6):
        tile = page.locator(".tile", has=page.get_by_role("img", name=f"dropped-{seed}.jpg"))
        expect(tile).to_have_attribute("data-state", "ready")
        expect(tile.locator(".badge")).to_have_count(0)
    assert page.evaluate("window.sameDocument") is True


def test_a_bad_file_says_why_and_never_stops_the_others(page: Page) -> None:
    page.goto("/")
    drop(page, {"notes.jpg": b"this is no picture", "beside-it.jpg": fresh_photo()})
    bad = page.locator('.upload[data-state="failed"]')
    expect(bad.locator(".upload__name")).to_have_text("notes.jpg")
    expect(bad.locator(".upload__state")).to_contain_text("picture")
    await_searchable(page, 1)
    with page.expect_response("**/api/v1/images") as answer:
        bad.get_by_role("button", name="Retry").click()
    assert answer.value.status == 400
    expect(bad.locator(".upload__name")).to_have_text("notes.jpg")


def test_the_same_photo_again_is_told_so(page: Page) -> None:
    photo = fresh_photo()
    page.goto("/")
    drop(page, {"first.jpg": photo})
    await_searchable(page, 1)
    drop(page, {"again.jpg": photo})
    again = page.locator(".upload", has_text="again.jpg")
    expect(again.locator(".upload__state")).to_contain_text("Already in the gallery")


def test_a_lost_connection_offers_a_retry_that_works(page: Page) -> None:
    page.goto("/")
    page.route("**/api/v1/images", lambda route: route.abort("connectionreset"), times=1)
    drop(page, {"lost.jpg": fresh_photo()})
    row = page.locator(".upload")
    expect(row.locator(".upload__state")).to_have_text("The connection was lost. Try again.")
    row.get_by_role("button", name="Retry").click()
    await_searchable(page, 1)
