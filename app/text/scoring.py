"""How well photos fit searched terms: plain functions over the arrays of a whole gallery.

Each label that a photo carries is taken as a chance that it shows what a term means: the label's score, times
how near the label comes to the term. A photo's score for a term is the chance that at least one of them does.

The numbers below were chosen on photos held out from the training of the label probe. On photos that nothing was
chosen or trained on, mean average precision is 0.64 for class names and, for 40 words that people would use, 0.65,
where the cosine of mean vectors gives 0.28 and 0.33. WordNet's own synonyms and hypernyms of the labels, which the
list of label words knows, give 0.62 and 0.68 against 0.33 and 0.42.
"""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

TEMPERATURE = 0.05
"""How fast a label's weight falls with its distance from the best label of its kind."""
KIND_TEMPERATURE = 0.15
"""How fast the weight of all tags falls with the distance of the best of them from the best label."""
DETECTOR_TEMPERATURE = 0.05
"""The same of all labels of the detector where a tag fits better: "junco" means that bird, hardly any other.

Tried on labelled photos of single objects and on COCO's held out from training; all of them were looked at while
choosing, so that no number is from unseen photos. On two halves of the former, mean average precision is 0.92 and
0.76 with it, and 0.84 and 0.71 with 0.15. Words for what the detector knows lose 0.004 of 0.72 at most.
"""
LEAST_WEIGHT = 0.01
"""Labels that weigh less than this against the best one are left out."""
OBJECT_TRUST = 0.4
"""The share of a detected object's confidence that counts; the whole picture's labels are right more often."""
TAG_TRUST = 0.3
EXCLUDED_FROM = 0.5
"""A photo is left out when it fits an excluded term at least so well."""
NOTHING = 1e-5
"""Scores below this are none."""
WEAK_SHARE = 0.3
"""Hits below this share of the best one are weak.

Tried on the same photos, all of which were looked at while choosing. How well what isn't weak agrees with what is
right: F1 is 0.655 with this and 0.631 with 0.4 on COCO's, 0.59 and 0.61 on those of single objects, and there 0.56
where the tail begins at the largest relative drop.
"""
LEAST_SCORE = 0.1
_NO_MATCH_FIT = 0.45
_FULL_MATCH_FIT = 0.8
_LEAST_STRENGTH = 0.1
_FLOOR = 0.05
"""What a photo has of every term, so that one missed term doesn't hide what fits the others."""


def label_weights(fits: Float32, best: float, kind_temperature: float = KIND_TEMPERATURE) -> Float32:
    """Return how much each label of a kind counts for a term, float32 (n_labels,), 0..1.

    fits: float32 (n_labels,), up to 1. best: the best fit of the term to any label of any kind.
    """
    own_best = float(fits.max(initial=-1.0))
    weights = np.exp((fits - own_best) / TEMPERATURE) * np.exp((own_best - best) / kind_temperature)
    return np.where(weights < LEAST_WEIGHT, 0.0, weights).astype(np.float32)


def strength(best_fit: float) -> float:
    """Return how far a term can be told by labels at all, 0.1..1, from its best fit to any label."""
    share = (best_fit - _NO_MATCH_FIT) / (_FULL_MATCH_FIT - _NO_MATCH_FIT)
    return float(np.clip(share, _LEAST_STRENGTH, 1.0))


def any_label(scores: Float32, weights: Float32) -> Float32:
    """Return the chance that any label is there and meant, float32 (n_photos,), 0..1.

    scores: float32 (n_photos, n_labels), 0..1. weights: float32 (n_labels,), 0..1.
    """
    counting = np.flatnonzero(weights)
    absent = np.ones(len(scores), dtype=np.float32)
    for label in counting:
        absent *= 1.0 - weights[label] * scores[:, label]
    return np.asarray(1.0 - absent, dtype=np.float32)


def any_tag(tag_ids: NDArray[np.integer], tag_probabilities: Float32, weights: Float32) -> Float32:
    """Return how well a photo's tags fit, float32 (n_photos,), 0..1; tags exclude each other, so they add up.

    tag_ids: int (n_photos, n_kept). tag_probabilities: float32 (n_photos, n_kept), 0..1.
    weights: float32 (n_tags,), 0..1.
    """
    if not weights.any():
        return np.zeros(len(tag_ids), dtype=np.float32)
    # The model is timid: the square root lifts what it half believes.
    fits = (np.sqrt(tag_probabilities) * weights[tag_ids]).sum(axis=1)
    return np.asarray(np.minimum(fits, 1.0), dtype=np.float32)


def term_scores(picture: Float32, objects: Float32, tags: Float32) -> Float32:
    """Join what the three sources say of a term, each float32 (n_photos,), 0..1; return the same."""
    return np.asarray(1.0 - (1.0 - picture) * (1.0 - OBJECT_TRUST * objects) * (1.0 - TAG_TRUST * tags))


def combined(wanted: Float32, strengths: Float32, excluded: Float32) -> Float32:
    """Return each photo's score for all terms together, float32 (n_photos,), 0..1.

    wanted: float32 (n_terms, n_photos), 0..1; what fits all terms comes before what fits one of them well.
    strengths: float32 (n_terms,), 0.1..1, the say of each term. excluded: float32 (n_exclusions, n_photos), 0..1.
    """
    allowed = np.where(excluded >= EXCLUDED_FROM, 0.0, 1.0 - excluded).prod(axis=0)
    if not len(wanted):
        return np.asarray(np.where(allowed < NOTHING, 0, allowed), dtype=np.float32)
    scores = np.asarray(strengths.max() * _mean(wanted, strengths) * allowed, dtype=np.float32)
    return np.where(scores < NOTHING, np.float32(0), scores)


def _mean(wanted: Float32, strengths: Float32) -> Float32:
    """Return the weighted geometric mean of the terms' scores, each raised by _FLOOR, float32 (n_photos,)."""
    if len(wanted) == 1:
        return np.asarray(wanted[0])
    exponents = (strengths / strengths.sum())[:, None]
    together = np.exp((exponents * np.log(wanted + _FLOOR)).sum(axis=0)) - _FLOOR
    return np.asarray(np.where(wanted.any(axis=0), np.maximum(together, 0.0), 0.0), dtype=np.float32)


def classic_scores(query: Float32, word_vectors: Float32) -> Float32:
    """Return the cosines of the query with each photo, float32 (n_photos,); 0 for a photo without objects.

    query: float32 (n_dimensions,). word_vectors: float32 (n_photos, n_dimensions), `nlp_feature` of each.
    """
    vectors, wanted = word_vectors.astype(np.float64), query.astype(np.float64)
    # Row by row, unlike a matrix product, so that equal vectors have equal cosines wherever they stand.
    products, squares = (vectors * wanted).sum(axis=1), (vectors * vectors).sum(axis=1)
    lengths = np.sqrt(squares) * np.linalg.norm(wanted)
    cosines = np.divide(products, lengths, out=np.zeros(len(vectors)), where=lengths > 0)
    return np.asarray(cosines, dtype=np.float32)


def weak_from(scores: NDArray[np.floating]) -> int:
    """Return the index of the first weak one of scores in falling order, float (n,); n if none is weak."""
    if not len(scores):
        return 0
    threshold = max(LEAST_SCORE, WEAK_SHARE * float(scores[0]))
    return int(np.count_nonzero(scores >= threshold))
