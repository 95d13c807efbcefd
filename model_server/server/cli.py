"""The command `python -m model_server.server`: starts, says that it is ready, and stops when told to."""

import argparse
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import NoReturn

from model_server import log_lines
from model_server.server.folder import find_versions
from model_server.server.options import (
    MAX_WAITING,
    NothingToServeError,
    PortError,
    ServeError,
    ServeOptions,
    available_cores,
)

log = logging.getLogger(__name__)

DEFAULT_PORT = 8500
"""TensorFlow Serving's."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT or, if asked, the parent's end.

    Once the arguments are understood this ends the process itself instead of returning: 0 when told to stop, 1
    when it could not start.
    """
    options = parse_options(argv)
    log_lines.configure("INFO", options.log_format, sys.stderr)
    # It warns at each load that TF1 sessions are of the past; Serving uses them all the same.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # Any thread and any signal handler may put an exit code here; SimpleQueue.put is safe in both.
    endings: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: endings.put(0))
    if options.exit_with_parent:
        threading.Thread(target=_wait_for_parent, args=(endings,), daemon=True).start()
    threading.Thread(target=_serve, args=(options, endings), daemon=True).start()
    _leave(endings.get())


def parse_options(argv: Sequence[str] | None) -> ServeOptions:
    """Read the command line; exits with 2 and a usage message if it can't."""
    parser = argparse.ArgumentParser(prog="python -m model_server.server", description=__doc__)
    add = parser.add_argument
    add("--models", type=Path, required=True, help="folder of NAME/VERSION/saved_model.pb")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=DEFAULT_PORT, help="0 takes any free one (default: %(default)s)")
    add("--threads", type=_positive, default=available_cores(), help="TensorFlow's (default: %(default)s)")
    add("--max-waiting", type=_positive, default=MAX_WAITING, help="calls in the queue (default: %(default)s)")
    add("--share-port", action="store_true", help="the port is held by another process that doesn't listen")
    add("--exit-with-parent", action="store_true", help="stop at the end of standard input")
    add("--log-format", choices=log_lines.FORMATS, default="text", help="(default: %(default)s)")
    return ServeOptions(**vars(parser.parse_args(argv)))


def check(options: ServeOptions) -> None:
    """Raise ServeError for what is sure to fail, before seconds go into importing TensorFlow."""
    if not find_versions(options.models):
        raise NothingToServeError(options.models)
    with socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.share_port:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind((options.host.strip("[]"), options.port))
        except OSError as error:
            raise PortError(options.host, options.port) from error


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number


def _serve(options: ServeOptions, endings: SimpleQueue[int]) -> None:
    """Start the server and announce it; report a failure as exit code 1."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        check(options)
        # TensorFlow takes seconds to import; in this thread the main one can still obey signals meanwhile.
        from model_server.server import serving

        server = serving.start(options)
        sys.stdout.write(f"ready {server.address} models={','.join(server.models)}\n")
        sys.stdout.flush()
        server.grpc_server.wait_for_termination()
    except ServeError as error:
        sys.stderr.write(f"{error}\n")
        endings.put(1)
    except Exception:  # the edge of a thread: without this the process would wait forever
        log.exception("The server can't start")
        endings.put(1)


def _wait_for_parent(endings: SimpleQueue[int]) -> None:
    """Stop when standard input ends: the parent holds the other end of the pipe and says nothing, ever.

    This works on every system, and also when the parent is killed outright.
    """
    while os.read(sys.stdin.fileno(), 4096):
        pass
    endings.put(0)


def _leave(code: int) -> NoReturn:
    """End at once, even while models run: the server keeps nothing that could be lost.

    A normal exit would wait for the threads that are inside TensorFlow.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
