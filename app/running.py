"""How a running gallery is found: by a small file beside its gallery file that says where it listens.

`gallery.h5.address` holds {"url", "pid"}. It is a hint, not a lock: who owns the gallery file is for the file itself
to say, and a hint whose process or server is gone is ignored.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import requests

ANSWER_TIMEOUT_S = 3.0


@dataclass(frozen=True)
class RunningGallery:
    """A gallery that answers over HTTP."""

    url: str
    """Without a slash at the end."""
    pid: int
    """The process that has the file open."""


def announce(data: Path, url: str) -> None:
    """Write down that this process serves the gallery file `data` at `url`."""
    sidecar = sidecar_of(data)
    unfinished = sidecar.with_name(f".{sidecar.name}.{os.getpid()}")
    unfinished.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    unfinished.replace(sidecar)


def withdraw(data: Path) -> None:
    """Take back what this process announced; leave what another one did."""
    announced = _read(data)
    if announced is not None and announced.pid == os.getpid():
        sidecar_of(data).unlink(missing_ok=True)


def find_running(data: Path) -> RunningGallery | None:
    """Return the gallery that serves `data`, or None if none announced itself or it doesn't answer."""
    announced = _read(data)
    if announced is None or not _is_alive(announced.pid) or not answers(announced.url):
        return None
    return announced


def answers(url: str) -> bool:
    """Tell whether a gallery answers at `url`."""
    try:
        answer: object = requests.get(f"{url}/healthz", timeout=ANSWER_TIMEOUT_S).json()
    except (requests.RequestException, ValueError):
        return False
    return isinstance(answer, dict) and answer.get("status") == "alive"


def sidecar_of(data: Path) -> Path:
    """Return where the gallery file's address stands."""
    return data.with_name(data.name + ".address")


def url_of(host: str, port: int) -> str:
    """Return the address under which this machine reaches a gallery that listens on `host`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host.strip("[]"), host.strip("[]"))  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _read(data: Path) -> RunningGallery | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads(sidecar_of(data).read_text("utf-8"))
        return RunningGallery(str(told["url"]), int(told["pid"]))
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # another user's
    except (OSError, OverflowError):
        return False
    return pid > 0
