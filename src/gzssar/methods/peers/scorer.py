"""The scorer of all peers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gzssar.features.features import Unlabelled
from gzssar.features.whitening import cosines
from gzssar.methods.method import ClassScores
from gzssar.methods.problem import Problem
from gzssar.shapes import SkeletonFeatures

UnseenScores = Callable[[SkeletonFeatures], Float[np.ndarray, "N U"]]
"""From clips in the skeleton space to the scores of the unseen classes."""

SHARPNESS = 100.0
"""What scores that lie around 1 are multiplied by: the harness looks for temperatures above ½, which suit
log-densities."""


def angles(clips: Float[np.ndarray, "N Z"], centres: Float[np.ndarray, "G Z"]) -> Float[np.ndarray, "N G"]:
    """The cosine of each clip and each centre, times :data:`SHARPNESS`."""
    return SHARPNESS * cosines(clips, centres)


@dataclass(frozen=True)
class PeerScorer:
    """The log-density around the mean clip of each seen class, and the peer's own score for each unseen class."""

    problem: Problem
    unseen_scores: UnseenScores

    def score(self, clips: Unlabelled) -> ClassScores:
        """Score the task's classes."""
        return ClassScores(self.problem.nearest_mean(clips), self.unseen_scores(self.problem.space(clips.features)))
