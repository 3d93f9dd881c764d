"""Accuracies as the field reports them, as fractions in [0, 1].

Reference: Xian et al., "Zero-Shot Learning — A Comprehensive Evaluation", TPAMI 2019 (harmonic mean, mean-class
accuracy); the skeleton literature publishes the per-sample accuracy.
"""

import numpy as np
from jaxtyping import Int

from gzssar.errors import DataError
from gzssar.shapes import Labels, Probabilities


def accuracy(labels: Labels, predictions: Labels) -> float:
    """Share of clips whose predicted class is right ("micro", per sample).

    Raises:
        DataError: there are no clips, or the two arrays differ in length.
    """
    _check(labels, predictions)
    return float(np.mean(labels == predictions))


def mean_class_accuracy(labels: Labels, predictions: Labels) -> float:
    """Mean over the classes that occur in `labels` of the accuracy within the class ("macro")."""
    return float(np.mean(list(per_class_accuracy(labels, predictions).values())))


def per_class_accuracy(labels: Labels, predictions: Labels) -> dict[int, float]:
    """Accuracy within each class that occurs in `labels`, by class id."""
    _check(labels, predictions)
    return {int(c): float(np.mean(predictions[labels == c] == c)) for c in np.unique(labels)}


def harmonic_mean(seen_accuracy: float, unseen_accuracy: float) -> float:
    """H = 2·s·u / (s + u); 0 where both are 0."""
    total = seen_accuracy + unseen_accuracy
    return 2 * seen_accuracy * unseen_accuracy / total if total > 0 else 0.0


def confusion_counts(labels: Labels, predictions: Labels, class_count: int) -> Int[np.ndarray, "K K"]:
    """Clips by true class (row) and predicted class (column)."""
    _check(labels, predictions)
    cells = np.bincount(labels * class_count + predictions, minlength=class_count**2)
    return cells.reshape(class_count, class_count)


def expected_calibration_error(confidence: Probabilities, correct: Labels, bins: int = 15) -> float:
    """Mean gap between stated and actual probability over equal-width bins, weighted by their clips.

    Args:
        confidence: stated probability of the event, in [0, 1].
        correct: 1 where the event happened, 0 where not.
        bins: number of equal-width bins (15, as in Guo et al., ICML 2017).
    """
    _check(confidence, correct)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.abs(np.bincount(bin_of, confidence - correct))  # times the bin's clips
    return float(gaps.sum() / len(confidence))


def area_under_roc(scores: Probabilities, positives: Labels) -> float:
    """Probability that a random positive outranks a random negative, ties counting half; nan without both kinds.

    Args:
        scores: higher means "more likely positive".
        positives: 1 for positive, 0 for negative.
    """
    _check(scores, positives)
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n_pos = int(np.sum(positives == 1))
    n_neg = len(scores) - n_pos
    if n_pos == 0 or n_neg == 0:
        return float("nan")
    return float((ranks[positives == 1].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def _check(a: np.ndarray, b: np.ndarray) -> None:
    if len(a) == 0:
        raise DataError("an accuracy needs at least one clip, but there are none.")
    if len(a) != len(b):
        raise DataError(f"labels and predictions must have one entry per clip, but there are {len(a)} and {len(b)}.")
