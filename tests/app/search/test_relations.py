"""When a person would say that one thing stands so to another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import Relation, Size
from app.search.conditions_reference import SeenObject, is_sized, stands_to
from app.search.relations import PICTURE_STEPS, STEPS_PER_PX, has_size, in_steps, stands

Box = tuple[int, int, int, int]
CONVERSE = {
    Relation.LEFT_OF: Relation.RIGHT_OF,
    Relation.RIGHT_OF: Relation.LEFT_OF,
    Relation.ABOVE: Relation.BELOW,
    Relation.BELOW: Relation.ABOVE,
}
places = st.integers(0, PICTURE_STEPS) | st.sampled_from([0, 1600, 3200, 4800, PICTURE_STEPS])
boxes = st.tuples(places, places, places, places).map(
    lambda box: (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
)


def holds(box: Box, relation: Relation, other: Box) -> bool:
    return bool(stands(np.array([box], dtype=np.int16), relation, np.array([other], dtype=np.int16))[0])


@pytest.mark.parametrize(
    ("box", "relation", "other", "expected"),
    [
        ((0, 100, 80, 300), "left-of", (120, 200, 200, 300), True),  # a person, and a dog beside
        ((0, 100, 150, 300), "left-of", (100, 200, 240, 300), True),  # the boxes overlap a little
        ((0, 100, 200, 300), "left-of", (120, 200, 190, 300), False),  # the dog stands before the person
        ((120, 200, 190, 300), "left-of", (0, 100, 200, 300), False),
        ((0, 150, 60, 220), "left-of", (20, 100, 300, 300), True),  # sticks out at the couch's left end
        ((30, 150, 90, 220), "left-of", (20, 100, 300, 300), False),  # sits on the couch
        ((0, 100, 200, 300), "left-of", (10, 100, 210, 300), False),  # hardly shifted
        ((100, 40, 170, 180), "above", (60, 90, 240, 290), True),  # a rider and the horse
        ((120, 120, 150, 155), "above", (20, 130, 280, 300), True),  # a cup at the table's far edge
        ((120, 150, 150, 180), "above", (20, 130, 280, 300), False),  # a cup on the table
        ((120, 150, 150, 180), "inside", (20, 130, 280, 300), True),
        ((0, 150, 100, 200), "inside", (19, 100, 300, 300), True),  # 81 % of it
        ((0, 150, 100, 200), "inside", (21, 100, 300, 300), False),  # 79 % of it
        ((20, 130, 280, 300), "inside", (120, 150, 150, 180), False),
        ((20, 130, 280, 300), "inside", (20, 130, 280, 300), False),
        ((5, 5, 5, 5), "inside", (20, 130, 280, 300), False),
    ],
)
def test_a_relation_holds_when_a_person_would_say_so(box: Box, relation: str, other: Box, expected: bool) -> None:
    one, another = in_steps(np.array([box], dtype=np.float64)), in_steps(np.array([other], dtype=np.float64))
    assert stands(one, Relation(relation), another).tolist() == [expected]


def test_boxes_are_turned_upright_rounded_and_cut_at_the_edges() -> None:
    boxes = in_steps(np.array([[200.01, -7, 10.5, 320]]))
    assert boxes.tolist() == [[10.5 * STEPS_PER_PX, 0, 200 * STEPS_PER_PX, PICTURE_STEPS]]


@given(boxes, boxes, st.sampled_from(Relation))
def test_relations_have_sense(one: Box, other: Box, relation: Relation) -> None:
    assert not holds(one, relation, one)
    if relation in CONVERSE:
        assert holds(one, relation, other) == holds(other, CONVERSE[relation], one)
    assert not (holds(one, relation, other) and holds(other, relation, one))


@given(boxes, boxes, st.sampled_from(Relation), st.sampled_from(Size))
def test_arrays_agree_with_the_plain_definition(one: Box, other: Box, relation: Relation, size: Size) -> None:
    first, second = SeenObject(1, *one), SeenObject(1, *other)
    assert holds(one, relation, other) == stands_to(first, relation, second)
    assert bool(has_size(np.array([one], dtype=np.int16), size)[0]) == is_sized(first, size)
