"""The gallery's own process tree, for tests: started as a person starts it, and watched from outside."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from app.settings import ROOT, Settings
from tests.waiting import wait_until

READY_LINE = "Image gallery: "
START_LIMIT_S = 90.0
STOP_LIMIT_S = 30.0
FLASK = [sys.executable, "-m", "flask", "--app", "app"]
SERVE = [*FLASK, "gallery", "serve"]


def environment_of(settings: Settings) -> dict[str, str]:
    """Return this process's environment with all of `settings` in it."""
    values = {f"GALLERY_{name.upper()}": str(getattr(settings, name)) for name in Settings.defaults()}
    return os.environ | values


class ServedGallery:
    """Runs `gallery serve` (or another command that does) in a session of its own; use it in a `with` block."""

    def __init__(self, environment: Mapping[str, str], log: Path, command: list[str] = SERVE) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        family = self.family()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in family:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)

    @property
    def output(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def url(self) -> str:
        """Wait until the gallery says that it is ready; return the address that it gives."""
        wait_until(
            lambda: READY_LINE in self.output or self.process.poll() is not None, START_LIMIT_S, "a ready line"
        )
        assert READY_LINE in self.output, self.output
        return self.output.partition(READY_LINE)[2].split()[0]

    def end_code(self) -> int:
        return self.process.wait(STOP_LIMIT_S)

    def family(self) -> set[int]:
        """Return the ids of the process and of all its descendants."""
        listing = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listing.splitlines())}
        family = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        return family


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a dead one that nobody waited for doesn't."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def serve(settings: Settings, folder: Path) -> ServedGallery:
    """Start a gallery on a free port."""
    return ServedGallery(environment_of(replace(settings, port=0)), folder / "serve.log")
