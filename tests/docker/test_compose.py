"""docker-compose.yaml for real: both images are built, and photos survive what happens to the containers."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from model_server.catalogue import load_card
from model_server.training.own_files import Files, write_card
from tests.app.store import older_files
from tests.docker.stack import Stack, copy_checkout, why_no_engine
from tests.photos import cat_jpeg, coffee_jpeg, drawn_photo
from tests.waiting import wait_until

MOST_MEGABYTES = 600
OWN_MODEL = "kittens"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Build and start everything once, with a model that somebody trained."""
    reason = why_no_engine()
    if reason is not None:
        pytest.skip(f"Containers can't be tried: {reason}.")
    checkout = tmp_path_factory.mktemp("checkout")
    copy_checkout(checkout)
    put_own_model(checkout / "data" / "catalogue")
    running = Stack(checkout)
    running.build()
    try:
        running.up()
        yield running
    finally:
        running.down()


def put_own_model(catalogue: Path) -> None:
    """Put a model into a catalogue as training does: the default one, to which cats are kittens."""
    default = load_card("gallery_default")
    assert default.trained is not None
    files = Files(catalogue / OWN_MODEL)
    files.folder.mkdir(parents=True)
    shutil.copy(default.trained, files.weights)
    write_card(files, default, ["kitten" if label == "cat" else label for label in default.labels])


def upload(stack: Stack, data: bytes) -> str:
    """Upload a photo; return its id."""
    answer = requests.post(f"{stack.url}/api/v1/images", files={"file": ("a.jpg", data)}, timeout=30)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["items"][0]["id"])


def state_of(stack: Stack, photo_id: str) -> str:
    """Return a photo's state."""
    return str(requests.get(f"{stack.url}/api/v1/images/{photo_id}", timeout=30).json()["state"])


def search(stack: Stack, words: str) -> list[dict[str, Any]]:
    """Search by words."""
    answer = requests.get(f"{stack.url}/api/v1/search", params={"q": words}, timeout=30)
    return list(answer.json()["items"])


def format_version(stack: Stack) -> int:
    """Return the version of the format that the gallery file has."""
    parts = requests.get(f"{stack.url}/readyz", timeout=30).json()["parts"]
    return int(parts["gallery_file"]["format_version"])


@pytest.mark.xdist_group("docker")
def test_the_stack_keeps_photos_through_kills_and_restarts(stack: Stack) -> None:
    cat = upload(stack, cat_jpeg())
    wait_until(lambda: state_of(stack, cat) == "ready", what="the cat looked at")
    assert search(stack, "kitty")[0]["id"] == cat

    stack.docker("kill", stack.container("model_server"))
    wait_until(lambda: not stack.is_ready(), what="the model server's end noticed")
    coffee = upload(stack, coffee_jpeg())
    assert search(stack, "kitty")[0]["id"] == cat, "searching goes on meanwhile"
    stack.compose("start", "model_server")
    wait_until(lambda: state_of(stack, coffee) == "ready", 120, "recovery by itself")

    stack.docker("kill", stack.container("web"))
    stack.compose("down")
    stack.up()
    assert {state_of(stack, photo_id) for photo_id in (cat, coffee)} == {"ready"}
    assert requests.get(f"{stack.url}/api/v1/images/{cat}/file", timeout=30).content == cat_jpeg()


@pytest.mark.xdist_group("docker")
def test_the_stack_takes_over_a_gallery_file_of_an_older_version(stack: Stack) -> None:
    cat = upload(stack, cat_jpeg())
    wait_until(lambda: state_of(stack, cat) == "ready", what="the cat looked at")
    newest = format_version(stack)

    stack.compose("stop", "web")
    age = Path(older_files.__file__).read_text() + 'into_format_1(Path("/data/gallery.h5"))'
    stack.compose("run", "--rm", "-T", "--no-deps", "web", "python", "-c", age)
    look = 'import h5py; print(h5py.File("/data/gallery.h5").attrs["format_version"])'
    assert stack.compose("run", "--rm", "-T", "--no-deps", "web", "python", "-c", look).split() == ["1"]

    stack.up()
    assert format_version(stack) == newest > 1
    assert state_of(stack, cat) == "ready"
    assert search(stack, "kitty")[0]["id"] == cat


