"""The ways of comparing photos with photos and with words."""

from enum import StrEnum


class SimilarityMethod(StrEnum):
    """What "similar" means when photos are compared."""

    EMBEDDING = "embedding"
    SSD = "ssd"
    LAYOUT = "layout"
    HYBRID = "hybrid"


class KeywordMode(StrEnum):
    """How words are compared with photos."""

    LATE = "late"
    CLASSIC = "classic"
