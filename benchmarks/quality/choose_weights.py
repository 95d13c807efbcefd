"""Choose the weights of `hybrid`: `python -m benchmarks.quality.choose_weights --photos FOLDER`.

By photo to photo search, as `alike.py` measures it, on the photos of `detection/train` that are held out from
training. `detection/eval` plays no part in it, so that what is measured there is fair.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain import PhotoId, SimilarityMethod
from app.search.embedding import EmbeddingIndex
from app.search.fusion import fused
from app.search.layout import LayoutIndex
from app.search.ssd import SsdIndex
from app.services.photo_ids import photo_id_of
from app.store.hdf5 import Hdf5Store
from benchmarks.quality.__main__ import KEPT_GALLERIES
from benchmarks.quality.alike import can_be_asked, gains
from benchmarks.quality.galleries import kept_gallery
from benchmarks.quality.measures import AT, mean, normalised_gain
from benchmarks.quality.photos import LabelledPhoto, labelled
from benchmarks.quality.tables import Table
from model_server.catalogue import load_card
from model_server.training.photos import read_photos

STEPS = 10
"""Weights are tenths."""
PLATEAU = 0.002
"""Values so near to the best one are as good: they differ by less than chance would have it."""

Weights = Mapping[SimilarityMethod, float]
Signals = Mapping[SimilarityMethod, NDArray[np.floating]]


def held_out(folder: Path) -> dict[PhotoId, LabelledPhoto]:
    """Return the photos with boxes that training leaves out for choices like this one."""
    labels = load_card("gallery_default").labels
    photos = [
        labelled(photo, labels) for photo in read_photos(folder / "detection", "train", labels) if photo.is_held_out
    ]
    return {photo_id_of(photo.path.read_bytes()): photo for photo in photos}


def signals_of(photos: Mapping[PhotoId, LabelledPhoto], kept_in: Path) -> list[Signals]:
    """Return how alike all photos are to each, by each part of the hybrid: float (n_photos,), in their order."""
    card = load_card("gallery_default")
    store = Hdf5Store.open(kept_gallery("held_out", [photo.path for photo in photos.values()], kept_in))
    try:
        features = [one for photo_id in photos if (one := store.features(photo_id, card.name)) is not None]
    finally:
        store.close()
    embeddings, objects, layouts = EmbeddingIndex(card.embedding_width), SsdIndex(), LayoutIndex()
    detections = np.stack([one.detections for one in features])
    embeddings.add(np.arange(len(features)), np.stack([one.embedding for one in features]))
    objects.add(np.arange(len(features)), detections)
    layouts.add(np.arange(len(features)), detections)
    return [
        {
            SimilarityMethod.EMBEDDING: embeddings.similarities(one.embedding),
            SimilarityMethod.LAYOUT: layouts.similarities(one.detections),
            SimilarityMethod.SSD: objects.similarities(one.detections),
        }
        for one in features
    ]


def combinations() -> Iterator[Weights]:
    """Yield all weights in tenths of which none is 0."""
    for embedding in range(1, STEPS - 1):
        for layout in range(1, STEPS - embedding):
            yield {
                SimilarityMethod.EMBEDDING: embedding / STEPS,
                SimilarityMethod.LAYOUT: layout / STEPS,
                SimilarityMethod.SSD: (STEPS - embedding - layout) / STEPS,
            }


class Trial:
    """Measures weights on photos whose signals are known: an entry a photo, in the photos' order."""

    def __init__(self, photos: Mapping[PhotoId, LabelledPhoto], signals: Sequence[Signals]) -> None:
        self._signals = signals
        place = {photo_id: number for number, photo_id in enumerate(photos)}
        self._asked: dict[int, dict[int, float]] = {}
        for photo_id, number in place.items():
            possible = gains(photos, photo_id)
            if can_be_asked(possible):
                self._asked[number] = {place[other]: gain for other, gain in possible.items()}

    def measure(self, weights: Weights) -> float:
        """Return the mean nDCG."""
        return mean([self._one(number, weights) for number in self._asked])

    def _one(self, number: int, weights: Weights) -> float:
        possible = self._asked[number]
        counting = np.fromiter(possible, dtype=np.int64)
        ranked = best(counting, fused(self._signals[number], weights)[counting])
        return normalised_gain([possible[int(other)] for other in ranked], list(possible.values()))


def best(numbers: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the first of `numbers`, int64 (n,), by falling score, float64 (n,), as searches do: none without any."""
    order = np.lexsort((numbers, -scores))[:AT]
    return numbers[order[scores[order] > 0]]


def chosen(measured: Mapping[tuple[float, float, float], float]) -> tuple[float, float, float]:
    """Return the weights (embedding, layout, ssd) with the most for the embedding among those as good as the best."""
    best = max(measured.values())
    return max((weights for weights, value in measured.items() if value >= best - PLATEAU))


def main() -> None:
    """Measure all weights and print them, the best first, and those chosen."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.choose_weights", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder with detection/train")
    parser.add_argument(
        "--cache", type=Path, default=KEPT_GALLERIES, help="folder that keeps what was seen in photos"
    )
    given = parser.parse_args()
    photos = held_out(given.photos)
    trial = Trial(photos, signals_of(photos, given.cache))
    measured = {
        (weights[SimilarityMethod.EMBEDDING], weights[SimilarityMethod.LAYOUT], weights[SimilarityMethod.SSD]): value
        for weights in combinations()
        for value in [trial.measure(weights)]
    }
    rows = tuple((*weights, measured[weights]) for weights in sorted(measured, key=lambda one: -measured[one]))
    title = f"Weights of the hybrid, on {len(photos):,} photos held out from training"
    print(Table(title, ("embedding", "layout", "ssd", f"nDCG@{AT}"), rows).as_markdown())
    print("\nChosen: embedding {}, layout {}, ssd {}".format(*chosen(measured)))


if __name__ == "__main__":
    main()
