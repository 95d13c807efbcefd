"""Made-up galleries of any size whose features are distributed like those of real photos.

The numbers were measured on what the default model says of 2,500 photos drawn at random from its training set:
people, pets, traffic and households, as in most albums. No photo and no row of features is kept here, only how
often things occur. A photo's objects come from an urn: each is of the class of an earlier one or of a class of its
own, so that photos repeat classes as real ones do, with 7 classes among 20 objects on average.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import MAX_OBJECTS, MODEL_INPUT_PX, OBJECT_FIELDS, Float32
from app.store.base import FeatureTable
from app.text.word_vectors import WordVectors
from model_server.catalogue import load_card

BLOCK_ROWS = 1 << 16
TAGS_KEPT = 10
TAG_BLOCK = 25
FACTORS = 64
NOISE_POOL = 1 << 22
"""Noise is read from random places of so many numbers, which is far faster than drawing it."""

OBJECTS_PER_PHOTO_SHARE = [0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 5, 7, 8, 14, 10, 9, 11, 16, 11, 12, 890]
"""Of photos, per mille, by number of objects from 0 to 20."""
CLASS_SHARE = [
    230, 4, 62, 13, 10, 11, 21, 22, 6, 19, 3, 10, 1, 9, 2, 62, 70, 33, 36, 32, 17, 11, 1, 7, 3, 6, 4, 3, 11, 2, 8, 2,
    1, 4, 2, 2, 4, 5, 3, 6, 1, 9, 4, 2, 4, 8, 17, 16, 1, 15, 2, 2, 2, 3, 6, 4, 21, 8, 5, 11, 6, 8, 4, 9, 1, 2, 5, 6,
    1, 4, 19, 3, 3, 9, 3, 0.4, 4, 13, 0.2, 1,
]  # fmt: skip
"""Of objects, per mille, by class from 1 to 80."""
REPEATS = (0.2, 0.98)
"""Photos range evenly between these in how often an object is of the class of an earlier one."""
RANKS = [0, 1, 2, 4, 9, 14, 19]
CONFIDENCES = [
    [0.082, 0.509, 0.612, 0.716, 0.831, 0.895, 0.996],
    [0.074, 0.200, 0.267, 0.377, 0.512, 0.606, 0.933],
    [0.069, 0.149, 0.193, 0.280, 0.392, 0.502, 0.891],
    [0.055, 0.108, 0.140, 0.201, 0.289, 0.390, 0.773],
    [0.052, 0.072, 0.093, 0.136, 0.199, 0.272, 0.546],
    [0.051, 0.056, 0.075, 0.109, 0.162, 0.224, 0.502],
    [0.050, 0.053, 0.064, 0.094, 0.138, 0.192, 0.467],
]
"""Confidences of the objects in these RANKS, from the surest on, at the quantiles CONFIDENCE_AT."""
CONFIDENCE_AT = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]
WIDTHS = [0.027, 0.102, 0.147, 0.208, 0.300, 0.394, 0.538, 0.769, 1.0]
HEIGHTS = [0.033, 0.134, 0.196, 0.280, 0.382, 0.494, 0.634, 0.820, 1.0]
"""Of boxes, as shares of the picture, at nine quantiles evenly apart; wide boxes are mostly high as well."""
SURENESS = [0.1, 0.2, 0.4, 0.7]
LABEL_SCORES = [
    [0.0, 0.001, 0.002, 0.004, 0.010, 0.023, 0.058, 0.984],
    [0.0, 0.003, 0.006, 0.012, 0.025, 0.057, 0.150, 0.975],
    [0.0, 0.005, 0.010, 0.023, 0.068, 0.186, 0.408, 0.966],
    [0.0, 0.013, 0.033, 0.121, 0.342, 0.633, 0.872, 0.999],
    [0.003, 0.184, 0.525, 0.872, 0.982, 0.997, 0.999, 1.0],
    [0.202, 0.873, 0.960, 0.991, 0.998, 0.999, 1.0, 1.0],
]
"""A label's score for the picture at the quantiles LABEL_SCORE_AT: without an object, then by its sureness."""
LABEL_SCORE_AT = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 1]
TAG_SHARE = [
    1, 0.3, 1, 1, 6, 2, 59, 37, 38, 53, 40, 65, 0.3, 55, 34, 7, 24, 22, 23, 16, 21, 23, 23, 17, 22, 17, 38, 31, 28,
    28, 25, 22, 31, 22, 38, 18, 32, 15, 22, 24,
]  # fmt: skip
"""Of tags, per mille, by 25 classes of ImageNet each; neighbours there are mostly of one kind."""
SAME_KIND_SHARE = [0.26, 0.23, 0.19, 0.19, 0.15, 0.15, 0.12, 0.13, 0.11]
"""How often the second and further tags are of the same 25 classes as the first."""
FIRST_TAG = [0.072, 0.251, 0.365, 0.475, 0.573, 0.710, 0.842, 0.949, 1.0]
"""The first tag's probability at nine quantiles evenly apart."""
FURTHER_TAGS = [0.332, 0.132, 0.073, 0.048, 0.033, 0.024, 0.019, 0.015, 0.012]
"""The shares of what the first tag leaves."""
MEAN_EMBEDDING_LENGTH = 0.54
VARIANCE_AT = [1, 2, 4, 8, 16, 32, 64]
VARIANCE_SHARE = [0.047, 0.083, 0.132, 0.196, 0.286, 0.396, 0.520]
"""Of the embeddings' variance about their mean, in so many of the first directions; the rest is as good as noise."""


