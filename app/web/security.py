"""Who may call, and what the browser may do with our pages."""

import hmac
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from app.errors import AccessDenied

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def protect(app: Flask, password: str, allowed_hosts: str) -> None:
    """Check every request before it is handled and add headers to every answer."""
    trusted = trusted_hosts(password, allowed_hosts)

    @app.before_request
    def check_request() -> None:
        if trusted is not None:
            check_host(trusted)
        if password and request.path not in OPEN_PATHS:
            check_password(password)
        if request.method not in SAFE_METHODS:
            check_same_site()

    @app.after_request
    def add_headers(response: Response) -> Response:
        for header, value in HEADERS.items():
            response.headers.setdefault(header, value)
        return response


def trusted_hosts(password: str, allowed_hosts: str) -> frozenset[str] | None:
    """Return the host names under which we may be called, None for any.

    Without a password only loopback's names will do, or else a foreign page could rebind its own name to 127.0.0.1
    and read the gallery. With one, a browser has no credentials for the foreign name.
    """
    names = {name.strip().lower() for name in allowed_hosts.split(",") if name.strip()}
    if "*" in names or (password and not names):
        return None
    return LOOPBACK_NAMES | names


def check_host(trusted: frozenset[str]) -> None:
    """Raise AccessDenied for a request that calls us by a name that isn't ours.

    Werkzeug's own check of trusted hosts doesn't know IPv6 addresses (`[::1]:8000`).
    """
    try:
        name = urlsplit(f"//{request.host}").hostname
    except ValueError:
        name = None
    if name not in trusted:
        raise AccessDenied(
            f"This gallery isn't served under the name {request.host[:80]!r}. Add the name to GALLERY_ALLOWED_HOSTS."
        )


def check_password(password: str) -> None:
    """Raise Unauthorized unless the request carries the password (HTTP basic authentication, any user name)."""
    given = request.authorization.password if request.authorization else None
    if given is None or not hmac.compare_digest(given.encode(), password.encode()):
        raise Unauthorized(
            "This gallery asks for a password: send it with HTTP basic authentication.", www_authenticate=_challenge()
        )


def check_same_site() -> None:
    """Raise AccessDenied for a change that another site's page asked the browser to make."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site not in (None, "same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc != request.host
    )
    if foreign:
        raise AccessDenied(
            "This change was asked for by a page of another site, so it was refused. Use the gallery's own pages."
        )


def _challenge() -> WWWAuthenticate:
    return WWWAuthenticate("basic", {"realm": "Image gallery"})
