"""The command `serve`: starts gunicorn, says when the gallery is ready, and stops all of it on Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import click
import requests

from app.cli.access import Access
from app.cli.gateway import Json
from app.cli.output import errors_reported, printable
from app.domain import PartState
from app.errors import GalleryError, SettingsError, StoreLocked
from app.running import find_running, url_of
from app.settings import ROOT, Settings

POLL_S = 0.1
ANSWER_TIMEOUT_S = 2.0
READY_PATIENCE_S = 60.0
"""After this long the address is given even if a part is still away: the gallery can be used without it."""
STOP_GRACE_S = 15.0
"""Longer than gunicorn gives its worker and the worker its model server, together."""
FEW_ARENAS = "2"
"""How many heaps glibc may keep for all threads; with its default, decoding pictures in many takes 50 MB more."""


def serve_command(access: Access) -> click.Command:
    """Make the command `serve`."""

    @click.command("serve")
    def serve() -> None:
        """Run the gallery until Ctrl-C."""
        with errors_reported(as_json=False):
            settings = access.settings
            refuse_second_server(settings.data)
            port = free_port(settings.host, settings.port)
            with stop_requests() as stop:
                Server(settings, port, stop).run()

    return serve


def refuse_second_server(data: Path) -> None:
    """Raise StoreLocked if a gallery runs on this file already."""
    running = find_running(data)
    if running is not None:
        raise StoreLocked(
            f"{data} is in use already: process {running.pid} serves it at {running.url}. Use that gallery, stop it "
            "first, or take another file: make run DATA=FILE PORT=NUMBER.",
            pid=running.pid,
            url=running.url,
        )


def free_port(host: str, port: int) -> int:
    """Return `port`, or any free one for 0; raise SettingsError if it can't be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise SettingsError(
            f"The gallery can't listen on port {port} of {host}: {error.strerror}. "
            f"Try another port: make run PORT={port % 65535 + 1}"
        ) from error


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Return an event that Ctrl-C and the signals to end set, instead of interrupting.

    A hang-up that is ignored already, as `nohup` does it, stays ignored.
    """
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    hang_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM, *hang_up)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Server:
    """Gunicorn as a child process in a session of its own, so that Ctrl-C reaches it through us only.

    It stops by itself when its standard input ends: should we be killed, nobody else would stop it.
    """

    def __init__(self, settings: Settings, port: int, stop: threading.Event) -> None:
        self._url = url_of(settings.host, port)
        self._stop = stop
        given = {"GALLERY_PORT": str(port), "GALLERY_STOP_AT_END_OF_INPUT": "1"}
        self._environment = {"MALLOC_ARENA_MAX": FEW_ARENAS} | os.environ | given
        self._said: str | None = None

    def run(self) -> None:
        """Serve until a stop is asked for; raise GalleryError if gunicorn ends by itself."""
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:create_served_app()"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdin=subprocess.PIPE, start_new_session=True
        )
        try:
            self._wait_until_ready(process)
            while not self._stop.wait(POLL_S) and process.poll() is None:
                pass
            self._report_end(process)
        finally:
            end(process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline_s = time.monotonic() + READY_PATIENCE_S
        while not self._stop.wait(POLL_S) and process.poll() is None:
            status = self._ask_status()
            if status is None:
                self._say("Starting the gallery.")
            elif status["ready"] or time.monotonic() > deadline_s:
                self._say(" ".join(part["message"] for part in unready_parts(status).values()))
                self._say(f"Image gallery: {self._url}  (Ctrl-C stops it)")
                return
            else:
                self._say(" ".join(plainly(name, part) for name, part in unready_parts(status).items()))

    def _ask_status(self) -> Json | None:
        """Return what `/readyz` says, or None while nobody answers."""
        with suppress(requests.RequestException, ValueError, KeyError, TypeError):
            status: Json = requests.get(f"{self._url}/readyz", timeout=ANSWER_TIMEOUT_S).json()
            return {"ready": status["ready"], "parts": status["parts"]}
        return None

    def _say(self, line: str) -> None:
        """Print a line unless it is empty or the one that was printed last."""
        if line and line != self._said:
            click.echo(printable(line))
            self._said = line

    def _report_end(self, process: subprocess.Popen[bytes]) -> None:
        if self._stop.is_set():
            click.echo("Stopping the gallery.")
            return
        code = process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise GalleryError(f"The web server {how}. The lines above say why.")


def unready_parts(status: Json) -> dict[str, Json]:
    """Return the parts that aren't ready, by their names."""
    return {name: part for name, part in status["parts"].items() if part["state"] != PartState.READY}


def plainly(name: str, part: Json) -> str:
    """Say in a plain sentence why a part isn't ready."""
    return f"The {name.replace('_', ' ')} is starting." if part["state"] == PartState.STARTING else part["message"]


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop gunicorn and everything that it started, politely first."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_GRACE_S)
    with suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says the latter
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()