@pytest.mark.xdist_group("docker")
@pytest.mark.parametrize("service", ["web", "model_server"])
def test_a_main_process_that_is_killed_comes_back_and_nothing_is_lost(stack: Stack, service: str) -> None:
    photo = upload(stack, drawn_photo(4))
    before = stack.inspect(service)["RestartCount"]
    # Not `docker kill`: what a person stops stays stopped.
    stack.docker("exec", stack.container(service), "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)")
    wait_until(lambda: stack.inspect(service)["RestartCount"] > before, what="the container started anew")
    wait_until(stack.is_ready, 120, "the gallery whole again")
    wait_until(lambda: state_of(stack, photo) == "ready", what="the photo looked at")


@pytest.mark.xdist_group("docker")
def test_the_engine_keeps_what_the_files_promise(stack: Stack) -> None:
    for service in ("web", "model_server"):
        said = stack.inspect(service)
        limits = said["HostConfig"]
        assert (limits["Init"], limits["ReadonlyRootfs"]) == (True, True)
        assert limits["RestartPolicy"]["Name"] == "unless-stopped"
        assert 0 < limits["Memory"] <= 4 << 30
        wait_until(partial(is_healthy, stack, service), what=f"{service} called healthy")


def is_healthy(stack: Stack, service: str) -> bool:
    """Tell whether the engine thinks that a container is well."""
    return bool(stack.inspect(service)["State"]["Health"]["Status"] == "healthy")


@pytest.mark.xdist_group("docker")
def test_a_model_that_was_trained_here_is_built_served_and_answers(stack: Stack) -> None:
    cat = upload(stack, cat_jpeg())
    wait_until(lambda: state_of(stack, cat) == "ready", what="the cat looked at")
    stack.docker("exec", stack.container("web"), "gallery", "models", "activate", OWN_MODEL)
    wait_until(lambda: "kitten" in labels_of(stack, cat), what="the other model's say")
    stack.docker("exec", stack.container("web"), "gallery", "models", "rollback")
    wait_until(lambda: "cat" in labels_of(stack, cat), what="the default model's say")


def labels_of(stack: Stack, photo_id: str) -> set[str]:
    """Return what is seen in a photo."""
    objects = requests.get(f"{stack.url}/api/v1/images/{photo_id}", timeout=30).json()["objects"]
    return {str(one["label"]) for one in objects}


@pytest.mark.xdist_group("docker")
def test_the_web_container_is_small_and_can_do_little(stack: Stack) -> None:
    size_bytes = int(stack.docker("image", "inspect", "--format", "{{.Size}}", "image-gallery"))
    assert size_bytes < MOST_MEGABYTES * 1_000_000
    web = stack.container("web")
    assert stack.docker("exec", web, "id", "-u").strip() != "0"
    assert "read-only" in stack.docker("exec", web, "sh", "-c", "touch /gallery/x 2>&1 || true").lower()
    assert "tensorflow" not in stack.docker("exec", web, "sh", "-c", "ls /opt/venv/lib/python3*/site-packages")


@pytest.mark.xdist_group("docker")
def test_the_commands_work_in_the_container(stack: Stack) -> None:
    photo = upload(stack, drawn_photo(3))
    wait_until(lambda: state_of(stack, photo) == "ready", what="the photo looked at")
    assert '"items"' in stack.docker("exec", stack.container("web"), "gallery", "similar", photo, "--json")
    assert "whole" in stack.docker("exec", stack.container("web"), "gallery", "verify", "--json")


@pytest.mark.xdist_group("docker")
def test_publishing_to_the_world_without_a_password_is_refused(stack: Stack) -> None:
    refusal = stack.docker(
        "run", "--rm", "--network=none", "-e", "GALLERY_PUBLISHED_HOST=0.0.0.0", "image-gallery",
        "sh", "-c", "gallery serve 2>&1 || true",
    )  # fmt: skip
    assert "GALLERY_PASSWORD" in refusal
