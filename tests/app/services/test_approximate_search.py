"""In a large gallery, the photos like a photo are searched approximately; status says how well."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from app import open_gallery
from app.domain import Features, Float32, PhotoFacts, PhotoId, PhotoState, SimilarityMethod, StoredExample
from app.inference.fake import FakeModelClient
from app.services.gallery import Gallery
from app.settings import Settings
from app.store.base import Known, NewPhoto
from app.store.hdf5 import Hdf5Store
from model_server.catalogue import load_card
from tests.waiting import wait_until

CARD = load_card("gallery_default")
PHOTOS = 400


def embeddings() -> Float32:
    """Return vectors of photos of 20 kinds, float32 (PHOTOS, width)."""
    random = np.random.default_rng(3)
    middles = random.normal(size=(20, CARD.embedding_width))
    found = middles[np.arange(PHOTOS) % 20] + 0.3 * random.normal(size=(PHOTOS, CARD.embedding_width))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def new_photo(number: int, embedding: Float32) -> NewPhoto:
    nothing = np.zeros(10, dtype=np.float32)
    features = Features(
        np.zeros((20, 6), np.float32), np.zeros(50, np.float32), embedding, nothing.astype(np.int32), nothing,
        np.zeros(len(CARD.labels), np.float32),
    )  # fmt: skip
    known = Known(datetime.now(UTC), PhotoState.READY, features={CARD.name: features})
    facts = PhotoFacts("image/jpeg", 400, 300, "#102030")
    return NewPhoto(PhotoId(f"{number:032x}"), f"{number}.jpg", b"bytes", facts, b"thumbnail", known)


@pytest.fixture
def gallery(settings: Settings, fake_client: FakeModelClient) -> Iterator[Gallery]:
    """Open a gallery that holds more photos than are searched exactly."""
    store = Hdf5Store.open(settings.data)
    store.add([new_photo(number, one) for number, one in enumerate(embeddings())], CARD.name)
    store.close()
    opened = open_gallery(replace(settings, exact_up_to=100), fake_client, working=False)
    yield opened
    opened.close()


def search_facts(gallery: Gallery) -> dict[str, str | int | float]:
    (part,) = (part for part in gallery.status.parts() if part.name == "search")
    assert part.state == "ready"
    return dict(part.facts)


def test_a_large_gallery_is_searched_approximately_and_says_how_well(gallery: Gallery) -> None:
    wait_until(lambda: search_facts(gallery)["embedding"] == "approximate", what="the approximate index")
    facts = search_facts(gallery)
    assert facts["measured_on_photos"] == 100
    assert float(facts["recall_at_10"]) > 0.9
    vectors = embeddings()
    found = gallery.searches.by_examples([StoredExample(PhotoId(f"{7:032x}"))], SimilarityMethod.EMBEDDING, 10)
    cosines = vectors @ vectors[7]
    cosines[7] = -1
    rows = [hit.photo.row for hit in found.hits]
    assert len(set(rows) & set(np.argsort(-cosines)[:10].tolist())) >= 9
    assert [hit.score for hit in found.hits] == pytest.approx(cosines[rows].tolist(), abs=1e-6)


def test_several_examples_are_compared_with_all_photos(gallery: Gallery) -> None:
    wait_until(lambda: search_facts(gallery)["embedding"] == "approximate", what="the approximate index")
    examples = [StoredExample(PhotoId(f"{row:032x}")) for row in (7, 8)]
    found = gallery.searches.by_examples(examples, SimilarityMethod.EMBEDDING, PHOTOS)
    assert len(found.hits) > 0.9 * PHOTOS


def test_a_small_gallery_says_that_its_search_is_exact(fake_gallery: Gallery) -> None:
    assert search_facts(fake_gallery) == {"embedding": "exact"}
