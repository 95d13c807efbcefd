"""The containers of docker-compose.yaml under a project name and a port of the test's own."""

import json
import os
import secrets
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import requests

from tests.waiting import wait_until

PROJECT = Path(__file__).resolve().parents[2]
COPIED = ("app", "docs", "model_server", "static", "templates")
LOCAL_SERVER = "image-gallery-local-server"
START_LIMIT_S = 120.0


def why_no_engine() -> str | None:
    """Return why no containers can run here, None if they can."""
    if shutil.which("docker-compose") is None:
        return "docker-compose is not installed"
    engine = subprocess.run(["docker", "version"], capture_output=True, check=False)
    return None if engine.returncode == 0 else "no Docker engine answers"


class Stack:
    """The gallery and its model server in containers; the local server stands in for TensorFlow Serving."""

    def __init__(self, checkout: Path) -> None:
        """`checkout` is where docker-compose is started: `copy_checkout` makes one."""
        self._checkout = checkout
        self._name = f"gallery-test-{secrets.token_hex(4)}"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "COMPOSE_PROJECT_NAME": self._name,
            "GALLERY_PORT": str(self.port),
            "MODEL_SERVER_IMAGE": LOCAL_SERVER,
            "BUILD_NETWORK": "host",
        }

    def build(self) -> None:
        """Build all images."""
        dockerfile = ["-f", "model_server/server/Dockerfile", "-t", LOCAL_SERVER]
        self._run("docker", "build", "--network=host", *dockerfile, ".")
        self.compose("build")

    def up(self) -> None:
        """Start everything; return when photos can be stored, looked at and found."""
        self.compose("up", "-d")
        try:
            wait_until(self.is_ready, START_LIMIT_S, "the gallery in its container")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.compose('logs', '--tail', '40')}") from error

    def down(self) -> None:
        """Remove the containers and the volume."""
        self.compose("down", "--volumes", "--timeout", "10")

    def compose(self, *arguments: str) -> str:
        """Run docker-compose; return what it printed."""
        return self._run("docker-compose", *arguments)

    def container(self, service: str) -> str:
        """Return a service's container id."""
        return self.compose("ps", "-q", service).strip()

    def docker(self, *arguments: str) -> str:
        """Run docker; return what it printed."""
        return self._run("docker", *arguments)

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a service's container."""
        (known,) = json.loads(self.docker("inspect", self.container(service)))
        return dict(known)

    def is_ready(self) -> bool:
        """Tell whether `/readyz` says so."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self._checkout, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout


def copy_checkout(folder: Path) -> None:
    """Copy what the images are made of, so that tests can put models into the catalogue; the copies' times stay."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    for file in PROJECT.iterdir():
        if file.is_file() and file.name != "gallery":
            shutil.copy2(file, folder)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
