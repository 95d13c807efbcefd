"""How the gallery's photos look to one set of models, and all that answers from that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain import Features, Photo
from app.inference.base import ModelClient
from app.search.facts import FactTable
from app.services.example_search import ExampleSearch
from app.services.feature_index import FeatureIndex
from app.services.features import FeatureMaker
from app.services.keyword_search import KeywordSearch
from app.services.model_set import ModelSet, name_of
from app.services.neighbors import NeighbourKeeper
from app.services.photo_search import PhotoSearch
from app.services.pictures import PictureReader
from app.services.searches import Searches
from app.services.stored_features import StoredFeatures
from app.services.suggestions import Suggestions
from app.store.base import Store
from app.text.word_vectors import WordVectors
from model_server.catalogue import ModelCard


@dataclass(frozen=True)
class Outlook:
    """Everything here answers from the features of `models` and of nothing else."""

    models: ModelSet
    stored: StoredFeatures
    maker: FeatureMaker
    """Names what the models found."""
    index: FeatureIndex
    neighbours: NeighbourKeeper
    words: KeywordSearch
    photos: PhotoSearch
    searches: Searches
    suggestions: Suggestions

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        """Take in complete features of each of `photos`; the index hears of them first."""
        self.index.put(photos, features)
        self.neighbours.put(photos, features)

    def remove(self, row: int) -> None:
        """Forget a photo; nothing happens if it isn't known."""
        self.index.remove(row)
        self.neighbours.remove(row)

    def stop(self) -> None:
        """End the work in the background; searches under way go on."""
        self.index.nearest.stop()
        self.neighbours.stop()


@dataclass(frozen=True)
class OutlookMaker:
    """Makes outlooks, with nothing in their indexes yet. `client_of` returns what reaches a model."""

    store: Store
    words: WordVectors
    client_of: Callable[[ModelCard], ModelClient]
    max_pixels: int
    exact_up_to: int

    def make(self, models: ModelSet, facts: FactTable | None = None) -> Outlook:
        """Return the outlook of a set of models; `facts` is what is known of the photos themselves already."""
        store, card, embedder = self.store, models.card, name_of(models.embedder)
        stored = StoredFeatures(store, models)
        index = FeatureIndex(card, lambda rows: store.embeddings_of(rows, embedder), self.exact_up_to, facts)
        neighbours = NeighbourKeeper(store, index.embeddings, embedder)
        words = KeywordSearch(card, index, self.words, stored.of)
        photos = PhotoSearch(stored.of, card, index)
        pictures = PictureReader(models, self.client_of, self.words, self.max_pixels)
        examples = ExampleSearch(store, stored.of, pictures, photos, words)
        return Outlook(
            models=models,
            stored=stored,
            maker=FeatureMaker(card, self.words),
            index=index,
            neighbours=neighbours,
            words=words,
            photos=photos,
            searches=Searches(store, index, words, photos, examples, neighbours),
            suggestions=Suggestions(card, self.words, index),
        )
