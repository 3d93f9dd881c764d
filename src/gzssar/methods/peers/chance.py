"""Chance: random scores, the lower reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from gzssar.features.features import Unlabelled
from gzssar.methods.method import ClassScores, Task
from gzssar.running import Steps


@dataclass(frozen=True)
class Chance:
    """Draws random scores for each clip."""

    name = "chance"

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> list[list["ChanceScorer"]]:
        """Learn nothing."""
        return [[ChanceScorer(len(task.seen), len(task.unseen), seed)] for task in tasks]


@dataclass(frozen=True)
class ChanceScorer:
    """Normal draws from a generator that is seeded by the clip and the seed. So the scores of a clip do not depend on
    the other clips."""

    seen_count: int
    unseen_count: int
    seed: int

    def score(self, clips: Unlabelled) -> ClassScores:
        """Draw."""
        count = self.seen_count + self.unseen_count
        streams = (np.random.default_rng([self.seed, crc32(row.tobytes())]) for row in clips.features)
        drawn = np.stack([stream.normal(size=count) for stream in streams])
        return ClassScores(drawn[:, : self.seen_count], drawn[:, self.seen_count :])
