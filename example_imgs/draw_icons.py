"""Draw the icons of the installed gallery from `favicon.svg`: `python -m example_imgs.draw_icons`."""

from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.install import chromium_path

FOLDER = Path(__file__).resolve().parent.parent / "static" / "icons"
ICONS = {"icon-192": (192, False), "icon-512": (512, False), "icon-maskable": (512, True), "icon-apple": (180, True)}
"""File name to size in pixels, and whether the system cuts the shape: then the colour reaches the edges."""
SAFE_SHARE = 0.8
"""Of a cut icon's width, what no system cuts away."""


def draw(browser: Browser, drawing: str, name: str, size_px: int, cut: bool) -> None:
    """Write one icon."""
    page = browser.new_page(viewport={"width": size_px, "height": size_px})
    inner_px = size_px * SAFE_SHARE if cut else size_px
    background = "#3451c6" if cut else "transparent"
    page.set_content(
        f"<style>body {{ margin: 0; display: grid; place-items: center; height: 100vh; background: {background} }}"
        f"svg {{ width: {inner_px}px }}</style>{drawing}"
    )
    page.screenshot(path=FOLDER / f"{name}.png", omit_background=True)
    page.close()


def main() -> None:
    """Write all icons."""
    drawing = (FOLDER / "favicon.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        for name, (size_px, cut) in ICONS.items():
            draw(browser, drawing, name, size_px, cut)
        browser.close()


if __name__ == "__main__":
    main()
