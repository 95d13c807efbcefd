"""What people do on the pages, for the browser tests."""

from base64 import b64encode
from collections.abc import Mapping
from itertools import count

from playwright.sync_api import FilePayload, Page, expect

from tests.photos import drawn_photo

_seeds = count(1000)

SEARCHABLE_MS = 60_000
"""How long a photo may take from the drop until it is searchable, on a busy machine."""

DROP = """([target, files]) => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
  for (const type of ["dragover", "drop"]) {
    document.querySelector(target).dispatchEvent(new DragEvent(type, options));
  }
}"""


def payload(name: str, data: bytes) -> FilePayload:
    """Return a file as a file chooser gives it to the page."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def drop(page: Page, files: Mapping[str, bytes], target: str = "main") -> None:
    """Drop files, name to bytes, onto an element."""
    page.evaluate(DROP, [target, [[name, b64encode(data).decode()] for name, data in files.items()]])


def upload(page: Page, files: Mapping[str, bytes]) -> None:
    """Choose files with the button at the top and wait until all are searchable."""
    page.goto("/")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("link", name="Upload").click()
    chooser.value.set_files([payload(name, data) for name, data in files.items()])
    await_searchable(page, len(files))


def await_searchable(page: Page, count: int) -> None:
    """Wait until the list of uploads shows that many searchable photos."""
    expect(page.locator('.upload[data-state="ready"]')).to_have_count(count, timeout=SEARCHABLE_MS)


def photo_address(page: Page, name: str) -> str:
    """Return the address of a photo that was uploaded just now, from the list of uploads."""
    address = page.locator(".upload").get_by_role("link", name=name, exact=True).get_attribute("href")
    assert address is not None
    return address


def fresh_photo(width: int = 320, height: int = 240) -> bytes:
    """Return a photo that the gallery doesn't have yet."""
    return drawn_photo(next(_seeds), width, height)
