"""Two methods' answers about the same test clips: how much they differ, and how far that carries.

Two bootstraps answer two questions. Over clips: would it be so for other clips of these classes? Over classes: would
it be so for other classes? The second is the wider one as a rule, and with few unseen classes it is coarse. Seen and
unseen ones are drawn by themselves, and each draw is made for both methods at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.evaluation.protocol import GzslAnswers
from gzssar.shapes import Labels

RESAMPLES = 2000
SHARE = 0.95
"""Of the resamples, which lies inside an interval."""
COMPARED = ("zsl_accuracy", "seen_accuracy", "unseen_accuracy", "harmonic_mean")
_AT_ONCE = 100
"""Resamples drawn together; what memory they take grows with it."""

Weights = Float[np.ndarray, "_ N"]
"""How often each clip counts in each resample."""
Interval = tuple[float, float]


@dataclass(frozen=True)
class Compared:
    """One metric of two methods, means over their seeds."""

    metric: str
    a: float
    b: float
    difference: float
    """a − b."""
    over_clips: Interval
    over_classes: Interval


def compare(a: Sequence[GzslAnswers], b: Sequence[GzslAnswers], seed: int = 0) -> list[Compared]:
    """Differences of ZSL, S, U and H, with 95 % bootstrap intervals.

    Args:
        a: what a method said about the test clips, once per seed.
        b: what the other said about the same clips.
        seed: draws the resamples.

    Raises:
        DataError: the test clips are not the same.
    """
    labels, is_seen = a[0].labels, a[0].is_seen
    for other in (*a, *b):
        if not (np.array_equal(other.labels, labels) and np.array_equal(other.is_seen, is_seen)):
            raise DataError(
                f"two runs are compared on the same test clips, but one has {len(labels)} and the other "
                f"{len(other.labels)}, or their classes differ: run both on the same data and the same class split."
            )
    once = np.ones((1, len(labels)))
    of_a, of_b = _scores(a, once)[:, 0].tolist(), _scores(b, once)[:, 0].tolist()
    clips, classes = (_intervals(a, b, partial(draw, labels, is_seen), seed) for draw in (_draw_clips, _draw_classes))
    return [
        Compared(metric, of_a[k], of_b[k], of_a[k] - of_b[k], clips[k], classes[k]) for k, metric in enumerate(COMPARED)
    ]


def _intervals(
    a: Sequence[GzslAnswers], b: Sequence[GzslAnswers], draw: Callable[[int, np.random.Generator], Weights], seed: int
) -> list[Interval]:
    """For each metric, between which differences the middle resamples lie."""
    rng = np.random.default_rng(seed)
    drawn = (draw(_AT_ONCE, rng) for _ in range(RESAMPLES // _AT_ONCE))
    differences = np.concatenate([_scores(a, weights) - _scores(b, weights) for weights in drawn], axis=1)
    low, high = np.quantile(differences, [(1 - SHARE) / 2, (1 + SHARE) / 2], axis=1)
    return [(float(one), float(other)) for one, other in zip(low, high, strict=True)]


def _scores(answers: Sequence[GzslAnswers], weights: Weights) -> Float[np.ndarray, "4 _"]:
    """ZSL, S, U and H in each resample, means over seeds."""
    return np.mean([_scores_of(one, weights) for one in answers], axis=0)


def _scores_of(one: GzslAnswers, weights: Weights) -> Float[np.ndarray, "4 _"]:
    right, unseen = one.routed() == one.labels, ~one.is_seen
    zsl = weights @ (unseen & (one.unseen_predictions == one.labels)) / weights[:, unseen].sum(axis=1)
    s = weights @ (one.is_seen & right) / weights[:, one.is_seen].sum(axis=1)
    u = weights @ (unseen & right) / weights[:, unseen].sum(axis=1)
    return np.stack([zsl, s, u, 2 * s * u / np.maximum(s + u, np.finfo(float).tiny)])


def _draw_clips(labels: Labels, is_seen: np.ndarray, count: int, rng: np.random.Generator) -> Weights:
    """As many clips as there are, drawn with replacement; seen and unseen ones by themselves."""
    weights = np.empty((count, len(labels)))
    for side in (is_seen, ~is_seen):
        weights[:, side] = _drawn(int(side.sum()), count, rng)
    return weights


def _draw_classes(labels: Labels, is_seen: np.ndarray, count: int, rng: np.random.Generator) -> Weights:
    """The same with whole classes: all clips of a class count as often as the class is drawn."""
    weights = np.empty((count, len(labels)))
    for side in (is_seen, ~is_seen):
        classes, which = np.unique(labels[side], return_inverse=True)
        weights[:, side] = _drawn(len(classes), count, rng)[:, which]
    return weights


def _drawn(things: int, count: int, rng: np.random.Generator) -> Float[np.ndarray, "_ _"]:
    return rng.multinomial(things, np.full(things, 1 / things), size=count).astype(np.float64)
