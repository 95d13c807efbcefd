"""Which of the photos that a search found hardly fit: those past a drop in relevance, as far as a method has one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.domain import Hit, SimilarityMethod
from app.text.scoring import weak_from

LEAST_SIMILARITY = {SimilarityMethod.EMBEDDING: 0.3, SimilarityMethod.HYBRID: 0.1}
"""Hits that are less alike are weak.

Tried with 120 of 300 labelled photos that no model was trained on, where what shares a thing with the photo is
right. How well what isn't weak agrees with that: F1 is 0.700 for `embedding` and 0.753 for `hybrid` with these
numbers and the share below, 0.686 and 0.741 without a tail. `layout` finds only what has the same things; any tail
made it worse (0.727 to 0.703 at best), so it has none. `ssd` finds only that too; no tail was tried with it.
"""
LEAST_SHARE = {SimilarityMethod.HYBRID: 0.4}
"""Hits below this share of the best one are weak."""


def with_weak_words(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return what words found, best first, with those past the drop in relevance marked as weak."""
    return _marked(hits, weak_from(np.array([hit.score for hit in hits])))


def with_weak_likes(hits: Sequence[Hit], method: SimilarityMethod) -> tuple[Hit, ...]:
    """Return what a single photo found, best first, with those that are hardly like it marked as weak."""
    if not hits:
        return ()
    least = max(LEAST_SIMILARITY.get(method, 0.0), LEAST_SHARE.get(method, 0.0) * hits[0].score)
    return _marked(hits, sum(hit.score >= least for hit in hits))


def _marked(hits: Sequence[Hit], first_weak: int) -> tuple[Hit, ...]:
    return (*hits[:first_weak], *(replace(hit, weak=True) for hit in hits[first_weak:]))
