"""CCA: canonical correlation analysis (Hotelling, Biometrika 1936; with penalties, Hardoon et al., Neural Computation
2004).

Clips and the texts of their classes are projected onto the directions with the highest correlation. A clip gets the
unseen class whose projected text has the smallest angle to the projected clip.

Constants: the penalty on both covariances is one of `penalties`, chosen on held-out classes. The weight of a direction
is the `power`th power of its correlation (Gong et al., IJCV 2014: 4).

Differences from the papers:

1. In the covariances, all classes have the same weight, whatever their number of clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gzssar.methods.method import Task
from gzssar.methods.peers.scorer import PeerScorer, angles
from gzssar.methods.problem import Problem, Spaces, pose
from gzssar.running import Steps


@dataclass(frozen=True)
class Cca:
    """Scores by the cosine between projections."""

    name = "cca"

    spaces: Spaces = field(default_factory=Spaces)

    penalties: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)
    """The values that are added to the diagonals of the covariances, as multiples of their mean."""

    power: float = 4.0

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> list[list[PeerScorer]]:
        """Solve each task for each penalty; nothing is drawn."""
        return [self._solve(pose(task, self.spaces)) for task in tasks]

    def _solve(self, problem: Problem) -> list[PeerScorer]:
        labels = problem.task.train.labels
        _, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
        texts, unseen = problem.texts[labels], problem.texts[list(problem.task.unseen)]

        def scorer(penalty: float) -> PeerScorer:
            found = directions(problem.features, texts, 1 / counts[index], penalty)
            scale = found.correlations**self.power
            clip_map, text_points = found.clips * scale, unseen @ found.texts * scale
            return PeerScorer(problem, lambda clips: angles(clips @ clip_map, text_points))

        return [scorer(penalty) for penalty in self.penalties]


class Directions(NamedTuple):
    """The canonical directions of clips and texts, the strongest first."""

    clips: Float[np.ndarray, "D Z"]
    texts: Float[np.ndarray, "E Z"]
    correlations: Float[np.ndarray, "Z"]


def directions(
    clips: Float[np.ndarray, "N D"], texts: Float[np.ndarray, "N E"], weights: Float[np.ndarray, "N"], penalty: float
) -> Directions:
    """Solve CCA.

    Args:
        clips: X.
        texts: that of its class for each clip.
        weights: what each clip counts.
        penalty: added to the covariances' diagonals, as a multiple of their mean.
    """
    share = (weights / weights.sum())[:, None]
    x, y = ((side - (share * side).sum(axis=0)).astype(np.float64) for side in (clips, texts))
    roots = [np.linalg.cholesky(_covariance(side, share, penalty)) for side in (x, y)]
    cross = np.linalg.solve(roots[0], x.T @ (share * y))
    left, correlations, right = np.linalg.svd(np.linalg.solve(roots[1], cross.T).T, full_matrices=False)
    return Directions(np.linalg.solve(roots[0].T, left), np.linalg.solve(roots[1].T, right.T), correlations)


def _covariance(
    side: Float[np.ndarray, "N W"], share: Float[np.ndarray, "N 1"], penalty: float
) -> Float[np.ndarray, "W W"]:
    covariance = side.T @ (share * side)
    width = len(covariance)
    return covariance + penalty * np.trace(covariance) / width * np.eye(width)
