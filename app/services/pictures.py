"""Pictures from outside, or parts of them, as the model sees them."""

import numpy as np

from app import imaging
from app.domain import Box, Features
from app.inference.base import ModelClient
from app.services.features import FeatureMaker
from model_server.catalogue import ModelCard


class PictureReader:
    """Has the model look at a picture that isn't stored."""

    def __init__(self, client: ModelClient, card: ModelCard, maker: FeatureMaker, max_pixels: int) -> None:
        self._client = client
        self._card = card
        self._maker = maker
        self._max_pixels = max_pixels

    def features_of(self, data: bytes, box: Box | None = None) -> Features:
        """Return the features of a picture file, or of the part of it in `box`.

        Raises BadInput for a file that is no picture, and ModelServerUnavailable while nothing can look at it.
        """
        picture = imaging.decode(data, max_pixels=self._max_pixels, full_detail=box is not None)
        model_input = picture.model_input(self._card.input_width_px, self._card.input_height_px, box)
        (features,) = self._maker.make(self._client.predict(self._card, model_input[np.newaxis]))
        return features