def synthetic_features(photos: int, seed: int = 0, *, embeddings: bool = True) -> Iterator[FeatureTable]:
    """Yield the features of `photos` made-up photos in blocks of BLOCK_ROWS, rows counted from 0.

    The same seed gives the same photos. Without `embeddings` these are of width 0, which saves most of the time.
    """
    maker = _Maker(seed, embeddings)
    for start in range(0, photos, BLOCK_ROWS):
        yield maker.block(start, min(BLOCK_ROWS, photos - start))


def synthetic_table(photos: int, seed: int = 0, *, embeddings: bool = True) -> FeatureTable:
    """Return the features of `photos` made-up photos at once."""
    blocks = list(synthetic_features(photos, seed, embeddings=embeddings))
    return FeatureTable(**{name: np.concatenate([vars(one)[name] for one in blocks]) for name in vars(blocks[0])})


class _Maker:
    """Makes block after block; what all blocks share is drawn once."""

    def __init__(self, seed: int, embeddings: bool) -> None:
        card = load_card("gallery_default")
        words = WordVectors.load()
        self._seed = seed
        random = np.random.default_rng(seed)
        self._tag_share = _tag_share(len(card.tag_classes), random)
        self._class_vectors = np.stack([words.nlp_feature([label]) for label in card.labels])
        self._embeddings = _Embeddings(card.embedding_width if embeddings else 0, random)

    def block(self, start: int, count: int) -> FeatureTable:
        random = np.random.default_rng([self._seed, start])
        detections = _detections(count, random)
        tag_ids, tag_probabilities = _tags(count, self._tag_share, random)
        return FeatureTable(
            rows=np.arange(start, start + count),
            detections=detections,
            word_vectors=self._word_vectors(detections),
            embeddings=self._embeddings.draw(count, random),
            tag_ids=tag_ids,
            tag_probabilities=tag_probabilities,
            label_scores=_label_scores(detections, random),
        )

    def _word_vectors(self, detections: Float32) -> Float32:
        """Return `nlp_feature` of each photo, float32 (n, 50)."""
        classes = detections[:, :, 0].astype(np.int64)
        width = 1 + len(self._class_vectors)
        places = width * np.arange(len(classes))[:, None] + classes
        counts = np.bincount(places.ravel(), minlength=width * len(classes)).reshape(-1, width)[:, 1:]
        shares = (counts / np.maximum(1, counts.sum(axis=1, keepdims=True))).astype(np.float32)
        return np.asarray(shares @ self._class_vectors, dtype=np.float32)


