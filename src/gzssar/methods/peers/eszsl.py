"""ESZSL: an embarrassingly simple approach to zero-shot learning (Romera-Paredes and Torr, ICML 2015).

The score of a clip x and the text s of a class is a bilinear form xᵀVs. V has a closed form: (XᵀX + γI)⁻¹ XᵀYS (SᵀS +
λI)⁻¹, with clips X, seen texts S, and Y, which is 1 for the class of a clip and −1 for all others.

Constants: γ and λ are each one of `penalties`, chosen on held-out classes, as in the paper.

Differences from the paper:

1. γ is a multiple of the number of clips, so the same grid is used for data of any size.
2. The grid has four values for each of them instead of seven.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from jaxtyping import Float

from gzssar.methods.method import Task
from gzssar.methods.peers.scorer import SHARPNESS, PeerScorer
from gzssar.methods.problem import Problem, Spaces, pose
from gzssar.running import Steps
from gzssar.shapes import SkeletonFeatures, TextFeatures


@dataclass(frozen=True)
class Eszsl:
    """The score is xᵀVs."""

    name = "eszsl"

    spaces: Spaces = field(default_factory=Spaces)

    penalties: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0)
    """The values from which λ, and γ as a multiple of the number of clips, are chosen."""

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> list[list[PeerScorer]]:
        """Solve each task for each pair of penalties; nothing is drawn."""
        return [self._solve(pose(task, self.spaces)) for task in tasks]

    def _solve(self, problem: Problem) -> list[PeerScorer]:
        seen, unseen = (problem.texts[list(ids)] for ids in (problem.task.seen, problem.task.unseen))
        truth = 2.0 * (problem.task.train.labels[:, None] == np.array(problem.task.seen)) - 1

        def scorer(gamma: float, lam: float) -> PeerScorer:
            weights = bilinear(problem.features, truth, seen, gamma * len(truth), lam) @ unseen.T * SHARPNESS
            return PeerScorer(problem, lambda clips: clips @ weights)

        return [scorer(gamma, lam) for gamma, lam in product(self.penalties, repeat=2)]


def bilinear(
    clips: SkeletonFeatures, truth: Float[np.ndarray, "N S"], texts: TextFeatures, gamma: float, lam: float
) -> Float[np.ndarray, "D E"]:
    """V.

    Args:
        clips: X.
        truth: Y.
        texts: S, of the seen classes.
        gamma: what V's size costs on the side of the clips.
        lam: what it costs on the side of the texts.
    """
    x, s = clips.astype(np.float64), texts.astype(np.float64)
    left = np.linalg.solve(x.T @ x + gamma * np.eye(x.shape[1]), x.T @ truth @ s)
    return np.linalg.solve(s.T @ s + lam * np.eye(s.shape[1]), left.T).T
