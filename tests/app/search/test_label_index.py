"""The label index holds what it was given, and its fast search finds what the plain definition says."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import Float32
from app.search import label_best
from app.search.label_block import MOST_PHOTOS, TOGETHER, LabelBlock
from app.search.label_index import LabelIndex
from app.search.label_table import LabelTable, together
from app.search.ranking import top
from app.text.keywords import KeywordMatcher, UnderstoodQuery
from app.text.late import LateScorer, TermMeaning
from app.text.query import Term

LABELS, TAGS, KEPT = 6, 20, 4
NAMES = [f"label{number}" for number in range(LABELS)]


class NoWords:
    """A vocabulary for a matcher whose queries are made by hand."""

    width = 1

    def lemma(self, word: str) -> None:
        return None

    def phrase_vector(self, words: list[str]) -> None:
        return None


MATCHER = KeywordMatcher(NAMES, [f"tag{number}" for number in range(TAGS)], NoWords())  # type: ignore[arg-type]


def photos(count: int, seed: int, first_row: int = 0) -> LabelTable:
    """Return made-up photos, some of them alike; surer ones are rarer."""
    random = np.random.default_rng(seed)
    scores = np.round(random.random((count, LABELS)) ** 4, 2).astype(np.float32)
    objects = np.round(random.random((count, LABELS)) * (random.random((count, LABELS)) < 0.3), 1)
    tag_ids = np.argsort(random.random((count, TAGS)), axis=1)[:, :KEPT]
    probabilities = np.round(-np.sort(-random.dirichlet(np.ones(KEPT), count), axis=1), 1)
    return LabelTable(
        np.arange(first_row, first_row + count),
        scores,
        objects.astype(np.float32),
        tag_ids,
        probabilities.astype(np.float32),
    )


def term(draw: st.DrawFn, random: np.random.Generator) -> TermMeaning:
    share = draw(st.sampled_from([0.0, 0.2, 0.6]))
    strongest = np.float32(draw(st.sampled_from([0.05, 0.5, 1.0])))
    labels = strongest * random.random(LABELS, dtype=np.float32) * (random.random(LABELS) < share)
    tags = random.random(TAGS, dtype=np.float32) * (random.random(TAGS) < draw(st.sampled_from([0.0, 0.1, 0.9])))
    strength = draw(st.sampled_from([0.1, 0.6, 1.0]))
    return TermMeaning(Term(("x",), 0), np.zeros(1, np.float32), labels, tags, strength)


@st.composite
def queries(draw: st.DrawFn) -> UnderstoodQuery:
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    wanted = tuple(term(draw, random) for _ in range(draw(st.integers(0, 3))))
    excluded = tuple(term(draw, random) for _ in range(draw(st.integers(0 if wanted else 1, 2))))
    return UnderstoodQuery(wanted, excluded)


def filled(table: LabelTable, sizes: list[int]) -> LabelIndex:
    index, at = LabelIndex(), 0
    for size in sizes:
        index.add(table.of(slice(at, at + size)))
        at += size
    return index


@settings(max_examples=120, deadline=None)
@given(
    queries(),
    st.integers(0, 5),
    st.sampled_from([[700], [40, 30, 200, 430], [1] * 40]),
    st.sampled_from([1, 7, 60]),
    st.sampled_from([0, 40, label_best.FEW]),
)
def test_the_best_are_those_of_all_plain_scores_sorted(
    query: UnderstoodQuery, seed: int, sizes: list[int], limit: int, few: int
) -> None:
    """However many photos are few enough for exact scores at once."""
    table = photos(sum(sizes), seed)
    index = filled(table, sizes)
    scorer = LateScorer(query.wanted, query.excluded)
    plain = MATCHER.late(query, table)
    snapshot = index.snapshot()
    np.testing.assert_allclose(snapshot.scores(scorer), plain, atol=4e-6)
    allowed = np.random.default_rng(seed).random(len(table)) < 0.5
    for chosen in (None, allowed, allowed[: len(table) // 2]):
        with patch.object(label_best, "FEW", few):
            found = snapshot.best(scorer, limit, chosen)
        expected = top(plain, limit, allowed=chosen)
        assert found.rows.tolist() == expected.rows.tolist()
        np.testing.assert_array_equal(found.scores, expected.scores)


@settings(max_examples=80, deadline=None)
@given(queries(), st.integers(0, 50), st.sampled_from([5, TOGETHER, 100]))
def test_no_score_is_above_its_bounds(query: UnderstoodQuery, seed: int, count: int) -> None:
    table = photos(count, seed)
    scorer, blocks = LateScorer(query.wanted, query.excluded), [LabelBlock.of(table), LabelBlock.of(table)]
    scores = MATCHER.late(query, table)
    assert (scores <= scorer.uppers(blocks[0])).all()
    slots = np.arange(0, count, 3)
    assert (scores[slots] <= scorer.uppers(blocks[0], slots)).all()
    most = scorer.most(blocks).reshape(2, -1)
    assert (scores <= most[:, np.arange(count) // TOGETHER]).all()


def test_equal_scores_stand_by_row_and_of_what_was_removed_nothing_is_found() -> None:
    table = photos(500, 0)
    table.label_scores[:, 0] = 1
    index = filled(table, [300, 200])
    index.remove(np.arange(0, 500, 2))
    found = index.snapshot().best(LateScorer([only_label(0)], []), 60)
    assert found.rows.tolist() == list(range(1, 120, 2))
    assert (found.scores == 1).all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "later", "remove"]), st.integers(0, 60), st.integers(1, 30)), max_size=12
    )
)
def test_it_holds_what_a_dictionary_would(changes: list[tuple[str, int, int]]) -> None:
    index, held = LabelIndex(), dict[int, LabelTable]()
    for number, (change, first, count) in enumerate(changes):
        rows = range(first, first + count)
        if change == "remove":
            index.remove(rows)
            held = {row: one for row, one in held.items() if row not in rows}
            continue
        table = photos(count, number, first)
        (index.add if change == "add" else index.add_later)(table)
        held |= {row: table.of(slice(row - first, row - first + 1)) for row in rows}
    assert len(index) == len(held)
    found = index.snapshot().table(np.arange(100))
    assert found.rows.tolist() == sorted(held)
    if held:
        expected = together(list(held.values()))
        for name, column in vars(expected).items():
            np.testing.assert_array_equal(getattr(found, name), column)


def test_a_snapshot_never_changes() -> None:
    index = filled(photos(50, 1), [50])
    before = index.snapshot()
    kept = vars(before.table(np.arange(50)))
    index.add(photos(30, 2, 10))
    index.remove([0, 49])
    for name, column in vars(before.table(np.arange(50))).items():
        np.testing.assert_array_equal(column, kept[name])


def test_a_removed_photo_is_found_no_more_and_one_far_off_is() -> None:
    index = LabelIndex()
    table = photos(2, 0)
    table.label_scores[:, 0] = [0.9, 0.8]
    index.add(LabelTable(np.array([3, 100_000]), *list(vars(table).values())[1:]))
    scorer = LateScorer([only_label(0)], [])
    assert index.snapshot().best(scorer, 5).rows.tolist() == [3, 100_000]
    index.remove([3, 4])
    assert index.snapshot().best(scorer, 5).rows.tolist() == [100_000]
    assert len(index.snapshot().scores(scorer)) == 100_001


def test_few_photos_that_fit_are_found_among_many_that_do_not() -> None:
    """Where what is common can't tell, all scores are computed, and still the exact ones decide."""
    table = photos(4000, 3)
    table.label_scores[:] = 0
    table.object_confidences[:, 0] = np.linspace(0.01, 0.02, 4000)
    scorer = LateScorer(
        [TermMeaning(Term(("x",), 0), np.zeros(1, np.float32), ones(LABELS), ones(TAGS) * np.float32(0.01), 1.0)], []
    )
    plain = MATCHER.late(UnderstoodQuery(tuple(scorer.wanted), ()), table)
    found, expected = filled(table, [4000]).snapshot().best(scorer, 9), top(plain, 9)
    assert found.rows.tolist() == expected.rows.tolist()


