"""Conditions on objects: all photos at once agree with the plain definition, photo by photo."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import LEAST_CONFIDENCE, Float32, Relation, Size
from app.search.conditions import ObjectTable
from app.search.conditions_reference import ClassIds, placed, seen, sized
from tests.app.search.photos import changes, feature, places

PERSON, BICYCLE, CAR = 1, 2, 3
LEFT, MIDDLE, RIGHT = (0, 0, 60, 300), (120, 0, 180, 300), (240, 0, 300, 300)

sure = st.sampled_from([0.0, 0.29, float(np.float32(LEAST_CONFIDENCE)), 0.31, 0.9])
objects = st.tuples(st.sampled_from([0.0, 1.0, 1.0, 2.0, 3.0]), sure, places, places, places, places)
photos = st.lists(objects, max_size=4).map(lambda things: feature(*things))
class_ids = st.frozensets(st.integers(1, 4), max_size=3)
wanted = st.lists(st.tuples(st.sampled_from(Relation), class_ids), min_size=1, max_size=2)


def table_of(*gallery: Float32) -> ObjectTable:
    table = ObjectTable()
    table.add(range(len(gallery)), np.stack(gallery))
    return table


def thing(class_id: int, box: tuple[float, ...], confidence: float = 0.9) -> tuple[float, ...]:
    return (class_id, confidence, *box)


@given(changes(photos), class_ids, wanted, st.sampled_from(Size))
def test_agrees_with_the_plain_definition(
    steps: list[tuple[int, Float32 | None]], chosen: ClassIds, links: list[tuple[Relation, ClassIds]], size: Size
) -> None:
    table, twin = ObjectTable(), dict[int, Float32]()
    for row, photo in steps:
        if photo is None:
            table.remove([row])
            twin.pop(row, None)
        else:
            table.add([row], photo[None])
            twin[row] = photo
    now = table.snapshot()
    gallery = [twin.get(row, feature()) for row in range(len(now.held))]
    assert now.held.tolist() == [row in twin for row in range(len(now.held))]
    assert now.counts(chosen).tolist() == [len(seen(photo, chosen)) for photo in gallery]
    assert now.placed(chosen, links).tolist() == [placed(photo, chosen, links) is not None for photo in gallery]
    assert now.sized(chosen, size).tolist() == [sized(photo, chosen, size) is not None for photo in gallery]


def test_many_photos_that_come_at_once_and_in_any_order_are_judged_the_same() -> None:
    random = np.random.default_rng(1)
    features = np.zeros((300, 20, 6), dtype=np.float32)
    features[:, :, 0] = random.integers(0, 4, (300, 20))
    features[:, :, 1] = random.random((300, 20))
    features[:, :, 2:] = random.integers(0, 300, (300, 20, 4))
    table = ObjectTable()
    rows = random.permutation(300)
    table.add(rows[:200], features[rows[:200]])
    table.add(rows[150:], features[rows[150:]])
    now = table.snapshot()
    links = [(Relation.LEFT_OF, frozenset({PERSON, CAR})), (Relation.INSIDE, frozenset({BICYCLE}))]
    found = now.placed(frozenset({PERSON, BICYCLE}), links)
    assert found.tolist() == [placed(photo, frozenset({PERSON, BICYCLE}), links) is not None for photo in features]
    assert 0 < np.count_nonzero(found) < 300
    assert now.counts(frozenset({CAR})).tolist() == [len(seen(photo, frozenset({CAR}))) for photo in features]


def test_all_links_are_about_the_same_thing() -> None:
    one_between = feature(thing(CAR, LEFT), thing(PERSON, MIDDLE), thing(BICYCLE, RIGHT))
    two_apart = feature(
        thing(PERSON, LEFT), thing(BICYCLE, MIDDLE), thing(CAR, (130, 0, 170, 300)), thing(PERSON, RIGHT)
    )
    links = [(Relation.RIGHT_OF, frozenset({CAR})), (Relation.LEFT_OF, frozenset({BICYCLE}))]
    assert table_of(one_between, two_apart).snapshot().placed(frozenset({PERSON}), links).tolist() == [True, False]
    proof = placed(one_between, frozenset({PERSON}), links)
    assert proof is not None
    subject, others = proof
    assert (subject.class_id, [other.class_id for other in others]) == (PERSON, [CAR, BICYCLE])


@pytest.mark.parametrize(("confidence", "counted"), [(0.29, 0), (0.31, 1)])
def test_an_object_that_is_hardly_seen_does_not_count(confidence: float, counted: int) -> None:
    table = table_of(feature(thing(PERSON, LEFT, confidence)))
    assert table.snapshot().counts(frozenset({PERSON})).tolist() == [counted]


def test_a_search_that_has_begun_keeps_its_state() -> None:
    table = table_of(feature(thing(PERSON, LEFT)))
    before = table.snapshot()
    table.add([0, 1], np.stack([feature(), feature(thing(PERSON, RIGHT))]))
    assert before.counts(frozenset({PERSON})).tolist() == [1]
    assert table.snapshot().counts(frozenset({PERSON})).tolist() == [0, 1]
