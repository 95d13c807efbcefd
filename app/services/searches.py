"""All searches: by words, by photos stored or from outside, by things placed by hand."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

from app.domain import (
    Box,
    Example,
    ExamplesSearch,
    Hit,
    KeywordMode,
    LayoutSearch,
    Photo,
    PhotoId,
    PictureExample,
    PlacedBox,
    Reason,
    Search,
    SearchResults,
    SimilarityMethod,
    StoredExample,
    WordsExample,
    WordsSearch,
)
from app.errors import PhotoNotFound
from app.search.ranking import Ranked
from app.search.reasons import explain_embedding
from app.services.example_search import ExampleSearch
from app.services.feature_index import FeatureIndex
from app.services.keyword_search import KeywordSearch
from app.services.neighbors import NeighbourKeeper
from app.services.photo_search import PhotoSearch
from app.services.weak_tail import with_weak_likes, with_weak_words
from app.store.base import Store
from app.text.query_tree import Query

DEFAULT_LIMIT = 60

Explain = Callable[[Photo], tuple[Reason, ...]]


class Searches:
    """Finds photos; every hit carries its score and its reasons."""

    def __init__(
        self,
        store: Store,
        index: FeatureIndex,
        words: KeywordSearch,
        photos: PhotoSearch,
        examples: ExampleSearch,
        neighbours: NeighbourKeeper,
    ) -> None:
        self._store = store
        self._index = index
        self._words = words
        self._photos = photos
        self._examples = examples
        self._neighbours = neighbours

    @property
    def labels(self) -> tuple[str, ...]:
        """The things that can be placed in a layout, in the model's order."""
        return self._photos.labels

    def parsed(self, text: str) -> Query:
        """Return what a query says; raise QueryError for a malformed one."""
        return self._words.parsed(text)

    def run(self, search: Search, limit: int = DEFAULT_LIMIT) -> SearchResults:
        """Do any search; raise what the call for its kind raises."""
        match search:
            case WordsSearch():
                return self.by_words(search.text, limit, search.mode)
            case ExamplesSearch():
                return self.by_examples(search.examples, search.method, limit, search.weights)
            case LayoutSearch():
                return self.by_layout(search.boxes, limit)

    def by_words(self, text: str, limit: int = DEFAULT_LIMIT, mode: KeywordMode = KeywordMode.LATE) -> SearchResults:
        """Find photos by words; raise QueryError for a malformed query, UnknownWordsError if no word is known."""
        started_s = perf_counter()
        match = self._words.match(text, mode)
        hits = self._hits(match.top(limit), lambda photo: self._words.explain(match, photo))
        return _results(with_weak_words(hits), match.searched, started_s, match.query.notices)

    def like_photo(
        self,
        photo_id: PhotoId,
        method: SimilarityMethod = SimilarityMethod.EMBEDDING,
        limit: int = DEFAULT_LIMIT,
        box: Box | None = None,
        words: str | None = None,
        weights: Mapping[SimilarityMethod, float] | None = None,
    ) -> SearchResults:
        """Find photos like a stored one, or like a part of it, that fit the words as well.

        Raises PhotoNotFound, PhotoNotReady while it has no features, and what `by_examples` raises.
        """
        if method is SimilarityMethod.EMBEDDING and box is None and not words and weights is None:
            kept = self._kept_neighbours(photo_id, limit)
            if kept is not None:
                return kept
        return self.by_examples(with_words(StoredExample(photo_id, box=box), words), method, limit, weights)

    def like_picture(
        self,
        data: bytes,
        method: SimilarityMethod = SimilarityMethod.EMBEDDING,
        limit: int = DEFAULT_LIMIT,
        box: Box | None = None,
        words: str | None = None,
    ) -> SearchResults:
        """Find photos like a picture that isn't stored, or like a part of it, that fit the words as well.

        Raises what `by_examples` raises.
        """
        return self.by_examples(with_words(PictureExample("the picture", data, box=box), words), method, limit)

    def by_examples(
        self,
        examples: Sequence[Example],
        method: SimilarityMethod = SimilarityMethod.EMBEDDING,
        limit: int = DEFAULT_LIMIT,
        weights: Mapping[SimilarityMethod, float] | None = None,
    ) -> SearchResults:
        """Find photos that are like some examples and unlike those with a negative weight.

        weights: what each signal of a hybrid counts, None for the measured weights.

        Raises BadParameter for examples or weights that can't be used together, PhotoNotFound and PhotoNotReady for a
        stored one, BadInput for a file that is no picture or for words that can't be used, and
        ModelServerUnavailable while nothing can look at a picture.
        """
        started_s = perf_counter()
        compared = self._examples.compare(examples, method, weights)
        ranked = self._examples.best(compared, limit)
        hits = self._hits(ranked, lambda photo: self._examples.explain(compared, photo))
        if compared.is_one_photo and weights is None:
            hits = with_weak_likes(hits, method)
        return _results(hits, len(self._index), started_s, compared.notices)

    def by_layout(self, boxes: Sequence[PlacedBox], limit: int = DEFAULT_LIMIT) -> SearchResults:
        """Find photos that show things where they were placed by hand; raise BadParameter for an unknown label."""
        started_s = perf_counter()
        comparison = self._photos.compare_placed(boxes)
        ranked = self._photos.best(comparison, limit)
        hits = self._hits(ranked, lambda photo: self._photos.explain(comparison, photo))
        return _results(hits, len(self._index), started_s)

    def _kept_neighbours(self, photo_id: PhotoId, limit: int) -> SearchResults | None:
        """Return what the list of a photo's neighbours tells, which is kept: the same as a search, in no time."""
        started_s = perf_counter()
        ranked = self._neighbours.neighbours(self._store.get(photo_id), limit)
        if ranked is None:
            return None
        cosines = dict(zip(ranked.rows.tolist(), ranked.scores.tolist(), strict=True))
        hits = self._hits(ranked, lambda photo: explain_embedding(cosines[photo.row]))
        hits = with_weak_likes(hits, SimilarityMethod.EMBEDDING)
        return _results(hits, len(self._index), started_s)

    def _hits(self, ranked: Ranked, explain: Explain) -> tuple[Hit, ...]:
        """Return the ranked photos with their reasons; those deleted since they were scored are passed over."""
        hits = []
        for row, score in zip(ranked.rows, ranked.scores, strict=True):
            try:
                photo = self._store.at(int(row))
            except PhotoNotFound:
                continue
            hits.append(Hit(photo, float(score), explain(photo)))
        return tuple(hits)


def with_words(example: Example, words: str | None) -> list[Example]:
    """Return the examples of a photo and, if there are any, of words that the results must fit as well."""
    return [example, WordsExample(words)] if words else [example]


def _results(hits: tuple[Hit, ...], searched: int, started_s: float, notices: tuple[str, ...] = ()) -> SearchResults:
    elapsed_ms = 1000 * (perf_counter() - started_s)
    return SearchResults(hits, searched, elapsed_ms, notices)
