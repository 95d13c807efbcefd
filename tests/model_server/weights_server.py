"""A real HTTP server with one file, which can break off, change its mind, or do without ranges."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class WeightsServer:
    """Serves *content* at any path; use it in a `with` block."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.etag = '"first"'
        self.status = 200
        self.breaks_after: list[int] = []
        """How many bytes the next answers carry before they break off."""
        self.knows_ranges = True
        self.is_silent = False
        """Announce the bytes and never send them."""
        self.ranges: list[str | None] = []
        """What each request asked for."""
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/weights/model.bin"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def start_of(self, asked: str | None, validator: str | None) -> int:
        """Return the first byte to send."""
        if not asked or not self.knows_ranges or validator != self.etag:
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers["Range"]
                server.ranges.append(asked)
                start = server.start_of(asked, self.headers["If-Range"])
                if start > len(server.content):
                    self.send_error(416)
                    return
                body = server.content[start:]
                self.send_response(206 if start and server.status == 200 else server.status)
                self.send_header("ETag", server.etag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if server.is_silent:
                    server.closing.wait()
                    return
                self.wfile.write(body[: server.breaks_after.pop(0)] if server.breaks_after else body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay quiet."""

        return Handler
