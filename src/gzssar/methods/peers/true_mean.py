"""The nearest true mean: the upper reference, which gets data that no zero-shot method may use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from gzssar.errors import ConfigError
from gzssar.features.whitening import class_means, log_densities
from gzssar.methods.method import Task, ToldTask
from gzssar.methods.peers.scorer import PeerScorer
from gzssar.methods.problem import Spaces, pose
from gzssar.running import Steps


@dataclass(frozen=True)
class TrueMean:
    """A clip gets the class with the nearest mean in the whitened space. The mean of an unseen class is that of its
    test clips.

    It shows the most that better prototypes could gain. It is not a method, because the means come from the test clips
    themselves.
    """

    name = "true-mean"
    upper_reference = True

    spaces: Spaces = field(default_factory=Spaces)

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> list[list[PeerScorer]]:
        """Take the means.

        Raises:
            ConfigError: a task does not tell the unseen classes' clips.
        """
        return [[self._fit(task)] for task in tasks]

    def _fit(self, task: Task) -> PeerScorer:
        if not isinstance(task, ToldTask):
            raise ConfigError(
                "true-mean is an upper reference that needs the unseen classes' clips, but they are not told here: use "
                "it in an experiment, or take another method."
            )
        problem = pose(task, self.spaces)
        means = class_means(task.unseen_clips, problem.space(task.unseen_clips.features))
        return PeerScorer(problem, partial(log_densities, means=means))
