"""A method of your own, compared with `default`: least squares from features to texts.

Usage: python examples/08_own_method.py

docs/tutorials/own-method.md explains what a method gets and returns. The clips are made up (made_up.py), so the numbers
say nothing about real data. Needs the extra `texts`: pip install 'gzssar[texts]'.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from made_up import made_up_data

from gzssar import ClassScores, ExperimentConfig, Task, Unlabelled, run


@dataclass(frozen=True)
class LinearMap:
    """Predicts a text from the features of a clip; the class with the nearest text scores highest."""

    ridge: float = 1.0
    name: str = "linear-map"

    def fit(self, tasks: Sequence[Task], seed: int, progress: object = None) -> list[list["LinearScorer"]]:
        """Learn each task by itself; one checkpoint each."""
        return [[self.fit_one(task)] for task in tasks]

    def fit_one(self, task: Task) -> "LinearScorer":
        """Regress the texts of the seen classes on the features of their clips."""
        texts = np.concatenate([table for tables in task.texts.values() for table in tables], axis=1)
        texts = texts - texts[list(task.seen)].mean(axis=0)
        features, targets = task.train.features, texts[task.train.labels]
        mean = features.mean(axis=0)
        gram = (features - mean).T @ (features - mean) + self.ridge * np.eye(len(mean))
        weights = np.linalg.solve(gram, (features - mean).T @ targets)
        return LinearScorer(weights, mean, texts[list(task.seen)], texts[list(task.unseen)])


@dataclass(frozen=True)
class LinearScorer:
    """The result of one task."""

    weights: np.ndarray
    mean: np.ndarray
    seen: np.ndarray
    unseen: np.ndarray

    def score(self, clips: Unlabelled) -> ClassScores:
        """Minus the squared distance to each class's text."""
        expected = (clips.features - self.mean) @ self.weights
        seen, unseen = (-np.square(expected[:, None] - texts).sum(axis=2) for texts in (self.seen, self.unseen))
        return ClassScores(seen, unseen)


def main() -> None:
    """Print the harmonic mean of the accuracies on seen and on unseen classes."""
    data = made_up_data()
    for method in (LinearMap(), None):  # None: the recipe's own method, that of default
        result = run(ExperimentConfig(seeds=1), data=data, method=method)
        print(f"{result.header.recipe:<12} H {result.summary['mean']['harmonic_mean']:.3f}")


if __name__ == "__main__":
    main()
