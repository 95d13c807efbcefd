import itertools

import hypothesis.strategies as st
from hypothesis import given

from app.store.free_space import FreeSpace


def test_the_smallest_gap_that_fits_is_taken() -> None:
    free = FreeSpace()
    free.give(0, 0, 100)
    free.give(0, 200, 40)
    assert free.take(30) == (0, 200)
    assert free.take(50) == (0, 0)
    assert free.take(51) is None


def test_neighbours_grow_together_within_a_segment_only() -> None:
    free = FreeSpace()
    for segment, start in ((0, 0), (0, 20), (0, 10), (1, 30)):
        free.give(segment, start, 10)
    assert [(gap.segment, gap.start, gap.length) for gap in free.gaps()] == [(1, 30, 10), (0, 0, 30)]
    assert free.take_all(0) == [(0, 30)]
    assert free.take(11) is None


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 20)), max_size=60))
def test_nothing_is_handed_out_twice_and_nothing_is_lost(calls: list[tuple[bool, int]]) -> None:
    free, held, room = FreeSpace(), list[tuple[int, int]](), 200
    free.give(3, 0, room)
    for take, length in calls:
        if take:
            found = free.take(length)
            if found is not None:
                held.append((found[1], length))
        elif held:
            start, given_back = held.pop(length % len(held))
            free.give(3, start, given_back)
        used = sorted(held)
        assert all(a + b <= c for (a, b), (c, _) in itertools.pairwise(used))
        assert sum(gap.length for gap in free.gaps()) + sum(length for _, length in held) == room
