"""How gunicorn serves the gallery: `python -m gunicorn -c gunicorn.conf.py "app:create_served_app()"`.

One worker and no preloading: the process that opens the gallery file must be the one that serves it, and only one
may. Threads answer requests side by side; model inference happens in the model server's process.
"""

import os
import signal
import sys
import threading
from typing import Any

from app.settings import Settings

_settings = Settings.from_environment(os.environ)
_host = _settings.host.strip("[]")

bind = f"[{_host}]:{_settings.port}" if ":" in _host else f"{_host}:{_settings.port}"
workers = 1
worker_class = "gthread"
threads = 32
"""Twice as many as pages may watch for changes, each of which keeps one busy."""
preload_app = False
reuse_port = False
timeout = 120
graceful_timeout = 5
"""Seconds that requests in hand get when the gallery is stopped."""
keepalive = 5
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """Stop with `gallery serve`, which holds the other end of standard input, even if it is killed outright."""
    if os.environ.get("GALLERY_STOP_AT_END_OF_INPUT"):
        threading.Thread(target=_stop_at_end_of_input, args=(worker.ppid,), daemon=True).start()


def _stop_at_end_of_input(master_pid: int) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    if os.getppid() == master_pid:
        os.kill(master_pid, signal.SIGTERM)
