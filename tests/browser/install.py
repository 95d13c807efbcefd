"""Find a Chromium for the browser tests, or install Playwright's own: `python -m tests.browser.install`."""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_LIMIT_S = 600


def chromium_path() -> str | None:
    """Return the path of the system's Chromium or else of Playwright's own, None if there is neither."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is not None:
        return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def main() -> None:
    """Make sure that there is a browser; say plainly what follows when there can't be one."""
    path = chromium_path()
    if path is None:
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(command, check=False, timeout=INSTALL_LIMIT_S)
        path = chromium_path()
    if path is None:
        sys.stdout.write("No Chromium could be found or installed: the tests in tests/browser will be skipped.\n")
    else:
        sys.stdout.write(f"Browser tests use {path}\n")


if __name__ == "__main__":
    main()
