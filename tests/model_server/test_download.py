"""Files come whole over a real HTTP server that breaks, or not at all with a clear word; what came is kept."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server.download import CHUNK_BYTES, fetch
from model_server.errors import DownloadError
from tests.model_server.weights_server import WeightsServer

CHUNK = CHUNK_BYTES
CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with WeightsServer(CONTENT) as running:
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "model.bin"


def no_report(done: int, total: int | None) -> None:
    """Tell nobody."""


def test_a_file_comes_whole_with_its_progress(server: WeightsServer, target: Path) -> None:
    told: list[tuple[int, int | None]] = []
    fetch(server.url, target, lambda done, total: told.append((done, total)))
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["model.bin"]
    assert told == sorted(told)
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_break_is_continued_where_it_was(server: WeightsServer, target: Path) -> None:
    server.breaks_after = [4 * CHUNK, 3 * CHUNK + 5]
    fetch(server.url, target, no_report)
    assert target.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={4 * CHUNK}-", f"bytes={7 * CHUNK}-"]


def test_after_too_many_breaks_the_next_run_goes_on(server: WeightsServer, target: Path) -> None:
    server.breaks_after = [CHUNK, CHUNK, CHUNK]
    with pytest.raises(DownloadError, match=r"The 0\.2 MB that came are kept; run it again"):
        fetch(server.url, target, no_report)
    assert not target.exists()
    fetch(server.url, target, no_report)
    assert target.read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={3 * CHUNK}-"


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: WeightsServer, target: Path) -> None:
    server.breaks_after = [CHUNK, 0]
    with pytest.raises(DownloadError):
        fetch(server.url, target, no_report)
    server.content, server.etag = CONTENT[::-1], '"second"'
    fetch(server.url, target, no_report)
    assert target.read_bytes() == CONTENT[::-1]


def test_a_file_that_became_shorter_is_fetched_anew(server: WeightsServer, target: Path) -> None:
    server.breaks_after = [CHUNK, 0]
    with pytest.raises(DownloadError):
        fetch(server.url, target, no_report)
    server.content = CONTENT[:50_000]
    fetch(server.url, target, no_report)
    assert target.read_bytes() == CONTENT[:50_000]


@pytest.mark.parametrize("trait", ["no ranges", "weak validator"])
def test_a_server_that_cannot_continue_sends_it_again(server: WeightsServer, target: Path, trait: str) -> None:
    if trait == "no ranges":
        server.knows_ranges = False
    else:
        server.etag = 'W/"first"'
    server.breaks_after = [CHUNK]
    fetch(server.url, target, no_report)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 403, 503])
def test_a_no_is_repeated_with_what_to_do(server: WeightsServer, target: Path, status: int) -> None:
    server.status = status
    with pytest.raises(DownloadError, match=rf"answers {status} .*--weights FILE"):
        fetch(server.url, target, no_report)
    assert not target.exists()


def test_a_refused_connection_is_one_clear_sentence(target: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DownloadError) as refused:
        fetch(f"http://127.0.0.1:{port}/model.bin", target, no_report)
    assert str(refused.value) == (
        f"127.0.0.1:{port} can't be reached for http://127.0.0.1:{port}/model.bin: [Errno 111] Connection refused. "
        "What is built stays. A file fetched elsewhere is taken with `--weights FILE`."
    )


def test_silence_has_an_end(server: WeightsServer, target: Path) -> None:
    server.is_silent = True
    with pytest.raises(DownloadError, match="timed out"):
        fetch(server.url, target, no_report, silence_limit_s=0.2)
