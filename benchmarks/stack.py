"""A real gallery for measurements: the web process and the local model server."""

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

from app.running import find_running

PROJECT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 90.0


@dataclass(frozen=True)
class ServedGallery:
    """A gallery that answers at `url`; `pid` is the web process, which has the file open."""

    url: str
    pid: int

    def web_memory_bytes(self) -> int:
        """Return the resident memory (VmRSS) of the web process."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"Process {self.pid} has no resident memory: it has ended.")


@contextmanager
def running_gallery(folder: Path) -> Iterator[ServedGallery]:
    """Run a gallery on a new file in `folder`, as `make run` does, until the block ends."""
    data = folder / "gallery.h5"
    environment = os.environ | {"GALLERY_DATA": str(data), "GALLERY_PORT": str(free_port())}
    command = [sys.executable, "-m", "flask", "--app", "app", "gallery", "serve"]
    with (folder / "gallery.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{environment['GALLERY_PORT']}"
        wait_ready(url, process)
        running = find_running(data)
        if running is None:
            raise RuntimeError(f"The gallery at {url} doesn't say which file it serves.")
        yield ServedGallery(url, running.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once `/readyz` says so; raise RuntimeError if the gallery ends or takes too long."""
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise RuntimeError(f"The gallery ended with {process.returncode} before it was ready.")
        try:
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"The gallery was not ready after {START_LIMIT_S} s.")
