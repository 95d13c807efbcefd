"""Addresses of the web as text: their parts, and which of them may be asked for photos at all."""

from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from app.errors import BadAddress, BadInput

DEFAULT_PORTS = {"http": 80, "https": 443}
LOWEST_OTHER_PORT = 1024
"""Below are mail and other services that aren't the web."""
LONGEST_ADDRESS = 4000
NAMELESS = "photo"


@dataclass(frozen=True)
class WebAddress:
    """An address that may be asked, as far as its text tells."""

    parts: SplitResult
    host: str
    """In ASCII, as servers know it."""
    port: int

    @classmethod
    def parse(cls, url: str) -> "WebAddress":
        """Read an address; raise BadAddress for what isn't of the web, or holds what mustn't be sent."""
        try:
            parts = urlsplit(url.strip())
            host = (parts.hostname or "").encode("idna").decode("ascii")
            port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError as error:
            raise BadAddress("It is no web address. Look at it again.") from error
        if len(url) > LONGEST_ADDRESS or parts.scheme not in DEFAULT_PORTS or not host:
            raise BadAddress("It is no http:// or https:// address.")
        if parts.username is not None or parts.password is not None:
            raise BadAddress("The address holds a name or a password, which aren't sent. Remove them.")
        if port not in DEFAULT_PORTS.values() and port < LOWEST_OTHER_PORT:
            raise BadAddress(f"Port {port} isn't one of the web.")
        return cls(parts, host, port)

    @property
    def url(self) -> str:
        """The address without its fragment."""
        return urlunsplit(self.parts._replace(fragment=""))

    @property
    def name_for_server(self) -> str:
        """What the header `Host` says."""
        host = _bracketed(self.host)
        return host if self.port == DEFAULT_PORTS[self.parts.scheme] else f"{host}:{self.port}"

    def url_at(self, number: str) -> str:
        """Return the address with the server's name replaced by the number at which the server is."""
        return urlunsplit(
            (self.parts.scheme, f"{_bracketed(number)}:{self.port}", self.parts.path, self.parts.query, "")
        )


def name_in(url: str) -> str:
    """Return the file name that an address ends with; raise BadInput for what isn't an http or https address."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in DEFAULT_PORTS and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise BadInput("It is no http:// or https:// address.")
    return unquote(parts.path).rpartition("/")[2].strip() or NAMELESS


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
