"""A lack of memory is remembered for a while, and then forgotten step by step."""

from app.services.batch_size import REMEMBERED_S, BatchSize


def test_it_shrinks_at_once_and_grows_back_slowly() -> None:
    now = [0.0]
    size = BatchSize(16, lambda: now[0])
    assert size.current() == 16
    size.lacked_memory(16)
    size.lacked_memory(8)
    assert size.current() == 4
    for expected in (4, 8, 16, 16):
        now[0] += REMEMBERED_S - 1
        assert size.current() == min(expected, 16)
        now[0] += 1
        size.current()


def test_one_photo_is_the_least_and_larger_batches_in_flight_change_nothing() -> None:
    size = BatchSize(16, lambda: 0.0)
    size.lacked_memory(4)
    size.lacked_memory(16)
    assert size.current() == 2
    size.lacked_memory(1)
    assert size.current() == 1