class _Embeddings:
    """Draws embeddings about a common mean, with a few strong directions and much noise."""

    def __init__(self, width: int, random: np.random.Generator) -> None:
        spread = 1 - MEAN_EMBEDDING_LENGTH**2
        cumulative = np.interp(np.log(np.arange(1, FACTORS + 1)), np.log(VARIANCE_AT), VARIANCE_SHARE)
        directions = np.linalg.qr(random.normal(size=(max(width, FACTORS), FACTORS)))[0].T[:, :width]
        deviations = np.sqrt(spread * np.diff(cumulative, prepend=0))
        self._factors = (directions * deviations[:, None]).astype(np.float32)
        mean = np.abs(random.normal(size=width))
        self._mean = (MEAN_EMBEDDING_LENGTH * mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
        noise = np.sqrt(spread * (1 - VARIANCE_SHARE[-1]) / max(width, 1))
        pool = (noise * random.standard_normal(NOISE_POOL, dtype=np.float32)).astype(np.float32)
        self._noise = np.lib.stride_tricks.sliding_window_view(pool, width)

    def draw(self, count: int, random: np.random.Generator) -> Float32:
        """Return `count` embeddings of length 1, float32 (count, width)."""
        if not len(self._mean):
            return np.zeros((count, 0), dtype=np.float32)
        embeddings = random.standard_normal((count, FACTORS), dtype=np.float32) @ self._factors
        embeddings += self._mean
        embeddings += self._noise[random.integers(0, len(self._noise), count)]
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        return embeddings


def _detections(count: int, random: np.random.Generator) -> Float32:
    """Return `ssd_feature` of made-up photos, float32 (count, 20, 6)."""
    shape = (count, MAX_OBJECTS)
    detections = np.empty((*shape, OBJECT_FIELDS), dtype=np.float32)
    detections[..., 0] = _classes(count, random)
    detections[..., 1] = _confidences(count, random)
    size = random.random(shape, dtype=np.float32)
    # Heights go with widths, but not strictly.
    other = 1 - np.abs(1 - np.abs(size + 0.2 * random.standard_normal(shape, dtype=np.float32)))
    for axis, side in enumerate((_spread(WIDTHS, size), _spread(HEIGHTS, other))):
        low = (1 - side) * random.random(shape, dtype=np.float32)
        detections[..., 2 + axis] = MODEL_INPUT_PX * low
        detections[..., 4 + axis] = MODEL_INPUT_PX * (low + side)
    objects = random.choice(MAX_OBJECTS + 1, count, p=_shares(OBJECTS_PER_PHOTO_SHARE))
    detections[np.arange(MAX_OBJECTS) >= objects[:, None]] = 0
    return detections


def _classes(count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return the classes of photos' objects, int64 (count, 20), 1..80."""
    own = 1 + random.choice(len(CLASS_SHARE), (MAX_OBJECTS, count), p=_shares(CLASS_SHARE))
    repeats = random.uniform(*REPEATS, size=count)
    classes = own
    for slot in range(1, MAX_OBJECTS):
        earlier = classes[random.integers(0, slot, count), np.arange(count)]
        classes[slot] = np.where(random.random(count) < repeats, earlier, own[slot])
    return np.ascontiguousarray(classes.T)


def _confidences(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return the confidences of photos' objects, float64 (count, 20), falling."""
    columns = []
    photo = random.random(count)
    for rank in range(MAX_OBJECTS):
        quantiles = [np.interp(rank, RANKS, column) for column in zip(*CONFIDENCES, strict=True)]
        place = 1 - np.abs(1 - np.abs(photo + random.normal(0, 0.15, count)))
        columns.append(np.interp(place, CONFIDENCE_AT, quantiles))
    return -np.sort(-np.stack(columns, axis=1), axis=1)


def _label_scores(detections: Float32, random: np.random.Generator) -> Float32:
    """Return the labels' scores for each picture, float32 (n, 80), which go with the surest object of a label."""
    photos, labels = len(detections), len(CLASS_SHARE)
    surest = np.zeros((photos, labels + 1), dtype=np.float32)
    # The surest object stands first, so that it is written last here.
    for slot in reversed(range(MAX_OBJECTS)):
        surest[np.arange(photos), detections[:, slot, 0].astype(np.int64)] = detections[:, slot, 1]
    groups = np.searchsorted(SURENESS, surest[:, 1:], side="right") + (surest[:, 1:] > 0)
    steps = np.linspace(0, 1, 1 << 12)
    quantiles = np.stack([np.interp(steps, LABEL_SCORE_AT, row) for row in LABEL_SCORES]).astype(np.float32)
    return quantiles[groups, random.integers(0, len(steps), (photos, labels), dtype=np.uint16)]


def _tag_share(tags: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return each tag's share, float64 (n_tags,): within 25 neighbours a few are frequent and most are rare."""
    within = np.stack([random.permutation(1 / np.arange(1, TAG_BLOCK + 1)) for _ in TAG_SHARE])
    within *= np.array(TAG_SHARE)[:, None] / within.sum(axis=1, keepdims=True)
    return _shares(within.ravel()[:tags])


def _tags(count: int, share: NDArray[np.float64], random: np.random.Generator) -> tuple[NDArray[np.int32], Float32]:
    """Return tag_ids, int32 (count, 10), each once a photo, and tag_probabilities, float32 (count, 10), falling."""
    ids = random.choice(len(share), (count, TAGS_KEPT), p=share)
    same = random.random((count, TAGS_KEPT - 1)) < SAME_KIND_SHARE
    kind = ids[:, :1] // TAG_BLOCK * TAG_BLOCK
    ids[:, 1:] = np.where(same, kind + random.integers(0, TAG_BLOCK, same.shape), ids[:, 1:])
    repeated = _repeated(ids)
    while repeated.any():
        ids[repeated] = random.integers(0, len(share), np.count_nonzero(repeated))
        repeated = _repeated(ids)
    first = np.interp(random.random(count), np.linspace(0, 1, len(FIRST_TAG)), FIRST_TAG)
    probabilities = np.column_stack([first, (1 - first)[:, None] * FURTHER_TAGS])
    return ids.astype(np.int32), -np.sort(-probabilities, axis=1).astype(np.float32)


def _repeated(ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which entries of each row, int (n, k), stand further left in it too."""
    repeated = np.zeros(ids.shape, dtype=bool)
    for column in range(1, ids.shape[1]):
        repeated[:, column] = (ids[:, :column] == ids[:, column : column + 1]).any(axis=1)
    return repeated


def _spread(quantiles: list[float], places: Float32) -> Float32:
    """Return what stands at `places`, float32 of any shape, 0..1, between quantiles evenly apart."""
    table = np.interp(np.linspace(0, 1, 1 << 12), np.linspace(0, 1, len(quantiles)), quantiles).astype(np.float32)
    return table[(places * (len(table) - 1)).astype(np.int16)]


def _shares(weights: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(weights, dtype=np.float64)
    return np.asarray(array / array.sum())
