"""The GZSL protocol: from what a method said about each test clip to ZSL, S, U and H.

A method hands in three answers per clip — its best seen class, its best unseen class, and how likely it is a seen one —
and the judge routes. One function (:func:`route`) decides, in tuning and in test alike.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gzssar.evaluation.metrics import (
    accuracy,
    area_under_roc,
    expected_calibration_error,
    harmonic_mean,
    mean_class_accuracy,
)
from gzssar.shapes import Labels, Mask, Probabilities

Shares = Float[np.ndarray, "_"]
"""Accuracies at several thresholds."""


@dataclass(frozen=True)
class GzslAnswers:
    """What a method said about the GZSL test clips; all arrays have one entry per clip."""

    labels: Labels
    """True class ids."""

    is_seen: Mask
    """Whether the true class is a seen one."""

    seen_predictions: Labels
    """Best class among the seen ones."""

    unseen_predictions: Labels
    """Best class among the unseen ones."""

    routing: Probabilities
    """By which a clip is called seen or unseen: the gate's probability, or its odds weighed by how sure the best class
    of each kind is."""

    threshold: float
    """A clip is called seen where its routing lies above."""

    def routed(self, threshold: float | None = None) -> Labels:
        """Final predictions, at the method's own threshold or at another one."""
        threshold = self.threshold if threshold is None else threshold
        return route(self.seen_predictions, self.unseen_predictions, self.routing, threshold)


@dataclass(frozen=True)
class Scores:
    """The numbers of one seed, as fractions in [0, 1]."""

    zsl_accuracy: float
    seen_accuracy: float
    unseen_accuracy: float
    harmonic_mean: float
    zsl_mean_class_accuracy: float
    seen_mean_class_accuracy: float
    unseen_mean_class_accuracy: float
    mean_class_harmonic_mean: float
    oracle_gate_harmonic_mean: float
    """H if every clip went to the right classifier: the ceiling of any gate."""
    gate_accuracy: float
    """Share of clips that are sent to the right classifier."""
    ausuc: float
    """Area under unseen accuracy over seen accuracy, for all thresholds: how well both go together, whatever threshold
    a method chose (Chao et al., ECCV 2016)."""
    gate_auc: float
    """Probability that a seen clip gets a higher routing than an unseen one."""
    gate_calibration_error: float
    """Expected calibration error of the routing."""


def route(seen_predictions: Labels, unseen_predictions: Labels, routing: Probabilities, threshold: float) -> Labels:
    """Hard routing: the seen classifier's answer where routing > threshold, the unseen classifier's elsewhere."""
    return np.where(routing > threshold, seen_predictions, unseen_predictions)


def seen_unseen_harmonic(labels: Labels, is_seen: Mask, predictions: Labels) -> tuple[float, float, float]:
    """Seen accuracy, unseen accuracy and H, per sample."""
    s = accuracy(labels[is_seen], predictions[is_seen])
    u = accuracy(labels[~is_seen], predictions[~is_seen])
    return s, u, harmonic_mean(s, u)


def evaluate(gzsl: GzslAnswers, zsl_labels: Labels, zsl_predictions: Labels) -> Scores:
    """Score one seed.

    Args:
        gzsl: answers on the test clips of S and U, candidates S ∪ U.
        zsl_labels: true classes of the ZSL test clips (U only).
        zsl_predictions: the unseen classifier's answers on them, candidates U.
    """
    predictions, seen, labels = gzsl.routed(), gzsl.is_seen, gzsl.labels
    s, u, h = seen_unseen_harmonic(labels, seen, predictions)
    s_class = mean_class_accuracy(labels[seen], predictions[seen])
    u_class = mean_class_accuracy(labels[~seen], predictions[~seen])
    oracle = np.where(seen, gzsl.seen_predictions, gzsl.unseen_predictions)
    truth = seen.astype(np.int64)
    called_seen = route(np.ones_like(truth), np.zeros_like(truth), gzsl.routing, gzsl.threshold)
    return Scores(
        zsl_accuracy=accuracy(zsl_labels, zsl_predictions),
        seen_accuracy=s,
        unseen_accuracy=u,
        harmonic_mean=h,
        zsl_mean_class_accuracy=mean_class_accuracy(zsl_labels, zsl_predictions),
        seen_mean_class_accuracy=s_class,
        unseen_mean_class_accuracy=u_class,
        mean_class_harmonic_mean=harmonic_mean(s_class, u_class),
        oracle_gate_harmonic_mean=seen_unseen_harmonic(labels, seen, oracle)[2],
        gate_accuracy=accuracy(truth, called_seen),
        ausuc=area_under_curve(*seen_unseen_curve(gzsl)),
        gate_auc=area_under_roc(gzsl.routing, truth),
        gate_calibration_error=expected_calibration_error(gzsl.routing, truth),
    )


def threshold_curve(gzsl: GzslAnswers, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seen accuracy, unseen accuracy and H at each of `thresholds`.

    To choose a threshold by it, give it answers whose labels may be known: of folds or of the validation phase.
    """
    right_if_seen, right_if_unseen = gzsl.seen_predictions == gzsl.labels, gzsl.unseen_predictions == gzsl.labels
    right = np.where(gzsl.routing > thresholds[:, None], right_if_seen, right_if_unseen)
    s, u = right[:, gzsl.is_seen].mean(axis=1), right[:, ~gzsl.is_seen].mean(axis=1)
    return s, u, np.array([harmonic_mean(float(a), float(b)) for a, b in zip(s, u, strict=True)])


def seen_unseen_curve(gzsl: GzslAnswers) -> tuple[Shares, Shares]:
    """Seen accuracy, falling, and unseen accuracy, rising, at every threshold that makes a difference: from one that
    calls every clip seen to one that calls every clip unseen."""
    values, group = np.unique(gzsl.routing, return_inverse=True)
    curves = []
    for predictions, side in ((gzsl.seen_predictions, gzsl.is_seen), (gzsl.unseen_predictions, ~gzsl.is_seen)):
        right = (predictions == gzsl.labels) & side
        up_to = np.cumsum(np.bincount(group, right, minlength=len(values)))  # right ones with a routing so low
        curves.append(np.concatenate([[0.0], up_to]) / side.sum())
    return curves[0][-1] - curves[0], curves[1]


def area_under_curve(seen: Shares, unseen: Shares) -> float:
    """The area below :func:`seen_unseen_curve`, by trapezoids: clips of equal routing change sides together."""
    return float(np.sum(-np.diff(seen) * (unseen[1:] + unseen[:-1]) / 2))
