"""A class shown by a few clips: how far its texts count beside them, and how its centre compares with trained ones.

A class's centre is unknown. Its texts let expect where it lies, and its clips scatter around it; with both taken for
normal, the best guess is (κ t + Σ x) / (κ + n) of what the texts let expect, t, and n clips x. Texts count for κ clips:
the scatter of a class's clips divided by how far texts miss centres, which the seen classes tell, each left out once.

A centre of few clips lies off the middle of its class, so that clips have a lower cosine to it than to a trained
centre. That is made good before classes compete: by what it costs with one clip, divided by n^1.5 (decision 21).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from gzssar.features.features import FeatureSet
from gzssar.features.whitening import cosines
from gzssar.methods.ridge import RidgeScorer

_MOST = 10.0
"""Clips that texts count for at most, however well they fit the seen classes."""
_CLIPS_LOOKED_AT = 64
"""Of each class, for the advantage: all pairs of them are compared."""


@dataclass(frozen=True)
class Prior:
    """What the seen classes tell about classes that will be shown by a few clips."""

    clips: float
    """κ: how many clips a class's texts count for."""
    advantage: float
    """By how much the cosine of a clip to its class's centre is lower where one clip made it."""

    def centre(
        self, expected: Float[np.ndarray, "W"] | None, total: Float[np.ndarray, "W"], count: int
    ) -> Float[np.ndarray, "W"]:
        """The centre of a class.

        Args:
            expected: what its texts let expect; None where they say nothing.
            total: the sum of its clips.
            count: n.
        """
        weight = 0.0 if expected is None else self.clips
        prior = 0.0 if expected is None else self.clips * expected
        return np.asarray((prior + total) / (weight + count), dtype=np.float32)

    def total(
        self, expected: Float[np.ndarray, "W"] | None, centre: Float[np.ndarray, "W"], count: int
    ) -> Float[np.ndarray, "W"]:
        """The sum of the clips that made a centre: :meth:`centre`, solved for it."""
        known = count * centre.astype(np.float64)
        return known if expected is None else known + self.clips * (centre - expected)

    def advantages(self, counts: Float[np.ndarray, "K"]) -> Float[np.ndarray, "K"]:
        """What to add to the cosines of classes that so many clips show; nothing where none do."""
        return np.asarray(np.divide(self.advantage, counts**1.5, out=np.zeros(len(counts)), where=counts > 0))


def fit_prior(scorer: RidgeScorer, clips: FeatureSet) -> Prior:
    """Learn it from the seen classes.

    Args:
        scorer: fitted on these clips.
        clips: of seen classes; pairs of one performer do not count, where performers are known.
    """
    problem = scorer.problem
    of_class = [np.flatnonzero(clips.labels == k) for k in problem.task.seen]
    groups = [problem.space(clips.features[rows]).astype(np.float64) for rows in of_class]
    squares = [((group - group.mean(axis=0)) ** 2).sum() / (len(group) - 1) for group in groups if len(group) > 1]
    scatter = float(np.mean(squares))
    missed = _missed(scorer)
    noise = scatter * np.mean([1 / len(group) for group in groups])
    variance = float(np.mean((missed**2).sum(axis=1)) - noise)
    count = scatter / variance if variance > scatter / _MOST else _MOST
    lost = []
    for rows, group, mean, miss in zip(of_class, groups, problem.means, missed, strict=True):
        looked_at = slice(None, None, -(-len(group) // _CLIPS_LOOKED_AT))
        subjects = clips.subjects[rows][looked_at] if clips.subjects is not None else np.arange(len(rows))[looked_at]
        lost += _lost(group[looked_at], np.asarray(mean - miss), count, subjects[:, None] != subjects)
    return Prior(count, max(0.0, float(np.mean(lost))) if lost else 0.0)


def _missed(scorer: RidgeScorer) -> Float[np.ndarray, "S W"]:
    """How far the regression misses each seen class's mean when the class is left out, in closed form: its residual,
    divided by one minus the class's own share in the answer."""
    problem, seen = scorer.problem, list(scorer.problem.task.seen)
    texts = problem.texts.astype(np.float64)[seen]
    every = texts if problem.encoder_texts is None else np.concatenate([texts, problem.encoder_texts])
    penalties = np.full(len(every), scorer.method.encoder_penalty)
    penalties[: len(seen)] = scorer.method.penalty
    inverse = np.linalg.inv(every @ every.T + np.diag(penalties)).diagonal()[: len(seen)]
    return np.asarray((problem.means - scorer.expected[seen]) / (scorer.method.penalty * inverse)[:, None])


def _lost(
    clips: Float[np.ndarray, "n W"], expected: Float[np.ndarray, "W"], count: float, pairs: Bool[np.ndarray, "n n"]
) -> list[float]:
    """By how much the cosine of a clip to the mean of the others exceeds its mean cosine to centres that one of them
    made; clip by clip."""
    if not pairs.any():
        return []
    rest = (clips.sum(axis=0) - clips) / (len(clips) - 1)
    whole = np.diagonal(cosines(clips, rest))
    shown = cosines(clips, (count * expected + clips) / (count + 1))
    some = pairs.any(axis=1)
    means = np.where(pairs, shown, 0).sum(axis=1)[some] / pairs.sum(axis=1)[some]
    return [float(loss) for loss in whole[some] - means]
