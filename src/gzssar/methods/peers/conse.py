"""ConSE: zero-shot learning by convex combination of semantic embeddings (Norouzi et al., ICLR 2014).

The text of a clip is estimated as the average of the texts of the `nearest` likeliest seen classes, weighted by their
probabilities. The clip gets the unseen class whose text has the smallest angle to this average.

Constants: the average is over 10 classes (paper: 1, 10, 1000).

Differences from the paper:

1. The probabilities are a softmax of the densities around the seen means, not a network's. They are overconfident, so
   the log-densities are divided by a temperature, one of `temperatures`, chosen on held-out classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from gzssar.features.whitening import log_densities
from gzssar.methods.method import Task
from gzssar.methods.peers.scorer import PeerScorer, UnseenScores, angles
from gzssar.methods.problem import Problem, Spaces, pose
from gzssar.running import Steps
from gzssar.shapes import SkeletonFeatures, TextFeatures


@dataclass(frozen=True)
class Conse:
    """The score is the cosine between a text and the average text."""

    name = "conse"

    spaces: Spaces = field(default_factory=Spaces)

    nearest: int = 10
    """The number of seen classes in the average."""

    temperatures: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0)
    """The temperatures to choose from, by which log-densities are divided."""

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> list[list[PeerScorer]]:
        """Take the seen means; nothing is drawn."""
        problems = [pose(task, self.spaces) for task in tasks]
        return [[PeerScorer(one, self._unseen_scores(one, t)) for t in self.temperatures] for one in problems]

    def _unseen_scores(self, problem: Problem, temperature: float) -> UnseenScores:
        seen, unseen = (problem.texts[list(ids)] for ids in (problem.task.seen, problem.task.unseen))

        def scores(clips: SkeletonFeatures) -> Float[np.ndarray, "N U"]:
            return angles(average(log_densities(clips, problem.means) / temperature, seen, self.nearest), unseen)

        return scores


def average(logits: Float[np.ndarray, "N S"], texts: TextFeatures, nearest: int) -> Float[np.ndarray, "N E"]:
    """The texts of the likeliest classes, weighed by their probabilities.

    Args:
        logits: of the seen classes.
        texts: of the seen classes.
        nearest: how many classes count.
    """
    least = -np.sort(-logits, axis=1)[:, min(nearest, logits.shape[1]) - 1, None]
    odds = np.where(logits >= least, np.exp(logits - logits.max(axis=1, keepdims=True)), 0)
    return odds / odds.sum(axis=1, keepdims=True) @ texts
