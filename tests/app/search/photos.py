"""Photos' features to test with: few classes, boxes of every shape, and objects about the threshold."""

import numpy as np
from hypothesis import strategies as st

from app.domain import Float32

MAX_OBJECTS = 4
LABELS = {1: "person", 2: "bicycle", 3: "car"}

confidences = st.one_of(
    st.floats(2**-20, 1, width=32), st.sampled_from([0.0, 1e-6, 9e-6, 1.1e-5, 2e-5, 5e-5, 0.5, 0.5, 1.0])
)
places = st.one_of(st.floats(-20, 320, width=32), st.sampled_from([0.0, 50.0, 100.0, 150.0, 300.0]))
classes = st.sampled_from([0.0, 1.0, 1.0, 2.0, 3.0])
objects = st.tuples(classes, confidences, places, places, places, places)
photos = st.lists(objects, max_size=MAX_OBJECTS).map(lambda things: feature(*things))
galleries = st.lists(photos, max_size=8)


def feature(*things: tuple[float, ...]) -> Float32:
    """Return `things`, each `class_id, confidence, xmin, ymin, xmax, ymax`, as float32 (MAX_OBJECTS, 6)."""
    rows = np.zeros((MAX_OBJECTS, 6), dtype=np.float32)
    if things:
        rows[: len(things)] = things
    return rows


def stacked(gallery: list[Float32]) -> Float32:
    """Return the photos of a gallery as float32 (n, MAX_OBJECTS, 6)."""
    return np.stack(gallery) if gallery else np.zeros((0, MAX_OBJECTS, 6), dtype=np.float32)


def changes(gallery_photos: st.SearchStrategy[Float32]) -> st.SearchStrategy[list[tuple[int, Float32 | None]]]:
    """Return a strategy of what happens to an index: photos put at a row, or rows emptied (None)."""
    return st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), gallery_photos)), max_size=12)
