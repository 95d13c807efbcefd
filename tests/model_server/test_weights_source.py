"""Weights are one's own, kept, or fetched; and never used before somebody vouches for their bytes."""

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server.catalogue import ModelCard, WeightsFile, load_card
from model_server.errors import CheckpointError, UnverifiedError
from model_server.weights_source import WeightsSource
from tests.model_server.weights_server import WeightsServer

CONTENT = b"weights of a model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with WeightsServer(CONTENT) as running:
        yield running


def card(url: str, sha256: str = "", md5: str = "") -> ModelCard:
    return dataclasses.replace(load_card("vgg16"), download=WeightsFile(url, 1, sha256, md5))


@pytest.mark.parametrize(("sha256", "md5"), [(SHA256, ""), ("", MD5), (SHA256, "of another time")])
def test_a_download_with_a_known_digest_is_kept(server: WeightsServer, tmp_path: Path, sha256: str, md5: str) -> None:
    source = WeightsSource(cache=tmp_path)
    path = source.path_for(card(server.url, sha256, md5))
    assert path == tmp_path / "vgg16" / "model.bin"
    assert source.path_for(card(server.url, sha256, md5)) == path
    assert len(server.ranges) == 1


def test_a_download_with_a_wrong_digest_is_removed_whatever_one_accepts(
    server: WeightsServer, tmp_path: Path
) -> None:
    source = WeightsSource(cache=tmp_path, accept_unverified=True)
    with pytest.raises(CheckpointError, match="It was removed"):
        source.path_for(card(server.url, "00"))
    assert not list((tmp_path / "vgg16").iterdir())


def test_a_download_without_a_known_digest_needs_a_word(server: WeightsServer, tmp_path: Path) -> None:
    with pytest.raises(UnverifiedError, match=rf"{SHA256}.*knows none.*--accept-unverified"):
        WeightsSource(cache=tmp_path).path_for(card(server.url))
    accepted = WeightsSource(cache=tmp_path, accept_unverified=True).path_for(card(server.url))
    assert accepted.read_bytes() == CONTENT
    assert len(server.ranges) == 1


def test_an_own_file_is_taken_instead_and_never_removed(tmp_path: Path) -> None:
    own = tmp_path / "own.bin"
    own.write_bytes(CONTENT)
    nowhere = "http://127.0.0.1:9/model.bin"
    assert WeightsSource(given=own).path_for(card(nowhere, SHA256)) == own
    with pytest.raises(UnverifiedError, match="the catalogue expects 00"):
        WeightsSource(given=own).path_for(card(nowhere, "00"))
    assert WeightsSource(given=own, accept_unverified=True).path_for(card(nowhere, "00")) == own


def test_an_own_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no file"):
        WeightsSource(given=tmp_path / "none.bin").path_for(card("http://127.0.0.1:9/model.bin"))
