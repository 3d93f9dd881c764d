import numpy as np
import pytest
from hypothesis import given, strategies as st

from gzssar.errors import DataError
from gzssar.evaluation import metrics

LABELS = np.array([0, 0, 0, 0, 1, 2])
PREDICTIONS = np.array([0, 0, 0, 1, 1, 0])

fractions = st.floats(0, 1)


def test_accuracy_per_sample_and_per_class() -> None:
    assert metrics.accuracy(LABELS, PREDICTIONS) == pytest.approx(4 / 6)
    assert metrics.per_class_accuracy(LABELS, PREDICTIONS) == {0: 0.75, 1: 1.0, 2: 0.0}
    assert metrics.mean_class_accuracy(LABELS, PREDICTIONS) == pytest.approx(1.75 / 3)


def test_mean_class_accuracy_ignores_classes_without_clips() -> None:
    assert metrics.mean_class_accuracy(np.array([3, 3]), np.array([3, 7])) == 0.5


def test_confusion_counts_true_by_predicted() -> None:
    counts = metrics.confusion_counts(LABELS, PREDICTIONS, 4)
    assert counts.tolist() == [[3, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(("s", "u", "h"), [(1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (0.8, 0.2, 0.32), (1.0, 0.0, 0.0)])
def test_harmonic_mean_by_hand(s: float, u: float, h: float) -> None:
    assert metrics.harmonic_mean(s, u) == pytest.approx(h)


def test_harmonic_mean_of_nothing_is_nothing() -> None:
    assert metrics.harmonic_mean(0.0, 0.0) == 0.0


@given(fractions, fractions)
def test_harmonic_mean_is_symmetric_and_below_the_arithmetic_mean(s: float, u: float) -> None:
    h = metrics.harmonic_mean(s, u)
    assert h == metrics.harmonic_mean(u, s)
    assert min(s, u) - 1e-12 <= h <= (s + u) / 2 + 1e-12 or h == 0.0


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1)), min_size=1, max_size=40))
def test_area_under_roc_equals_counting_pairs(clips: list[tuple[int, int]]) -> None:
    scores = np.array([score / 6 for score, _ in clips])
    positives = np.array([positive for _, positive in clips])
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[positives == 1] for n in scores[positives == 0]]
    expected = float(np.mean(pairs)) if pairs else float("nan")
    assert metrics.area_under_roc(scores, positives) == pytest.approx(expected, nan_ok=True)


def test_calibration_error_of_a_perfect_oracle_is_zero() -> None:
    correct = np.array([0, 1, 1, 0])
    assert metrics.expected_calibration_error(correct.astype(float), correct) == 0.0


def test_calibration_error_by_hand() -> None:
    """One bin says 0.9 and is right half of the time, one says 0.1 and never is."""
    confidence = np.array([0.9, 0.9, 0.1, 0.1, 0.9, 0.9])
    correct = np.array([1, 0, 0, 0, 1, 0])
    assert metrics.expected_calibration_error(confidence, correct) == pytest.approx((4 * 0.4 + 2 * 0.1) / 6)


def test_calibration_of_an_honest_gate_is_small() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(size=20_000)
    correct = (rng.uniform(size=20_000) < confidence).astype(np.int64)
    assert metrics.expected_calibration_error(confidence, correct) < 0.02


def test_no_clips_is_an_error_that_says_so() -> None:
    nothing = np.array([], dtype=np.int64)
    with pytest.raises(DataError, match="at least one clip"):
        metrics.accuracy(nothing, nothing)
