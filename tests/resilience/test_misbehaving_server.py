"""The real gunicorn and a model server that misbehaves over real gRPC: nothing is lost, and all heals by itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import grpc
import numpy as np
import pytest

from app.inference.fake import Fault
from app.inference.fake_server import FakeModelServer
from app.settings import Settings
from model_server.catalogue import load_card
from tests.app.cli.processes import serve
from tests.resilience.people import People
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("resilience")

CARD = load_card("gallery_default")


@dataclass
class Stack:
    """A gallery's process and the model server that it asks."""

    server: FakeModelServer
    people: People

    def restart_server(self) -> None:
        """Have another server take the place of the one that was stopped."""
        self.server = FakeModelServer(CARD, port=int(self.server.address.split(":")[1]))
        self.server.__enter__()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("misbehaving")
    server = FakeModelServer(CARD)
    server.__enter__()
    settings = Settings(data=folder / "gallery.h5", model_server=server.address, model_timeout_s=8.0)
    with serve(settings, folder) as gallery:
        stack = Stack(server, People(gallery.url()))
        yield stack
        stack.server.stop()


@pytest.fixture
def stack(running: Stack) -> Iterator[Stack]:
    """Return the stack, well; make it well again afterwards."""
    running.people.wait_until_well()
    yield running
    if running.server.stopped:
        running.restart_server()
    well = FakeModelServer(CARD)
    for name in ("fault", "status", "version", "most_rows", "rejects", "delay_s"):
        setattr(running.server, name, getattr(well, name))
    well.stop()


def stop(server: FakeModelServer) -> None:
    server.stop()


def misbehave(fault: Fault) -> Callable[[FakeModelServer], None]:
    return lambda server: setattr(server, "fault", fault)


QUEUE_FULL = (grpc.StatusCode.UNAVAILABLE, "The batch scheduling queue to which this task was submitted is full")
FAULTS = {
    "stopped": (stop, "UNAVAILABLE"),
    "full queue": (lambda server: setattr(server, "status", QUEUE_FULL), "queue to which this task"),
    "garbage": (misbehave(Fault.GARBAGE), "is no "),
    "wrong shapes": (misbehave(Fault.WRONG_SHAPE), "even for a black picture"),
    "another version": (lambda server: setattr(server, "version", 7), "has version 7 of model gallery_default"),
    "no memory at all": (misbehave(Fault.NO_MEMORY), "lacks memory"),
    "refuses everything": (misbehave(Fault.REJECTS), "refused"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_while_the_server_fails_photos_wait_and_searches_go_on(stack: Stack, fault: str) -> None:
    people = stack.people
    break_server, reason = FAULTS[fault]
    break_server(stack.server)
    ids = people.upload(5)
    people.search_by_words()
    people.wait_for_reason(reason)
    people.search_by_photo_refused(reason)
    assert people.states(ids) <= {"stored", "processing"}
    later = people.upload(2)
    if fault == "stopped":
        stack.restart_server()
    else:
        stack.server.fault, stack.server.status, stack.server.version = None, None, CARD.version
    people.wait_until_ready(ids + later)
    people.wait_until_well()
    assert people.search_by_photo().status_code == 200


def test_a_server_that_needs_five_seconds_only_makes_it_slower(stack: Stack) -> None:
    stack.server.delay_s, stack.server.fault = 5.0, Fault.SLOW
    ids = stack.people.upload(1)
    stack.people.search_by_words()
    stack.people.wait_until_ready(ids, 20)
    stack.server.fault = None


def test_a_lack_of_memory_in_a_batch_costs_no_photo(stack: Stack) -> None:
    stack.server.most_rows = 1
    ids = stack.people.upload(5)
    stack.people.wait_until_ready(ids)


def test_only_the_photo_that_the_model_refuses_fails(stack: Stack) -> None:
    (bad,) = stack.people.upload(1)
    stack.people.wait_until_ready([bad])
    seen: list[bytes] = []

    def refuses_the_first(image: np.ndarray) -> bool:
        if not image.any():
            return False
        seen.append(image.tobytes())
        return image.tobytes() == seen[0]

    stack.server.rejects = refuses_the_first
    ids = stack.people.upload(6)
    wait_until(lambda: stack.people.states(ids) == {"ready", "failed"}, 30, "every photo's end")
    (failed,) = [photo for photo in map(stack.people.photo, ids) if photo["state"] == "failed"]
    assert "refused as the test wants it" in str(failed["error"])
    stack.people.wait_until_well()
