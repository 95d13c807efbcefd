import pytest
from hypothesis import assume, given

from app.domain import Box, EmbeddingReason, Float32, SignalReason, SimilarityMethod
from app.search.reasons import explain_embedding, explain_hybrid, explain_layout, explain_ssd
from app.search.ssd_reference import ssd_similarity
from tests.app.search.photos import LABELS, feature, photos
from tests.app.search.test_object_indexes import on_the_threshold

PERSON = (1.0, 0.8, 0.0, 0.0, 150.0, 300.0)
CAR = (3.0, 0.6, 150.0, 150.0, 300.0, 300.0)
BICYCLE = (2.0, 0.9, 0.0, 0.0, 30.0, 30.0)


def test_ssd_names_the_shared_kinds_with_pairs_and_mean() -> None:
    reasons = explain_ssd(feature(PERSON, CAR, BICYCLE), feature(CAR, PERSON, PERSON), LABELS.__getitem__)
    assert [reason.label for reason in reasons] == ["person", "car"]
    assert [reason.pairs for reason in reasons] == [2, 1]
    assert [reason.mean for reason in reasons] == pytest.approx([(1.3 + 1.3) / 4, (0.85 + 0.85) / 4])


@given(photos, photos)
def test_ssd_reasons_add_up_to_the_score(query: Float32, photo: Float32) -> None:
    assume(not on_the_threshold(query, [photo]))
    reasons = explain_ssd(query, photo, LABELS.__getitem__)
    pairs = sum(reason.pairs for reason in reasons)
    mean = sum(reason.pairs * reason.mean for reason in reasons) / pairs if pairs else 0.0
    assert mean == pytest.approx(ssd_similarity(query, photo), abs=1e-9)


def test_kinds_whose_pairs_do_not_count_are_no_reason() -> None:
    faint = feature((1, 1e-6, 50, 0, 50, 10))
    assert explain_ssd(faint, faint, LABELS.__getitem__) == ()


def test_layout_gives_both_boxes_in_shares_of_the_picture() -> None:
    shifted = (1.0, 0.8, 75.0, 0.0, 225.0, 300.0)
    reasons = explain_layout(feature(PERSON), feature(BICYCLE, shifted), LABELS.__getitem__)
    assert len(reasons) == 1
    assert reasons[0].label == "person"
    assert reasons[0].query_box == Box(0, 0, 0.5, 1)
    assert reasons[0].box == Box(0.25, 0, 0.75, 1)
    assert reasons[0].overlap == pytest.approx(1 / 3)


def test_boxes_beyond_the_picture_are_cut_at_its_edge() -> None:
    beyond = feature((1, 0.8, 330, -30, 150, 300))
    assert explain_layout(beyond, beyond, LABELS.__getitem__)[0].box == Box(0.5, 0, 1, 1)


def test_embedding_and_hybrid_say_their_numbers() -> None:
    assert explain_embedding(0.75) == (EmbeddingReason(0.75),)
    weights = {SimilarityMethod.EMBEDDING: 0.5, SimilarityMethod.SSD: 0.5}
    reasons = explain_hybrid({SimilarityMethod.SSD: 0.2, SimilarityMethod.EMBEDDING: 0.6}, weights)
    assert [reason.method for reason in reasons] == ["embedding", "ssd"]
    assert all(isinstance(reason, SignalReason) for reason in reasons)
    assert [reason.share for reason in reasons] == pytest.approx([0.75, 0.25])
