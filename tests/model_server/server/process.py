"""A real model server in a process of its own, for tests."""

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

START_LIMIT_S = 120.0


class ServerProcess:
    """Runs `python -m model_server.server` on a free port; use it in a `with` block."""

    def __init__(self, models: Path, log_path: Path, *arguments: str) -> None:
        self.log_path = log_path
        command = [sys.executable, "-m", "model_server.server", "--models", str(models)]
        with log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--port", "0", *arguments], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    @property
    def log(self) -> str:
        return self.log_path.read_text("utf-8", "replace")

    def ready_line(self) -> str:
        """Wait until the server says that it is ready, and return what it says."""
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            for line in self.log.splitlines():
                if line.startswith("ready "):
                    return line
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log}")
            time.sleep(0.05)
        raise AssertionError(f"the server isn't ready after {START_LIMIT_S} s:\n{self.log}")

    @property
    def address(self) -> str:
        return self.ready_line().split()[1]
