"""The common part of the neural peers: the training loop, and scores that torch computes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gzssar.choices import check_choices, check_positive
from gzssar.errors import DataError
from gzssar.methods.method import Task
from gzssar.methods.peers.scorer import PeerScorer, UnseenScores
from gzssar.methods.problem import Problem, Spaces, pose
from gzssar.running import Steps
from gzssar.shapes import SkeletonFeatures, TextFeatures

N = TypeVar("N", bound=nn.Module)

AT_ONCE = 4096
"""Clips scored together, so that comparing each with each class stays small."""


class Batch(NamedTuple):
    """Clips of seen classes with the texts of their classes."""

    skeletons: Float[Tensor, "B D"]
    texts: Float[Tensor, "B E"]
    """The texts of the clips' classes, with new noise."""
    wanted_texts: Float[Tensor, "B E"]
    """The same texts without noise."""
    columns: Int[Tensor, "B"]
    """For each clip, the column of its class among the seen classes."""
    seen_texts: Float[Tensor, "S E"]
    """The texts of all seen classes, with noise."""


@dataclass(frozen=True)
class NeuralPeer(ABC, Generic[N]):
    """A method with a network that Adam trains; a checkpoint is kept after each cycle."""

    spaces: Spaces = field(default_factory=Spaces)

    cycles: int = 3
    """The number of training cycles. A checkpoint is kept after each cycle, and one of them is selected."""

    steps: int = 100
    """The number of mini-batches in a cycle."""

    batch_size: int = 64
    """The number of clips in a mini-batch. A class is drawn first and then a clip of it, so all classes have the same
    weight."""

    learning_rate: float = 1e-3
    """The learning rate of Adam."""

    text_noise: float = 0.15
    """The standard deviation of the noise that is added to each dimension of a text that a network reads in training.
    There are few class texts, and the noise acts as a ridge penalty on them."""

    def __post_init__(self) -> None:
        check_choices(self)
        check_positive(self, "cycles", "steps", "batch_size", "learning_rate")

    @property
    @abstractmethod
    def name(self) -> str:
        """What reports call it."""

    @abstractmethod
    def network(self, width: int, text_widths: Sequence[int]) -> N:
        """A network with fresh weights, for features of this width and :meth:`text_parts` of those."""

    @abstractmethod
    def loss(self, network: N, batch: Batch, step: int) -> Float[Tensor, ""]:
        """What a mini-batch costs; `step` counts from 0 over all cycles."""

    @abstractmethod
    def unseen_scores(
        self, network: N, texts: Float[Tensor, "U E"], clips: Float[Tensor, "N D"]
    ) -> Float[Tensor, "N U"]:
        """Scores of the unseen classes, whose texts come."""

    def text_parts(self, problem: Problem) -> list[TextFeatures]:
        """What the network reads of all classes' texts; it gets the parts side by side."""
        return [problem.texts]

    def prepare(self, network: N, texts: Float[Tensor, "U E"]) -> N:
        """Do what a trained network needs once before it scores; nothing, as a rule."""
        return network

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> list[list[PeerScorer]]:
        """Train a network on each task, from the same initial weights.

        Raises:
            DataError: the loss leaves the finite numbers.
            TextError: the seen classes' texts are all the same.
        """
        fitted = []
        for number, task in enumerate(tasks):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                fitted.append(self._fit(pose(task, self.spaces)))
            if progress:
                progress(number + 1, len(tasks))
        return fitted

    def _fit(self, problem: Problem) -> list[PeerScorer]:
        parts = self.text_parts(problem)
        texts = torch.from_numpy(np.concatenate(parts, axis=1))
        seen, unseen = (texts[list(ids)] for ids in (problem.task.seen, problem.task.unseen))
        network = self.network(problem.features.shape[1], [part.shape[1] for part in parts])
        return [
            PeerScorer(problem, self._through_torch(self.prepare(trained, unseen), unseen))
            for trained in self._train(network, problem, seen)
        ]

    def _train(self, network: N, problem: Problem, seen_texts: Float[Tensor, "S E"]) -> list[N]:
        """The network after each cycle."""
        skeletons = torch.from_numpy(problem.features)
        rows_of = [torch.from_numpy(np.flatnonzero(problem.task.train.labels == c)) for c in problem.task.seen]
        counts, order = torch.tensor([len(rows) for rows in rows_of]), torch.cat(rows_of)
        firsts = counts.cumsum(0) - counts
        adam = torch.optim.Adam(network.parameters(), self.learning_rate, fused=True)
        kept = []
        for cycle in range(self.cycles):
            for step in range(self.steps):
                columns = torch.randint(len(counts), (self.batch_size,))
                # double: a float32 draw times a large count can round up to the count itself
                share = torch.rand(self.batch_size, dtype=torch.float64)
                rows = order[firsts[columns] + (share * counts[columns]).long()]
                wanted = seen_texts[columns]
                batch = Batch(skeletons[rows], self._noisy(wanted), wanted, columns, self._noisy(seen_texts))
                loss = self.loss(network, batch, cycle * self.steps + step)
                adam.zero_grad()
                torch.autograd.backward(loss)
                adam.step()
            if not torch.isfinite(loss):
                raise DataError(
                    f"the loss of {self.name} should stay finite, but it is {loss.item()}: lower the learning rate, or "
                    "check the features."
                )
            kept.append(deepcopy(network).requires_grad_(False).eval())
        return kept

    def _noisy(self, texts: Float[Tensor, "_ E"]) -> Float[Tensor, "_ E"]:
        return texts + self.text_noise * torch.randn_like(texts)

    def _through_torch(self, network: N, texts: Float[Tensor, "U E"]) -> UnseenScores:
        def scores(clips: SkeletonFeatures) -> Float[np.ndarray, "N U"]:
            with torch.inference_mode():
                parts = torch.split(torch.from_numpy(clips), AT_ONCE)
                return torch.cat([self.unseen_scores(network, texts, part) for part in parts]).numpy()

        return scores


def texts_by_kind(problem: Problem) -> list[TextFeatures]:
    """The texts of all classes, one table for each kind of text (label, action, motion), each in a space of its own."""
    spaces = Spaces(fusion="standardised", skeleton_space="raw")
    task = problem.task
    return [pose(replace(task, texts={kind: tables}), spaces).texts for kind, tables in task.texts.items()]


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers of these widths, with a ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
