"""Made-up galleries are alike from run to run, and like real ones."""

import numpy as np

from benchmarks.synthetic import CLASS_SHARE, synthetic_features, synthetic_table
from model_server.catalogue import load_card


def test_the_same_seed_gives_the_same_photos_and_another_one_others() -> None:
    first, again, other = synthetic_table(50, seed=3), synthetic_table(50, seed=3), synthetic_table(50, seed=4)
    for name, column in vars(first).items():
        np.testing.assert_array_equal(column, vars(again)[name])
    assert (first.detections != other.detections).any()


def test_blocks_follow_one_another() -> None:
    blocks = list(synthetic_features(70_000, embeddings=False))
    assert [len(block.rows) for block in blocks] == [65_536, 4_464]
    np.testing.assert_array_equal(np.concatenate([block.rows for block in blocks]), np.arange(70_000))


def test_features_are_such_as_a_model_gives() -> None:
    card = load_card("gallery_default")
    table = synthetic_table(2_000)
    classes, confidences = table.detections[:, :, 0], table.detections[:, :, 1]
    assert (classes == 0).tolist() == (confidences == 0).tolist()
    assert classes.max() <= len(card.labels)
    assert (np.diff(confidences) <= 0).all()
    assert (table.detections[:, :, 2:4] <= table.detections[:, :, 4:6]).all()
    assert table.detections.max() <= 300
    np.testing.assert_allclose(np.linalg.norm(table.embeddings, axis=1), 1, atol=1e-5)
    assert all(len(set(tags)) == 10 for tags in table.tag_ids.tolist())
    assert table.tag_ids.max() < len(card.tag_classes)
    assert (np.diff(table.tag_probabilities) <= 0).all()
    assert (table.tag_probabilities.sum(axis=1) <= 1.0001).all()
    assert 0 <= table.label_scores.min() <= table.label_scores.max() <= 1


def test_classes_and_their_variety_are_those_measured() -> None:
    classes = synthetic_table(4_000, embeddings=False).detections[:, :, 0].astype(int)
    shares = np.bincount(classes[classes > 0], minlength=81)[1:] / np.count_nonzero(classes)
    np.testing.assert_allclose(shares, np.array(CLASS_SHARE) / sum(CLASS_SHARE), atol=0.02)
    variety = [len(set(photo) - {0}) for photo in classes.tolist()]
    assert 6 < np.mean(variety) < 8
