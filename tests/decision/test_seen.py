import numpy as np
import pytest

from gzssar.decision.seen import NearestMean, encoder_predictions, encoder_probabilities, log_densities
from gzssar.errors import DataError
from gzssar.features.features import FeatureSet
from gzssar.features.whitening import raw_space, whitened_space

LOGITS = np.array([[np.log(4), 100.0, 0.0], [0.0, -5.0, np.log(9)]], dtype=np.float32)


def test_softmax_over_the_seen_columns_by_hand():
    # at T = 1: 4 : 1 and 1 : 9; at T = 2 the square roots of that; class 1 is not asked
    np.testing.assert_allclose(encoder_probabilities(LOGITS, (0, 2), 1.0), [[0.8, 0.2], [0.1, 0.9]], rtol=1e-6)
    np.testing.assert_allclose(encoder_probabilities(LOGITS, (0, 2), 2.0), [[2 / 3, 1 / 3], [0.25, 0.75]], rtol=1e-6)


def test_softmax_of_large_logits_does_not_overflow():
    assert encoder_probabilities(np.array([[1e4, 0.0]]), (0, 1), 1.0).tolist() == [[1, 0]]


def test_the_encoder_answers_with_class_ids():
    assert encoder_predictions(LOGITS, (0, 2)).tolist() == [0, 2]
    assert encoder_predictions(LOGITS, (1, 2)).tolist() == [1, 2]


def test_without_logits_the_encoder_cannot_answer():
    with pytest.raises(DataError, match="logits of these clips are not known: use seen_classifier='nearest-mean'"):
        encoder_predictions(None, (0, 2))


def test_log_densities_by_hand():
    features = np.array([[0, 0], [3, 4]], dtype=np.float32)
    means = np.array([[0, 0], [0, 4], [3, 0]], dtype=np.float32)
    np.testing.assert_allclose(log_densities(features, means), [[0, -8, -4.5], [-12.5, -4.5, -8]])


def blobs(seed):
    """Two classes (10, 4) apart, which scatter by 10 along x and by 1 along y."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.array([2, 5]), 100))
    features = rng.normal(size=(200, 2)) * [10, 1] + np.outer(labels == 5, [10, 4])
    return FeatureSet(features.astype(np.float32), labels)


def test_the_nearest_mean_in_the_whitened_space_tells_blobs_apart():
    train, test = blobs(0), blobs(1)
    space = whitened_space(train, 0.0)
    whitened = NearestMean.fit(train, space, (2, 5)).predict(space(test.features))
    assert np.mean(whitened == test.labels) > 0.95
    raw = NearestMean.fit(train, raw_space(2), (2, 5)).predict(test.features)
    assert np.mean(raw == test.labels) < 0.85


def test_scores_and_predictions_agree():
    train = blobs(0)
    nearest = NearestMean.fit(train, raw_space(2), (2, 5))
    assert nearest.scores(nearest.means).argmax(axis=1).tolist() == [0, 1]
    assert nearest.predict(nearest.means).tolist() == [2, 5]
