"""A web server on loopback for tests of downloads, and addresses that let only it be reached."""

import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from app.services.public_addresses import IPAddress, PublicAddresses, is_public

TLS = Path(__file__).with_name("tls")
"""A certificate of `photos.example` that nobody else trusts, and its key."""


@dataclass
class WebServer:
    """What the server gives out, and what it was asked."""

    port: int
    pages: dict[str, bytes | str] = field(default_factory=dict)
    """Path to bytes, or to the address to go to instead."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Paths and the headers `Host`."""
    drip: bool = False
    """Whether bytes come one at a time."""

    def url(self, path: str, host: str = "photos.example", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


class Names:
    """A resolver for tests; the last of a name's answers stays."""

    def __init__(self, **addresses: list[str]) -> None:
        self.answers = addresses
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        waiting = self.answers.get(host.partition(".")[0], [])
        if not waiting:
            raise OSError("no such name")
        return [waiting.pop(0) if len(waiting) > 1 else waiting[0]]


def loopback_addresses(**addresses: list[str]) -> PublicAddresses:
    """Return addresses that hold 127.0.0.1, where tests serve, for public, and nothing else on loopback."""

    def admits(address: IPAddress) -> bool:
        return address == ipaddress.ip_address("127.0.0.1") or is_public(address)

    return PublicAddresses(Names(**addresses), admits)


@contextmanager
def web_server(*, tls: bool = False) -> Iterator[WebServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append((self.path, self.headers["Host"]))
            page = served.pages.get(self.path)
            if isinstance(page, str):
                self.send_response(302)
                self.send_header("Location", page)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(404 if page is None else 200)
            self.end_headers()
            for number in range(len(page or b"")) if served.drip else ():
                self.wfile.write((page or b"")[number : number + 1])
                time.sleep(0.01)
            if not served.drip:
                self.wfile.write(page or b"")

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True  # whoever asked went away, which is what some tests are about

        def log_message(self, text: str, *values: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    served = WebServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()
