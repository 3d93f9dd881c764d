"""SAE: the semantic autoencoder (Kodirov, Xiang and Gong, CVPR 2017).

A matrix W projects clips to texts, and its transpose projects texts back to clips:
min ‖X − WᵀS‖² + λ‖WX − S‖², solved by the Sylvester equation SSᵀW + λWXXᵀ = (1 + λ)SXᵀ, with clips and their classes'
texts as columns. A clip gets the unseen class whose projection Wᵀs has the smallest angle to it.

Constants: λ is one of `weights`, chosen on held-out classes, as in the paper.

Differences from the paper: none except those of all peers. Of the paper's two directions, we use that from texts to
clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float

from gzssar.methods.method import Task
from gzssar.methods.peers.scorer import PeerScorer, angles
from gzssar.methods.problem import Problem, Spaces, pose
from gzssar.running import Steps
from gzssar.shapes import SkeletonFeatures


@dataclass(frozen=True)
class Sae:
    """The score is the cosine between a clip and the projection of a text."""

    name = "sae"

    spaces: Spaces = field(default_factory=Spaces)

    weights: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
    """The values from which λ is chosen."""

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> list[list[PeerScorer]]:
        """Solve each task for each λ; nothing is drawn."""
        return [self._solve(pose(task, self.spaces)) for task in tasks]

    def _solve(self, problem: Problem) -> list[PeerScorer]:
        texts, unseen = problem.texts[problem.task.train.labels], problem.texts[list(problem.task.unseen)]
        encoders = (encoder(problem.features, texts, weight) for weight in self.weights)
        return [PeerScorer(problem, partial(angles, centres=unseen @ matrix)) for matrix in encoders]


def encoder(clips: SkeletonFeatures, texts: Float[np.ndarray, "N E"], weight: float) -> Float[np.ndarray, "E D"]:
    """W, by the eigenvectors of both sides.

    Args:
        clips: Xᵀ.
        texts: Sᵀ, that of its class for each clip.
        weight: λ.
    """
    x, s = clips.astype(np.float64), texts.astype(np.float64)
    text_values, text_vectors = np.linalg.eigh(s.T @ s)
    clip_values, clip_vectors = np.linalg.eigh(weight * x.T @ x)
    both = (1 + weight) * text_vectors.T @ (s.T @ x) @ clip_vectors
    sums = text_values[:, None] + clip_values
    return text_vectors @ (both / np.maximum(sums, 1e-9 * sums.max())) @ clip_vectors.T
