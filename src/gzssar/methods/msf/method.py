"""MSF behind the seam: one cross-modal VAE per task, all of them trained side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gzssar.methods.method import Task
from gzssar.methods.msf.settings import MsfSettings
from gzssar.methods.problem import pose
from gzssar.running import Steps

if TYPE_CHECKING:
    from gzssar.methods.msf.scorer import MsfScorer


@dataclass(frozen=True)
class Msf(MsfSettings):
    """The multi-semantic fusion model (Li et al., ICIG 2023, arXiv 2309.09592)."""

    @property
    def name(self) -> str:
        """The name of the method in reports."""
        return "msf"

    @property
    def needs_logits(self) -> bool:
        """Whether it reads the encoder's logits, which are not known for training clips."""
        return self.seen_classifier == "encoder"

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> list[list["MsfScorer"]]:
        """Train a VAE on each task, with a checkpoint after each cycle.

        Raises:
            DataError: the loss is NaN or infinite.
            TextError: the seen classes' texts are all the same.
        """
        import torch  # late: the command line knows this class

        from gzssar.methods.msf.scorer import MsfScorer
        from gzssar.methods.msf.training import Pairs, align

        problems = [pose(task, self.spaces) for task in tasks]
        pairs = [Pairs(problem.features, problem.task.train.labels, problem.texts) for problem in problems]
        alignments = align(pairs, self, torch.Generator().manual_seed(seed), progress)
        return [
            [
                MsfScorer(problem, vae, self, alignment.curves, _stream(seed, number, cycle))
                for cycle, vae in enumerate(alignment.checkpoints)
            ]
            for number, (problem, alignment) in enumerate(zip(problems, alignments, strict=True))
        ]


def _stream(seed: int, task: int, cycle: int) -> int:
    """A random stream of its own for each softmax.

    Of its own, since a rectified unseen classifier that starts with a dead class keeps it: one stream for all cycles
    would make all of them fail together.
    """
    return int(np.random.SeedSequence([seed, task, cycle]).generate_state(1)[0])
