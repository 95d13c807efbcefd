"""Photos from the web, fetched for somebody who gave an address.

Every address is judged after its name was looked up, again after each redirect, and the connection goes to the very
address that was judged (see `public_addresses`). Proxies from the environment aren't used: they look up names anew.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from app import imaging
from app.errors import BadFileName, DownloadFailed, UploadTooLarge
from app.services.library import Upload
from app.services.public_addresses import PublicAddresses
from app.services.web_addresses import NAMELESS, WebAddress, name_in

CONNECT_TIMEOUT_S = 5.0
SILENCE_TIMEOUT_S = 15.0
"""How long a server may send nothing."""
DOWNLOAD_TIMEOUT_S = 60.0
"""How long one photo may take in all."""
MOST_AT_ONCE = 4
"""Each keeps a thread of the web server busy."""
MOST_REDIRECTS = 5
CHUNK_BYTES = 64 * 1024
HEADERS = {"User-Agent": "image-gallery", "Accept": "image/*", "Accept-Encoding": "identity"}


class _NamedTlsServer(HTTPAdapter):
    """Speaks TLS with a server that is reached by its number, and asks for the certificate of its name."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the connections; the name decides which certificate will do."""
        super().init_poolmanager(*args, server_hostname=self._name, assert_hostname=self._name, **options)


class WebPhotos:
    """Downloads single photos; may be used by several threads."""

    def __init__(
        self, max_bytes: int, addresses: PublicAddresses | None = None, timeout_s: float = DOWNLOAD_TIMEOUT_S
    ) -> None:
        self._max_bytes = max_bytes
        self._addresses = addresses or PublicAddresses()
        self._timeout_s = timeout_s
        self._free = BoundedSemaphore(MOST_AT_ONCE)

    def fetch(self, url: str) -> Upload:
        """Return what is at an address, with the name that the address gives it.

        Whether that is a picture isn't known yet. Raises BadAddress for what isn't a public web address,
        DownloadFailed if its server doesn't give it, UploadTooLarge as soon as it is over the limit.
        """
        deadline_s = time.monotonic() + self._timeout_s
        place = WebAddress.parse(url)
        with self._slot(), _new_session() as session:
            for _ in range(MOST_REDIRECTS + 1):
                with self._ask(session, place) as response:
                    if not response.is_redirect:
                        return Upload(_name_in(place.url), self._body(response, deadline_s))
                    place = WebAddress.parse(urljoin(place.url, response.headers["Location"]))
        raise DownloadFailed(f"The server sent us on more than {MOST_REDIRECTS} times.")

    def _ask(self, session: requests.Session, place: WebAddress) -> requests.Response:
        """Return the answer of the first of the server's addresses that can be reached, its body unread."""
        session.mount("https://", _NamedTlsServer(place.host))
        problem = ""
        for address in self._addresses.of(place.host, place.port):
            try:
                response = session.get(
                    place.url_at(address),
                    headers={"Host": place.name_for_server},
                    timeout=(CONNECT_TIMEOUT_S, SILENCE_TIMEOUT_S),
                    allow_redirects=False,
                    stream=True,
                )
            except requests.RequestException as error:
                problem = _reason(error)
                continue
            if response.ok:
                return response
            response.close()
            raise DownloadFailed(f"The server answered {response.status_code} {response.reason}.")
        raise DownloadFailed(f"{place.host[:80]} can't be reached: {problem}")

    def _body(self, response: requests.Response, deadline_s: float) -> bytes:
        body = bytearray()
        try:
            # One piece of what has come at a time: waiting for full chunks would let a slow server hold us for long.
            while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
                body += chunk
                if len(body) > self._max_bytes:
                    raise UploadTooLarge(
                        f"The photo has more than {self._max_bytes:,} bytes, which are allowed. Raise "
                        "GALLERY_MAX_UPLOAD_BYTES, or choose a smaller one.",
                        limit_bytes=self._max_bytes,
                    )
                if time.monotonic() > deadline_s:
                    raise DownloadFailed(f"The download took longer than {self._timeout_s:.0f} s.")
        except (OSError, HTTPError) as error:
            raise DownloadFailed(f"The download broke off: {_reason(error)}") from error
        return bytes(body)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._free.acquire(blocking=False):
            raise DownloadFailed(f"{MOST_AT_ONCE} photos are being downloaded already. Try again in a moment.")
        try:
            yield
        finally:
            self._free.release()


def _name_in(url: str) -> str:
    try:
        return imaging.check_name(name_in(url))
    except BadFileName:
        return NAMELESS


def _new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy, and no password from .netrc
    session.headers.update(HEADERS)
    return session


def _reason(error: Exception) -> str:
    """Say in a few words what the network did; the libraries' own texts name their objects."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate isn't valid for this name."
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return "it doesn't answer in time."
    return "the connection failed."
