"""What several pages need: the banner, parameters, and how a page says what it refused."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from app.errors import BadParameter, GalleryError
from app.web.current import current_gallery
from app.web.error_pages import log_refusal, status_of
from app.web.wording import banner_text

Option = TypeVar("Option", bound=StrEnum)


def banner() -> str | None:
    """Return the line that says what part of the gallery is away, None if none is."""
    return banner_text(current_gallery().status)


def refused(error: GalleryError) -> int:
    """Log an error that the page itself shows, and return the page's status."""
    status = status_of(error)
    log_refusal(status, error.code, error.message)
    return int(status)


def option(name: str, options: type[Option], values: Mapping[str, str]) -> Option | None:
    """Read one of several values; raise BadParameter for another."""
    text = values.get(name)
    if not text:
        return None
    try:
        return options(text)
    except ValueError as error:
        known = ", ".join(one.value for one in options)
        raise BadParameter(f"{name} can't be {text!r}; it is one of {known}.", parameter=name) from error
