"""Upkeep on a real file: damage is named until it is mended, and work in the background neither piles up nor dies."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain import PhotoId, PhotoState
from app.errors import BadParameter, PhotoDamaged, StoreError
from app.inference.fake import FakeModelClient, Fault
from app.opening import open_gallery
from app.services.gallery import Gallery
from app.services.library import Upload
from app.services.upkeep import Compaction, Upkeep, Verification
from app.services.upkeep_tasks import KEPT_TASKS, TaskKind, TaskState, UpkeepTasks
from app.settings import Settings
from app.store.hdf5 import Hdf5Store
from app.store.verify import Part, Progress
from tests.app.store.photos import damage
from tests.default_model import FEATURES as MODEL
from tests.photos import drawn_photo
from tests.waiting import wait_until


def store_photos(gallery: Gallery, count: int) -> list[PhotoId]:
    """Upload photos and wait until they are ready."""
    results = gallery.library.upload([Upload(f"{seed}.jpg", drawn_photo(seed)) for seed in range(count)])
    wait_until(lambda: gallery.library.page(state=PhotoState.READY).total == count, what="all photos ready")
    return [result.photo.id for result in results if result.photo is not None]


def damage_features(path: Path, photo_id: PhotoId) -> None:
    """Flip bits of a photo's features in a closed file."""
    store = Hdf5Store.open(path)
    features = store.features(photo_id, MODEL)
    store.close()
    assert features is not None
    damage(path, features.embedding.tobytes(), [5])


def test_features_damaged_on_the_disk_are_named_until_they_are_computed_anew(settings: Settings) -> None:
    client = FakeModelClient()
    gallery = open_gallery(settings, client)
    ids = store_photos(gallery, 3)
    gallery.close()
    damage_features(settings.data, ids[1])
    client.fault = Fault.DEAD
    gallery = open_gallery(settings, client)
    for _ in range(2):
        found = gallery.upkeep.verify()
        assert [(one.photo_id, one.name, one.part) for one in found.damages] == [(ids[1], "1.jpg", Part.FEATURES)]
        assert found.damages[0].recomputable
        assert (found.photos, found.queued, found.whole) == (3, 1, False)
    client.fault = None
    wait_until(lambda: gallery.library.page(state=PhotoState.READY).total == 3, what="features computed anew")
    assert gallery.upkeep.verify().whole
    gallery.close()


def test_features_damaged_under_a_running_gallery_are_computed_anew(
    fake_gallery: Gallery, fake_client: FakeModelClient, settings: Settings
) -> None:
    ids = store_photos(fake_gallery, 2)
    batches = len(fake_client.batches)
    store = fake_gallery.library._store
    features = store.features(ids[0], MODEL)
    assert features is not None
    damage(settings.data, features.embedding.tobytes(), [5])
    fake_client.fault = Fault.DEAD
    found = fake_gallery.upkeep.verify()
    assert [(one.photo_id, one.part) for one in found.damages] == [(ids[0], Part.FEATURES)]
    assert found.queued == 1
    assert fake_gallery.upkeep.verify().damages == found.damages
    fake_client.fault = None
    wait_until(lambda: fake_gallery.upkeep.verify().whole, what="features computed anew")
    assert len(fake_client.batches) > batches


def test_a_damaged_thumbnail_is_shown_all_the_same_and_made_anew(fake_gallery: Gallery, settings: Settings) -> None:
    ids = store_photos(fake_gallery, 3)
    library, store = fake_gallery.library, fake_gallery.library._store
    stored = {photo_id: store.read_thumbnail(photo_id) for photo_id in ids}
    details = json.dumps({"exif": store.get(ids[2]).facts.exif}, ensure_ascii=False).encode()
    damage(settings.data, stored[ids[1]], [100])
    damage(settings.data, stored[ids[2]] + details, [len(stored[ids[2]]) + 3])
    assert library.thumbnail(ids[1], 512) == stored[ids[1]]
    assert library.thumbnail(ids[1], 256) == library.thumbnail(ids[1], 256)
    found = fake_gallery.upkeep.verify()
    assert {(one.photo_id, one.part, one.recomputable) for one in found.damages} == {
        (ids[1], Part.THUMBNAIL, True),
        (ids[2], Part.DETAILS, True),
    }
    assert (found.mended, found.queued) == (2, 0)
    assert fake_gallery.upkeep.verify().whole
    assert {photo_id: store.read_thumbnail(photo_id) for photo_id in ids} == stored


def test_the_thumbnail_of_a_photo_that_is_lost_cannot_be_made_anew(fake_gallery: Gallery, settings: Settings) -> None:
    (photo_id,) = store_photos(fake_gallery, 1)
    damage(settings.data, fake_gallery.library.thumbnail(photo_id, 512), [100])
    damage(settings.data, drawn_photo(0), [900])
    found = fake_gallery.upkeep.verify()
    assert {one.part: one.recomputable for one in found.damages} == {Part.PHOTO: False, Part.THUMBNAIL: False}
    assert found.mended == 0
    with pytest.raises(PhotoDamaged):
        fake_gallery.library.thumbnail(photo_id, 512)


