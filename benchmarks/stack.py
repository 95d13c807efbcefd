"""A real gallery for measurements: gunicorn and the local model server in processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

PROJECT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 90.0


@dataclass(frozen=True)
class RunningGallery:
    """A gallery that answers at `url`; `pid` is gunicorn's."""

    url: str
    pid: int

    def web_memory_bytes(self) -> int:
        """Return the resident memory of the web processes (gunicorn and its worker), without the model server."""
        return sum(resident_bytes(pid) for pid in (self.pid, *children(self.pid)))


@contextmanager
def running_gallery(folder: Path) -> Iterator[RunningGallery]:
    """Run a gallery on a new file in `folder` until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"GALLERY_DATA": str(folder / "gallery.h5"), "GALLERY_PORT": str(port)}
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:create_served_app()"]
    with (folder / "gallery.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        gallery = RunningGallery(f"http://127.0.0.1:{port}", process.pid)
        wait_ready(gallery.url, process)
        yield gallery
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once `/readyz` says so; raise RuntimeError if the gallery ends or takes too long."""
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise RuntimeError(f"The gallery ended with {process.returncode} before it was ready.")
        try:
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"The gallery was not ready after {START_LIMIT_S} s.")


def children(pid: int) -> list[int]:
    """Return the pids of a process's children that are Python web workers, not model servers."""
    processes = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    own = [entry for entry in processes if _parent(entry) == pid and b"model_server" not in _command(entry)]
    return [int(entry.name) for entry in own]


def resident_bytes(pid: int) -> int:
    """Return a process's resident memory (VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0  # it ended meanwhile


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
