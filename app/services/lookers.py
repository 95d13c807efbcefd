"""Makes what it takes to have each model look at photos, and knows which looks at new ones."""

from collections.abc import Callable

from app import imaging
from app.domain import Bytes8
from app.inference.base import ModelClient
from app.services.features import FeatureMaker, NameVectors
from app.services.looker import Looker
from app.services.model_set import name_of
from app.services.outlooks import Outlooks
from app.services.served_versions import ServedVersions
from model_server.catalogue import ModelCard


class Lookers:
    """One looker a model."""

    def __init__(
        self,
        outlooks: Outlooks,
        served: ServedVersions,
        client_of: Callable[[ModelCard], ModelClient],
        words: NameVectors,
        max_pixels: int,
    ) -> None:
        """`client_of` returns what reaches a model."""
        self._outlooks = outlooks
        self._served = served
        self._client_of = client_of
        self._words = words
        self._max_pixels = max_pixels
        self._known: dict[str, Looker] = {}

    def of(self, card: ModelCard) -> Looker:
        """Return the looker of a model."""
        name = name_of(card)
        if name not in self._known:
            listener = self._outlooks.said_by(name)
            maker = FeatureMaker(card, self._words)
            self._known[name] = Looker(card, self._client_of(card), maker, listener, self._prepare(card))
        return self._known[name]

    def first(self) -> Looker:
        """Return the looker that new photos come to first: the detector in use, so that searches find them soon.

        Where the model server has only a newer version of it, that one.
        """
        return self.of(self._served.of(self._outlooks.now.models.detector))

    def _prepare(self, card: ModelCard) -> Callable[[bytes], Bytes8]:
        def model_input(data: bytes) -> Bytes8:
            picture = imaging.decode(data, max_pixels=self._max_pixels)
            return picture.model_input(card.input_width_px, card.input_height_px)

        return model_input
