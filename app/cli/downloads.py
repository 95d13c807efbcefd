"""Photos from the web, for `import --csv`."""

import time
from dataclasses import dataclass

import requests

from app.cli.gateway import PhotoFile
from app.cli.sources import too_large
from app.errors import BadInput
from app.services.web_addresses import name_in

CONNECT_TIMEOUT_S = 10.0
SILENCE_TIMEOUT_S = 30.0
"""How long a server may send nothing."""
DOWNLOAD_TIMEOUT_S = 300.0
"""How long one photo may take in all."""
CHUNK_BYTES = 64 * 1024
USER_AGENT = "image-gallery import"


@dataclass(frozen=True)
class WebSource:
    """A photo at an http or https address."""

    url: str
    max_bytes: int
    timeout_s: float = DOWNLOAD_TIMEOUT_S

    @property
    def label(self) -> str:
        """Return the address."""
        return self.url or "(no address)"

    def load(self) -> PhotoFile:
        """Download the photo; raise BadInput if that fails, UploadTooLarge as soon as it is over the limit."""
        name = name_in(self.url)
        try:
            with requests.get(
                self.url,
                stream=True,
                timeout=(CONNECT_TIMEOUT_S, SILENCE_TIMEOUT_S),
                headers={"User-Agent": USER_AGENT, "Accept": "image/*"},
            ) as response:
                if not response.ok:
                    raise BadInput(f"The server answered {response.status_code} {response.reason}.")
                return PhotoFile(name, self._body(response))
        except requests.RequestException as error:
            raise BadInput(f"The download failed: {error}") from error

    def _body(self, response: requests.Response) -> bytes:
        deadline_s = time.monotonic() + self.timeout_s
        body = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > self.max_bytes:
                raise too_large(f"more than {self.max_bytes:,} bytes", self.max_bytes)
            if time.monotonic() > deadline_s:
                raise BadInput(f"The download took longer than {self.timeout_s:.0f} s.")
        return bytes(body)
