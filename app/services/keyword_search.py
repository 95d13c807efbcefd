"""Photos by words (stub until the scoring is there)."""

from dataclasses import dataclass

import numpy as np

from app.domain import Hit, KeywordMode, Reason
from app.services.feature_index import FeatureIndex
from app.services.photo_search import Scores
from model_server.catalogue import ModelCard


@dataclass(frozen=True)
class WordMatch:
    scores: Scores
    notices: tuple[str, ...] = ()


class KeywordSearch:
    def __init__(self, card: ModelCard, index: FeatureIndex, words: object) -> None:
        pass

    def match(self, text: str, mode: KeywordMode) -> WordMatch:
        return WordMatch(np.zeros(0))

    def explain(self, match: WordMatch, row: int) -> tuple[Reason, ...]:
        return ()


def mark_weak(hits: tuple[Hit, ...], match: WordMatch) -> tuple[Hit, ...]:
    return hits
