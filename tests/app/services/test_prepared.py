"""Inputs of photos that wait are given back as they were, or else not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from app.domain import Bytes8, PhotoId
from app.services.prepared import PLACE_BYTES, PreparedInputs


def an_input(number: int, size_px: int = 30) -> Bytes8:
    return np.random.default_rng(number).integers(0, 256, (size_px, size_px, 3), np.uint8)


def test_inputs_of_any_shape_come_back_once(tmp_path: Path) -> None:
    prepared = PreparedInputs(tmp_path)
    for number in range(20):
        prepared.put(PhotoId(f"{number}"), an_input(number, 20 + number))
    for number in reversed(range(20)):
        found = prepared.take(PhotoId(f"{number}"))
        assert found is not None
        np.testing.assert_array_equal(found, an_input(number, 20 + number))
        assert prepared.take(PhotoId(f"{number}")) is None


def test_a_part_of_a_larger_picture_is_kept_as_it_looks(tmp_path: Path) -> None:
    prepared = PreparedInputs(tmp_path)
    part = an_input(1, 60)[::2, ::3]
    prepared.put(PhotoId("a"), part)
    np.testing.assert_array_equal(prepared.take(PhotoId("a")), part)


def test_what_is_put_again_replaces_what_was_there(tmp_path: Path) -> None:
    prepared = PreparedInputs(tmp_path, capacity=1)
    prepared.put(PhotoId("a"), an_input(1))
    prepared.put(PhotoId("a"), an_input(2))
    np.testing.assert_array_equal(prepared.take(PhotoId("a")), an_input(2))


def test_while_it_is_full_further_ones_are_not_kept(tmp_path: Path) -> None:
    prepared = PreparedInputs(tmp_path, capacity=2)
    for name in "abc":
        prepared.put(PhotoId(name), an_input(ord(name)))
    assert prepared.take(PhotoId("c")) is None
    assert prepared.take(PhotoId("a")) is not None
    prepared.put(PhotoId("c"), an_input(ord("c")))
    np.testing.assert_array_equal(prepared.take(PhotoId("c")), an_input(ord("c")))


def test_an_input_too_large_for_its_place_is_not_kept(tmp_path: Path) -> None:
    prepared = PreparedInputs(tmp_path)
    prepared.put(PhotoId("a"), np.zeros((PLACE_BYTES // 3 + 1, 1, 3), np.uint8))
    assert prepared.take(PhotoId("a")) is None


def test_it_leaves_no_file_behind_and_gives_back_its_room(tmp_path: Path) -> None:
    prepared = PreparedInputs(tmp_path)
    prepared.put(PhotoId("a"), an_input(1))
    assert list(tmp_path.iterdir()) == []
    prepared.take(PhotoId("a"))
    opened = prepared._file
    assert opened is not None
    assert os.fstat(opened).st_blocks == 0


@pytest.mark.parametrize("trouble", ["no folder", "no room"])
def test_without_a_file_nothing_is_kept_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    prepared = PreparedInputs(tmp_path / "none" if trouble == "no folder" else tmp_path, capacity=1)
    if trouble == "no room":
        monkeypatch.setattr(os, "pwritev", refuse)
    for name in "ab":
        prepared.put(PhotoId(name), an_input(1))
        assert prepared.take(PhotoId(name)) is None
