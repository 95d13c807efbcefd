"""The probe's examples are views of the photos it is fitted on."""

from pathlib import Path

import numpy as np

from model_server.catalogue import load_card
from model_server.training.embeddings import embed_photos, embeddings_of
from model_server.training.photos import read_photos, read_pixels
from model_server.training.views import show_whole
from tests.model_server.training.labelled import draw_photos


def test_each_view_belongs_to_its_photo(tmp_path: Path) -> None:
    draw_photos(tmp_path, "train", 5)
    photos = read_photos(tmp_path, "train", load_card("gallery_default").labels)
    done: list[tuple[int, int]] = []
    views = embed_photos(photos, 2, seed=1, progress=lambda *state: done.append(state))
    assert done[-1] == (10, 10)
    assert views.photo_of.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    for boxes, index in zip(views.boxes, views.photo_of, strict=True):
        np.testing.assert_array_equal(boxes.labels, photos[index].boxes.labels)
    whole = embeddings_of(show_whole(read_pixels(photo.path)) for photo in photos)
    np.testing.assert_allclose(views.embeddings[::2], whole, rtol=1e-3, atol=1e-3)
