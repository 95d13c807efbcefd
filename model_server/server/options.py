"""What the server is told, and what keeps it from starting; no TensorFlow here."""

import os
from dataclasses import dataclass
from pathlib import Path

from model_server.errors import ModelServerError

MAX_ROWS = 32
MAX_WAITING = 128


class ServeError(ModelServerError):
    """The server can't start."""


class NothingToServeError(ServeError):
    """The folder holds no model that can be loaded."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"No model could be loaded from {folder}: it needs NAME/VERSION/saved_model.pb. "
            "`python -m model_server build` makes the default one."
        )


class PortError(ServeError):
    """The address can't be listened on."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Can't listen on {host}:{port}: it is in use or not of this machine. Choose another --port."
        )


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class ServeOptions:
    """The command line, checked."""

    models: Path
    host: str
    port: int
    """0 takes any free one."""
    threads: int
    """Of TensorFlow, within an operation and between operations."""
    max_waiting: int = MAX_WAITING
    """Calls that may wait for a model; further ones get UNAVAILABLE."""
    max_rows: int = MAX_ROWS
    """The most rows of one batch, and of one call."""
    share_port: bool = False
    exit_with_parent: bool = False
    log_format: str = "text"
