"""What the files of the containers promise, read without an engine: every safeguard, limit and setting."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from app.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE = PROJECT / "docker-compose.yaml"
GPU = PROJECT / "docker-compose.gpu.yaml"
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
PROMISED = {
    "init": True,
    "restart": "unless-stopped",
    "read_only": True,
    "tmpfs": ["/tmp"],
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}


def services(path: Path = COMPOSE) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))["services"]
    return found


def stages(dockerfile: str) -> list[str]:
    """Return the parts of a Dockerfile that begin with FROM."""
    return re.split(r"^(?=FROM )", (PROJECT / dockerfile).read_text("utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("service", ["web", "model_server"])
def test_each_container_can_do_little_takes_so_much_memory_and_comes_back(service: str) -> None:
    said = services()[service]
    assert {name: said.get(name) for name in PROMISED} == PROMISED
    assert re.fullmatch(r"\$\{\w+:-\d+g\}", said["mem_limit"])


def test_nobody_is_root() -> None:
    assert "USER gallery" in stages("Dockerfile")[-1].splitlines()
    assert services()["model_server"]["user"] == "65534:65534"


@pytest.mark.parametrize("dockerfile", ["Dockerfile", "model_server/Dockerfile"])
def test_each_image_knows_how_to_tell_its_health(dockerfile: str) -> None:
    assert re.search(r"^HEALTHCHECK .*--start-period=\d+s", stages(dockerfile)[-1], re.MULTILINE)


def test_the_model_server_starts_first_and_is_reached_by_the_gallery_alone() -> None:
    assert services()["web"]["depends_on"] == ["model_server"]
    assert "ports" not in services()["model_server"]
    assert services()["web"]["ports"] == ["${GALLERY_PUBLISH:-127.0.0.1}:${GALLERY_PORT:-8000}:8000"]


def test_the_photos_have_the_only_volume() -> None:
    assert services()["web"]["volumes"] == ["gallery:/data"]
    assert "volumes" not in services()["model_server"]
    assert yaml.safe_load(COMPOSE.read_text("utf-8"))["volumes"] == {"gallery": None}


def test_the_engine_is_sent_what_the_images_copy() -> None:
    ignored = (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
    sent = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    for dockerfile in ("Dockerfile", "model_server/Dockerfile", "model_server/server/Dockerfile"):
        text = (PROJECT / dockerfile).read_text("utf-8")
        for source in " ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)).split():
            path = source.replace("[e]", "e")  # a name that may be missing is written as a pattern
            assert any(f"{path}/".startswith(f"{one}/") or one.startswith(f"{path}/") for one in sent), source


def test_every_variable_is_explained_with_its_default() -> None:
    explained = dict(re.findall(r"^#(\w+)=(.*)$", (PROJECT / ".env.example").read_text("utf-8"), re.MULTILINE))
    used = dict(VARIABLE.findall(COMPOSE.read_text("utf-8")))
    assert explained.keys() == used.keys()
    for name, default in used.items():
        assert default in ("", explained[name]), name


def test_the_gallery_knows_every_setting_that_it_is_given() -> None:
    given = services()["web"]["environment"]
    assert {name.removeprefix("GALLERY_").lower() for name in given} <= Settings.defaults().keys()


def test_with_a_gpu_only_serving_and_its_device_are_others() -> None:
    changed = services(GPU)
    assert changed.keys() == {"model_server"}
    assert changed["model_server"]["build"]["args"] == {
        "SERVING_IMAGE": "${MODEL_SERVER_IMAGE:-tensorflow/serving:2.20.0-gpu}"
    }
    (device,) = changed["model_server"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


@pytest.mark.parametrize("files", [[COMPOSE], [COMPOSE, GPU]], ids=["alone", "with a GPU"])
def test_docker_compose_understands_the_files(files: list[Path]) -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed.")
    command = ["docker-compose", *(word for file in files for word in ("-f", str(file))), "config"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["services"].keys() == {"web", "model_server"}