def test_a_photo_deleted_since_is_not_named_any_more(settings: Settings) -> None:
    client = FakeModelClient()
    gallery = open_gallery(settings, client)
    ids = store_photos(gallery, 2)
    gallery.close()
    damage_features(settings.data, ids[1])
    gallery = open_gallery(settings, client, working=False)
    gallery.library.delete(ids[1])
    assert gallery.upkeep.verify().whole
    gallery.close()


def test_features_of_a_photo_that_is_lost_cannot_be_computed_anew(settings: Settings) -> None:
    client = FakeModelClient()
    gallery = open_gallery(settings, client)
    (photo_id,) = store_photos(gallery, 1)
    gallery.close()
    damage_features(settings.data, photo_id)
    damage(settings.data, drawn_photo(0), [900])
    gallery = open_gallery(settings, client, working=False)
    found = {one.part: one.recomputable for one in gallery.upkeep.verify().damages}
    assert found == {Part.PHOTO: False, Part.FEATURES: False}
    gallery.close()


def test_a_backup_that_is_broken_off_leaves_nothing(fake_gallery: Gallery, settings: Settings) -> None:
    def break_off(done: int, of: int) -> None:
        raise KeyboardInterrupt

    store_photos(fake_gallery, 1)
    folder = settings.data.with_name("backups")
    with pytest.raises(KeyboardInterrupt):
        fake_gallery.upkeep.backup(folder / "copy.h5", break_off)
    assert list(folder.iterdir()) == []
    assert fake_gallery.upkeep.backup(folder / "copy.h5").size_bytes == (folder / "copy.h5").stat().st_size


class Held(Upkeep):
    """Upkeep that does nothing until it is let go, or fails as it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()
        self.errors: list[Exception] = []
        self.copies: list[Path] = []

    def verify(self, progress: Progress = lambda done, of: None) -> Verification:
        self.begun.set()
        while not self.go.wait(0.01):
            progress(1, 2)
        if self.errors:
            raise self.errors.pop()
        progress(2, 2)
        return Verification(photos=2, checked_bytes=10, damages=(), queued=0)

    def compact(self, progress: Progress = lambda done, of: None) -> Compaction:
        return Compaction(7)

    def path_beside(self, name: str) -> Path:
        return Path(name)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def tasks(held: Held) -> Iterator[UpkeepTasks]:
    running = UpkeepTasks(held)
    running.start()
    yield running
    running.stop()


def states(tasks: UpkeepTasks) -> list[tuple[TaskKind, TaskState]]:
    return [(task.kind, task.state) for task in tasks.all()]


def test_tasks_are_done_one_after_another_and_tell_how_far_they_are(held: Held, tasks: UpkeepTasks) -> None:
    tasks.verify()
    wait_until(lambda: (tasks.all()[0].done, tasks.all()[0].of) == (1, 2), what="progress")
    tasks.compact()
    assert states(tasks) == [(TaskKind.COMPACT, TaskState.WAITING), (TaskKind.VERIFY, TaskState.RUNNING)]
    held.go.set()
    wait_until(lambda: {state for _, state in states(tasks)} == {TaskState.DONE}, what="the end of both")
    compacted, verified = tasks.all()
    assert compacted.result == Compaction(7)
    assert (verified.done, verified.of) == (2, 2)


def test_however_many_ask_few_wait(held: Held, tasks: UpkeepTasks) -> None:
    tasks.verify()
    held.begun.wait(30)
    assert len({tasks.verify().id for _ in range(5)} | {tasks.compact().id for _ in range(5)}) == 2
    first = tasks.backup("one.h5")
    assert tasks.backup("one.h5") == first
    with pytest.raises(BadParameter, match=r"one\.h5"):
        tasks.backup("two.h5")
    assert len(tasks.all()) == 4


def test_a_failure_is_told_and_ends_nothing_else(held: Held, tasks: UpkeepTasks) -> None:
    held.go.set()
    held.errors = [RuntimeError("a mistake"), StoreError("The file was closed.")]
    for message in ("The file was closed.", "RuntimeError"):
        tasks.verify()
        wait_until(lambda: tasks.all()[0].state is TaskState.FAILED, what="the failure")
        error = tasks.all()[0].error
        assert error is not None
        assert message in error.message
    tasks.verify()
    wait_until(lambda: tasks.all()[0].state is TaskState.DONE, what="the next task")


def test_old_tasks_are_forgotten(held: Held, tasks: UpkeepTasks) -> None:
    held.go.set()
    last = ""
    for _ in range(KEPT_TASKS + 5):
        last = tasks.verify().id
        wait_until(lambda: tasks.all()[0].state is TaskState.DONE, what="the task's end")
    wait_until(lambda: len(tasks.all()) == KEPT_TASKS, what="old ones forgotten")
    assert tasks.all()[0].id == last


def test_stopping_breaks_off_what_is_being_done(held: Held) -> None:
    tasks = UpkeepTasks(held)
    tasks.start()
    tasks.verify()
    tasks.compact()
    held.begun.wait(30)
    tasks.stop()
    assert states(tasks)[0] == (TaskKind.COMPACT, TaskState.WAITING)
