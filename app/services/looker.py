"""One model with all that it takes to have it look at photos and to keep what it says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain import Bytes8, Features, Photo
from app.inference.base import ModelClient
from app.services.features import FeatureMaker
from app.store.base import features_name
from model_server.catalogue import ModelCard


class FeatureListener(Protocol):
    """What wants to know of new features, to search in them."""

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        """Take in the features of each of `photos`."""


@dataclass(frozen=True)
class Looker:
    """A model that looks at photos; `prepare` makes its input, uint8 (height, width, 3), of a photo's bytes."""

    card: ModelCard
    client: ModelClient
    maker: FeatureMaker
    listener: FeatureListener
    prepare: Callable[[bytes], Bytes8]

    @property
    def name(self) -> str:
        """The name under which its features are kept."""
        return features_name(self.card.name, self.card.version)

    def fits(self, model_input: Bytes8) -> bool:
        """Tell whether an input that was prepared earlier is of this model's size."""
        return model_input.shape[:2] == (self.card.input_height_px, self.card.input_width_px)
