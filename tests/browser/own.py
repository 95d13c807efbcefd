"""Galleries of a test's own, served in the test's process, so that it can reach into them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.serving import make_server

from app import create_app
from app.services.gallery import Gallery
from app.settings import Settings
from tests.browser.large import QuietHandler


@contextmanager
def served(settings: Settings, gallery: Gallery) -> Iterator[str]:
    """Serve an open gallery; return its address."""
    application = create_app(settings, gallery)
    with make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.port}"
        gallery.changes.stop()
        server.shutdown()
        thread.join()
