from io import BytesIO
from zipfile import ZIP_STORED, ZipFile

import pytest

from app.domain import PhotoFacts, PhotoId
from app.errors import PhotoNotFound
from app.services.photo_zip import PhotoZips, distinct_names
from app.store.base import NewPhoto
from app.store.memory import MemoryStore

FACTS = PhotoFacts("image/jpeg", 4, 3, dominant_colour="#102030")


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    names = ["a.jpg", "A.JPG", "bäum.jpg"]
    photos = [NewPhoto(id_of(n), name, name.encode() * 100, FACTS, b"") for n, name in enumerate(names)]
    store.add(photos, "model")
    return store


def id_of(number: int) -> PhotoId:
    return PhotoId(f"{number:032x}")


def test_a_zip_holds_the_bytes_as_uploaded_under_names_of_their_own(store: MemoryStore) -> None:
    packed = PhotoZips(store).of([id_of(0), id_of(1), id_of(2), id_of(0)])
    data = b"".join(packed.parts)
    assert len(data) == packed.size_bytes
    with ZipFile(BytesIO(data)) as file:
        assert file.testzip() is None
        assert file.namelist() == ["a.jpg", "A (2).JPG", "bäum.jpg"]
        assert file.read("A (2).JPG") == b"A.JPG" * 100
        assert {entry.compress_type for entry in file.infolist()} == {ZIP_STORED}


def test_photos_are_read_only_when_their_turn_comes(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[PhotoId] = []
    real = store.read_bytes

    def noted(photo_id: PhotoId) -> bytes:
        read.append(photo_id)
        return real(photo_id)

    monkeypatch.setattr(store, "read_bytes", noted)
    parts = PhotoZips(store).of([id_of(0), id_of(1)]).parts
    assert read == []
    while not read:
        next(parts)
    assert read == [id_of(0)]


def test_photos_that_are_gone_are_passed_over(store: MemoryStore) -> None:
    packed = PhotoZips(store).of([id_of(9), id_of(2), PhotoId("no id")])
    with ZipFile(BytesIO(b"".join(packed.parts))) as file:
        assert file.namelist() == ["bäum.jpg"]
    with pytest.raises(PhotoNotFound):
        PhotoZips(store).of([id_of(9)])


@pytest.mark.parametrize(
    ("names", "distinct"),
    [
        (["a.jpg", "b.jpg"], ["a.jpg", "b.jpg"]),
        (["a.jpg", "a.jpg", "a (2).jpg"], ["a.jpg", "a (2).jpg", "a (2) (2).jpg"]),
        ([".photo", ".photo"], [".photo", ".photo (2)"]),
        (["photo", "Photo"], ["photo", "Photo (2)"]),
    ],
)
def test_names_are_made_distinct(names: list[str], distinct: list[str]) -> None:
    assert distinct_names(names) == distinct
