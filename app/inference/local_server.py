"""The local model server as a child process: started in the background, watched, and started anew when it dies."""

import logging
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.errors import InferenceError

log = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[2]
"""Where the package `model_server` lies."""

HOST = "127.0.0.1"
FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 5.0
HEALTHY_AFTER_S = 30.0
"""A server that lived as long as this is started anew at once when it dies."""
STOP_GRACE_S = 3.0
LOG_LIMIT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class LocalServerState:
    """How the child process is; whether its models are loaded is for `ModelClient.status` to say."""

    pid: int | None
    """None while none runs."""
    starts: int
    last_exit: str | None
    """How the last one ended, in words; None if none has."""


class LocalModelServer:
    """Runs `python -m model_server.server` on a free port of this machine, the same over all restarts."""

    def __init__(
        self,
        models_dir: Path,
        log_path: Path,
        python_executable: str = sys.executable,
        first_backoff_s: float = FIRST_BACKOFF_S,
        log_format: str = "text",
    ) -> None:
        self._models_dir = models_dir.resolve()
        self._log_path = log_path.resolve()
        self._python_executable = python_executable
        self._first_backoff_s = first_backoff_s
        self._log_format = log_format
        self._port_holder = _hold_free_port()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._last_exit: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="local-model-server", daemon=True)

    @property
    def address(self) -> str:
        """Where the server listens, or will: `host:port`."""
        return f"{HOST}:{self._port_holder.getsockname()[1]}"

    @property
    def state(self) -> LocalServerState:
        """How the child process is right now."""
        with self._lock:
            running = self._process is not None and self._process.poll() is None
            pid = self._process.pid if self._process and running else None
            return LocalServerState(pid, self._starts, self._last_exit)

    def start(self) -> None:
        """Start the server and return at once; it needs seconds to load its models."""
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Stop the server, by force after `grace_s`, and give the port back; it can't be started again."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None:
            _end(process, grace_s)
        if self._thread.is_alive():
            self._thread.join()
        self._port_holder.close()

    def _supervise(self) -> None:
        backoff_s = self._first_backoff_s
        while not self._stopping.is_set():
            started = time.monotonic()
            self._run_once()
            if time.monotonic() - started > HEALTHY_AFTER_S:
                backoff_s = self._first_backoff_s
            self._stopping.wait(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _run_once(self) -> None:
        """Start the child and wait for its end."""
        try:
            process = self._spawn()
        except OSError as error:
            self._note_exit(f"{self._python_executable} can't be started: {error}")
            return
        if process is None:
            return
        code = process.wait()
        if process.stdin:
            process.stdin.close()
        if not self._stopping.is_set():
            self._note_exit(_exit_text(code, self._log_path))

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            with _open_log(self._log_path) as log_file:
                self._process = subprocess.Popen(
                    self._command(), cwd=PROJECT, stdin=subprocess.PIPE, stdout=log_file, stderr=subprocess.STDOUT
                )
            self._starts += 1
            return self._process

    def _command(self) -> list[str]:
        host, port = self.address.split(":")
        models = str(self._models_dir)
        address = ["--host", host, "--port", port, "--share-port"]
        return [
            self._python_executable,
            "-m",
            "model_server.server",
            "--models",
            models,
            *address,
            "--log-format",
            self._log_format,
            "--exit-with-parent",
        ]

    def _note_exit(self, text: str) -> None:
        log.warning("local model server: %s", text)
        with self._lock:
            self._last_exit = text


def _hold_free_port() -> socket.socket:
    """Bind a free port without listening on it, so that nobody else gets it while the server restarts.

    Only sockets of the same user that ask for SO_REUSEPORT too may share it: the server's own. Raises InferenceError.
    """
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((HOST, 0))
    except OSError as error:
        holder.close()
        raise InferenceError(f"No free port for the local model server on {HOST}: {error}.") from error
    return holder


def _open_log(path: Path) -> BinaryIO:
    """Open the log to append; one that grew large becomes `.old` first."""
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(path.name + ".old"))
    return path.open("ab")


def _end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
        return
    process.kill()
    process.wait()


def _exit_text(code: int, log_path: Path) -> str:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"it {how}; its log is {log_path}"