def test_objects_are_found_by_how_sure_they_are() -> None:
    table = photos(40, 4)
    index = filled(table, [10, 30])
    index.remove([0])
    expected = [row for row in np.flatnonzero(table.object_confidences[:, 2] >= 0.5).tolist() if row]
    assert index.snapshot().rows_with_object(2, 0.5).tolist() == expected


def test_many_photos_make_blocks_of_which_none_is_too_large() -> None:
    count = MOST_PHOTOS + 1000
    none = np.zeros((count, 1), dtype=np.float32)
    table = LabelTable(np.arange(count), none, none, none.astype(np.int32), none)
    index = LabelIndex()
    index.add_later(table)
    blocks = index.snapshot().blocks
    assert [len(block) for block in blocks] == [MOST_PHOTOS, 1000]


def test_rows_stand_only_once_in_one_call() -> None:
    table = photos(2, 0)
    with pytest.raises(ValueError, match="only once"):
        LabelIndex().add(LabelTable(np.array([1, 1]), *list(vars(table).values())[1:]))


def only_label(number: int) -> TermMeaning:
    weights = np.eye(LABELS, dtype=np.float32)[number]
    return TermMeaning(Term(("x",), 0), weights, weights, np.zeros(TAGS, np.float32), 1.0)


def ones(count: int) -> Float32:
    return np.ones(count, dtype=np.float32)
