"""A real browser on a real running gallery; pages that report an error, or ask a foreign host, fail their test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, sync_playwright

from tests.browser.install import chromium_path
from tests.browser.large import COUNT, serve_many

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
]
FAILURES = Path(__file__).resolve().parents[2] / "build" / "browser-failures"
WANTED = (
    "Failed to load resource: the server responded with a status of 4",
    "Failed to load resource: net::ERR_CONNECTION_RESET",
)
"""What Chromium writes when the gallery refuses something or a test cuts the connection."""

NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("No Chromium is installed; `make browser` installs one where it can.")
    chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    yield chromium
    chromium.close()


class Watch:
    """Notes what a page should never do."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self.faults: list[str] = []

    def follow(self, page: Page) -> None:
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", self._note_request)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(WANTED):
            self.faults.append(f"console: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self._base_url, "blob:", "data:")):
            self.faults.append(f"asked a foreign host: {request.url}")


@pytest.fixture
def new_page(browser: Browser, live_gallery: str, request: pytest.FixtureRequest) -> Iterator[NewPage]:
    """Return a function that opens a page in a browser context of its own; its options are the context's."""
    with opened_pages(browser, live_gallery, request) as open_page:
        yield open_page


@pytest.fixture(scope="session")
def many_photos_gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a gallery of 100,000 photos; return its address."""
    with serve_many(tmp_path_factory.mktemp("many_photos"), COUNT) as address:
        yield address


@pytest.fixture
def new_many_page(browser: Browser, many_photos_gallery: str, request: pytest.FixtureRequest) -> Iterator[NewPage]:
    """Return a function that opens a page of the gallery of 100,000 photos."""
    with opened_pages(browser, many_photos_gallery, request) as open_page:
        yield open_page


@contextmanager
def opened_pages(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[NewPage]:
    contexts: list[BrowserContext] = []
    watch = Watch(address)

    def open_page(**options: Any) -> Page:
        contexts.append(browser.new_context(base_url=address, reduced_motion="reduce", **options))
        page = contexts[-1].new_page()
        watch.follow(page)
        return page

    yield open_page
    if getattr(request.node, "failed", False):
        _keep_pictures(contexts, request.node.name)
    for context in contexts:
        context.close()
    assert watch.faults == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """Return a page of the width of a laptop."""
    return new_page(viewport={"width": 1280, "height": 860})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let fixtures know whether their test has failed."""
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]
        item.failed = report.failed  # type: ignore[attr-defined]
    return report


def _keep_pictures(contexts: list[BrowserContext], name: str) -> None:
    FAILURES.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(page for context in contexts for page in context.pages):
        page.screenshot(path=FAILURES / f"{name}-{number}.png")
