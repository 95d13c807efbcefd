from datetime import UTC, datetime, timedelta

import numpy as np

from app.domain import PhotoFacts, PhotoId, PhotoState
from app.services.timeline import NARROWEST, WIDEST, Timeline
from app.store.base import Known, NewPhoto
from app.store.memory import MemoryStore

ADDED = datetime(2024, 6, 1, 12, tzinfo=UTC)


def store_photo(
    store: MemoryStore, number: int, taken_at: datetime | None = None, size: tuple[int, int] = (400, 300)
) -> PhotoId:
    photo_id = PhotoId(f"{number:032x}")
    facts = PhotoFacts("image/jpeg", *size, dominant_colour="#102030", taken_at=taken_at)
    known = Known(ADDED + timedelta(seconds=number), PhotoState.FAILED, "as the test wants it")
    store.add([NewPhoto(photo_id, f"{number}.jpg", b"bytes", facts, b"thumbnail", known)], "model")
    return photo_id


def order_of(timeline: Timeline) -> list[str]:
    return [dated.photo.name for dated in timeline.stretch(0, 100).photos]


def test_photos_stand_in_the_order_of_their_days() -> None:
    store = MemoryStore()
    store_photo(store, 0, datetime(2023, 5, 17, 8))
    store_photo(store, 1)
    store_photo(store, 2, datetime(2023, 5, 17, 7))
    store_photo(store, 3, datetime(2025, 1, 1))
    timeline = Timeline(store)
    assert order_of(timeline) == ["3.jpg", "1.jpg", "2.jpg", "0.jpg"]
    assert [dated.day for dated in timeline.stretch(0, 9).photos] == ["2025-01-01", "2024-06-01", *2 * ["2023-05-17"]]
    months = [(str(month.first), month.count) for month in timeline.outline().months]
    assert months == [("2025-01", 1), ("2024-06", 1), ("2023-05", 2)]


def test_photos_that_come_and_go_are_noticed() -> None:
    store = MemoryStore()
    timeline = Timeline(store)
    empty = timeline.outline()
    assert (empty.months, len(empty.rows)) == ((), 0)
    first, _ = store_photo(store, 0), store_photo(store, 1)
    full = timeline.outline()
    assert order_of(timeline) == ["1.jpg", "0.jpg"]
    store.delete(first)
    assert order_of(timeline) == ["1.jpg"]
    assert len({empty.version, full.version, timeline.outline().version}) == 3


def test_a_stretch_is_a_part_of_the_same_order() -> None:
    store = MemoryStore()
    for number in range(5):
        store_photo(store, number)
    timeline = Timeline(store)
    stretch = timeline.stretch(1, 2)
    assert [dated.photo.name for dated in stretch.photos] == ["3.jpg", "2.jpg"]
    assert (stretch.total, stretch.version) == (5, timeline.outline().version)
    assert timeline.stretch(5, 2).photos == ()


def test_only_some_rows_are_looked_at_where_asked() -> None:
    store = MemoryStore()
    for number in range(4):
        store_photo(store, number)
    timeline, among = Timeline(store), np.array([0, 2], np.int64)
    assert timeline.outline(among).rows.tolist() == [2, 0]
    assert [dated.photo.name for dated in timeline.stretch(1, 5, among).photos] == ["0.jpg"]
    assert timeline.outline(among).version != timeline.outline().version


def test_shapes_are_kept_within_what_a_row_can_bear() -> None:
    store = MemoryStore()
    for number, size in enumerate([(400, 300), (4000, 100), (100, 4000)]):
        store_photo(store, number, size=size)
    assert Timeline(store).outline().ratios.tolist() == [NARROWEST, WIDEST, 4 / 3]
