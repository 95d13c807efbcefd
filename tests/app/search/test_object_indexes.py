"""What the two indexes of objects have in common: rows, replacing, removing, bad values, threads."""

import threading

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain import Float32
from app.search.layout import LayoutIndex
from app.search.layout_reference import layout_similarity
from app.search.ssd import FAINT, SsdIndex
from app.search.ssd_reference import ssd_similarity
from tests.app.search.photos import changes, feature, galleries, photos, stacked

Index = SsdIndex | LayoutIndex
plain = {SsdIndex: ssd_similarity, LayoutIndex: layout_similarity}
both = pytest.mark.parametrize("kind", [SsdIndex, LayoutIndex])

SURE = feature((1, 0.9, 10, 10, 200, 200))
OTHER = feature((2, 0.8, 10, 10, 200, 200), (1, 0.3, 100, 100, 250, 250))


def on_the_threshold(query: Float32, gallery: list[Float32]) -> bool:
    """Tell whether rounding alone decides of some pair if it counts."""
    sums = [
        one_weight + other_weight
        for one_class, one_weight in weighed(query)
        for photo in gallery
        for other_class, other_weight in weighed(photo)
        if one_class == other_class != 0
    ]
    return any(0 < abs(pair_sum - FAINT) < 1e-15 for pair_sum in sums)


def weighed(photo: Float32) -> list[tuple[float, float]]:
    """Return each object's class and g."""
    return [
        (thing[0], thing[1] + abs((thing[4] - thing[2]) * (thing[5] - thing[3])) / 90000) for thing in photo.tolist()
    ]


@both
@given(query=photos, gallery=galleries)
def test_agrees_with_the_plain_definition(kind: type[Index], query: Float32, gallery: list[Float32]) -> None:
    assume(not on_the_threshold(query, gallery))
    index = kind()
    index.add(range(len(gallery)), stacked(gallery))
    expected = [plain[kind](query, photo) for photo in gallery]
    np.testing.assert_allclose(index.similarities(query), np.array(expected), rtol=0, atol=1e-6)


@both
@given(query=photos, steps=changes(photos))
def test_holds_what_a_dict_would_hold(
    kind: type[Index], query: Float32, steps: list[tuple[int, Float32 | None]]
) -> None:
    index, twin = kind(), dict[int, Float32]()
    for row, photo in steps:
        if photo is None:
            index.remove([row])
            twin.pop(row, None)
        else:
            index.add([row], photo[None])
            twin[row] = photo
    assume(not on_the_threshold(query, list(twin.values())))
    similarities = index.similarities(query)
    assert len(index) == len(twin)
    for row in range(7):
        expected = plain[kind](query, twin[row]) if row in twin else 0.0
        found = similarities[row] if row < len(similarities) else 0.0
        assert found == pytest.approx(expected, abs=1e-6)


@both
def test_an_empty_index_and_an_empty_query_have_no_similarities(kind: type[Index]) -> None:
    index = kind()
    assert index.similarities(SURE).shape == (0,)
    index.add([2], SURE[None])
    assert index.similarities(feature()).tolist() == [0, 0, 0]


@both
def test_rows_may_come_in_any_order(kind: type[Index]) -> None:
    index = kind()
    index.add([3, 0], np.stack([SURE, OTHER]))
    index.add([1], OTHER[None])
    similarities = index.similarities(SURE)
    expected_sure, expected_other = plain[kind](SURE, SURE), plain[kind](SURE, OTHER)
    np.testing.assert_allclose(similarities, [expected_other, expected_other, 0, expected_sure])


@both
@pytest.mark.parametrize(
    ("rows", "features", "message"),
    [
        ([0], feature((1, -0.1, 0, 0, 1, 1))[None], "confidence is 0 or more"),
        ([0], feature((1, float("nan"), 0, 0, 1, 1))[None], "finite"),
        ([0, 1], SURE[None], "2 rows came with 1"),
        ([0, 0], np.stack([SURE, SURE]), "only once"),
        ([-1], SURE[None], "counted from 0"),
        ([0], SURE, "shape"),
    ],
)
def test_what_no_detector_gives_is_refused_and_changes_nothing(
    kind: type[Index], rows: list[int], features: Float32, message: str
) -> None:
    index = kind()
    index.add([0], OTHER[None])
    before = index.similarities(SURE)
    with pytest.raises(ValueError, match=message):
        index.add(rows, features)
    np.testing.assert_array_equal(index.similarities(SURE), before)


@both
def test_a_search_sees_every_photo_whole_while_others_write(kind: type[Index]) -> None:
    index = kind()
    index.add(range(50), np.stack([SURE] * 50))
    allowed = np.array([0.0, *(plain[kind](SURE, photo) for photo in (SURE, OTHER))])
    stop = threading.Event()

    def write() -> None:
        for turn in range(200):
            row = turn % 50
            index.add([row, 50 + turn], np.stack([OTHER if turn % 2 else SURE] * 2))
            index.remove([(row + 25) % 50])
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen: set[float] = set()
    while not stop.is_set():
        seen.update(index.similarities(SURE).tolist())
    writer.join()
    assert all(np.abs(allowed - similarity).min() < 1e-6 for similarity in seen)


@given(st.lists(photos, min_size=1, max_size=5))
def test_layout_of_a_photo_with_itself_is_one(gallery: list[Float32]) -> None:
    index = LayoutIndex()
    index.add(range(len(gallery)), stacked(gallery))
    for row, photo in enumerate(gallery):
        has_objects = bool(((photo[:, 0] > 0) & (photo[:, 1] > 0)).any())
        # float32 confidences whose product falls below what float64 holds would be needed to miss it.
        assert index.similarities(photo)[row] == pytest.approx(float(has_objects), abs=1e-9)
