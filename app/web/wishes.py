"""What people ask for once with a parameter of a page's address, and then have on all pages: a cookie keeps it."""

from collections.abc import Callable, Collection
from urllib.parse import urlencode

from flask import Response, request

COOKIE_LASTS_S = 365 * 24 * 3600


class Wish:
    """One thing that can be asked for, such as `?theme=dark`."""

    def __init__(self, name: str, values: Callable[[], Collection[str]]) -> None:
        """`name` is that of the parameter and of the cookie, `values` returns what may be asked for."""
        self._name = name
        self._values = values

    def now(self) -> str | None:
        """Return what was asked for with this request, or before; None if nothing was."""
        for asked in (request.args.get(self._name), request.cookies.get(self._name)):
            if asked in self._values():
                return asked
        return None

    def address_with(self, value: str) -> str:
        """Return the query string of this page's address that asks for a value."""
        others = [(name, other) for name, other in request.args.items(multi=True) if name != self._name]
        return urlencode([*others, (self._name, value)])

    def remember(self, response: Response) -> None:
        """Keep what was asked for with this request, if it was a page."""
        asked = request.args.get(self._name)
        if response.mimetype == "text/html" and asked in self._values():
            response.set_cookie(self._name, asked or "", max_age=COOKIE_LASTS_S, samesite="Lax", httponly=True)
