"""Pictures from outside, or parts of them, as the models see them."""

from collections.abc import Callable

import numpy as np

from app import imaging
from app.domain import Box, Features
from app.errors import ModelOutputInvalid
from app.inference.base import ModelClient
from app.services.features import FeatureMaker, NameVectors
from app.services.model_set import ModelSet
from model_server.catalogue import ModelCard


class PictureReader:
    """Has a set of models look at a picture that isn't stored."""

    def __init__(
        self, models: ModelSet, client_of: Callable[[ModelCard], ModelClient], words: NameVectors, max_pixels: int
    ) -> None:
        """`client_of` returns what reaches a model."""
        self._models = models
        self._clients = {name: client_of(card) for name, card in models.cards.items()}
        self._makers = {name: FeatureMaker(card, words) for name, card in models.cards.items()}
        self._max_pixels = max_pixels

    def features_of(self, data: bytes, box: Box | None = None) -> Features:
        """Return the features of a picture file, or of the part of it in `box`.

        Raises BadInput for a file that is no picture, and ModelServerUnavailable while nothing can look at it.
        """
        picture = imaging.decode(data, max_pixels=self._max_pixels, full_detail=box is not None)
        said = {}
        for name, card in self._models.cards.items():
            model_input = picture.model_input(card.input_width_px, card.input_height_px, box)
            (said[name],) = self._makers[name].make(self._clients[name].predict(card, model_input[np.newaxis]))
        features = self._models.compose(said)
        if features is None:
            raise ModelOutputInvalid(f"The models {', '.join(said)} don't make up what a photo needs.")
        return features
