"""Ridge regression from class texts to class means, in closed form: the default, and with other settings a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float

from gzssar.choices import check_choices, check_positive
from gzssar.features.features import Unlabelled
from gzssar.features.whitening import cosines, log_densities
from gzssar.methods.method import ClassScores, Task
from gzssar.methods.problem import Problem, Spaces, pose
from gzssar.running import Steps
from gzssar.shapes import SkeletonFeatures


@dataclass(frozen=True)
class Ridge:
    """A clip gets the class with the nearest centre in the whitened space. The centre of a seen class is its mean clip.
    The centre of an unseen class is predicted from its texts, by a kernel ridge regression from the texts of the seen
    classes to their mean clips."""

    spaces: Spaces = field(default_factory=Spaces)
    """The spaces of features and texts."""

    penalty: float = 1.0
    """λ of the regression, for texts of unit mean square norm."""

    nearness: Literal["density", "cosine"] = "density"
    """The score of a clip and a centre: the log-density, −½ squared distance, or the cosine of the angle between both,
    relative to the mean of the seen classes. An angle does not depend on how strongly somebody moves."""

    encoder_penalty: float = 2.5
    """λ for the classes of the encoder's own classifier, if they are given (:class:`EncoderClasses`). It is larger,
    because the weights of a class's logit say less about its clips than their mean does."""

    def __post_init__(self) -> None:
        check_choices(self)
        check_positive(self, "penalty", "encoder_penalty")

    @property
    def name(self) -> str:
        """The name of the method in reports."""
        return "ridge"

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> list[list["RidgeScorer"]]:
        """Solve each task in closed form, without random numbers; there is one checkpoint.

        Raises:
            TextError: the seen classes' texts are all the same.
        """
        scorers = []
        for number, task in enumerate(tasks):
            scorers.append([RidgeScorer(pose(task, self.spaces), self)])
            if progress:
                progress(number + 1, len(tasks))
        return scorers


@dataclass(frozen=True)
class RidgeScorer:
    """Centres of all classes, and how near clips are to them."""

    problem: Problem
    method: Ridge

    @cached_property
    def weights(self) -> Float[np.ndarray, "E W"]:
        """Fₛᵀ (Fₛ Fₛᵀ + Λ)⁻¹ (M − m), with seen texts Fₛ, seen means M and their mean m, and λ for each row in Λ. Where
        the encoder's own classes are given, their texts stand below Fₛ, and the directions of their logits below
        M − m."""
        texts = self.problem.texts.astype(np.float64)[list(self.problem.task.seen)]
        centres = self.problem.means - self._middle
        penalties = np.full(len(texts), self.method.penalty)
        if self.problem.encoder_texts is not None:
            texts = np.concatenate([texts, self.problem.encoder_texts])
            centres = np.concatenate([centres, self._encoder_centres(centres)])
            penalties = np.pad(penalties, (0, len(texts) - len(penalties)), constant_values=self.method.encoder_penalty)
        return np.asarray(texts.T @ np.linalg.solve(texts @ texts.T + np.diag(penalties), centres))

    def _encoder_centres(self, centres: Float[np.ndarray, "S W"]) -> Float[np.ndarray, "C W"]:
        """The direction of each logit, as seen from the mean of all, of the length that seen centres have; block by
        block."""
        own, space = self.problem.task.encoder_classes, self.problem.space
        assert own is not None  # their texts are there
        count = 1 if space.blocks is None else len(space.blocks)
        normals = space.normals(own.weights - own.weights.mean(axis=0)).reshape(-1, count, centres.shape[1] // count)
        lengths = [
            np.median(np.linalg.norm(rows.reshape(len(rows), count, -1), axis=2), axis=0) for rows in (centres, normals)
        ]
        return (normals * (lengths[0] / lengths[1])[:, None]).reshape(len(normals), -1)

    @cached_property
    def expected(self) -> SkeletonFeatures:
        """(K, W): the centre that each class's texts let expect, F · weights + m."""
        return (self.problem.texts @ self.weights + self._middle).astype(np.float32)

    @property
    def _middle(self) -> Float[np.ndarray, "W"]:
        """The mean of the seen means; 0 in a whitened space, which is centred on it."""
        return np.asarray(self.problem.means.mean(axis=0))

    def score(self, clips: Unlabelled) -> ClassScores:
        """How near clips are to the seen means and to the unseen classes' expected centres."""
        near = log_densities if self.method.nearness == "density" else cosines
        latents, unseen = self.latents(clips), self.expected[list(self.problem.task.unseen)]
        return ClassScores(near(latents, self.problem.means), near(latents, unseen))

    def latents(self, clips: Unlabelled) -> SkeletonFeatures:
        """The clips in the whitened space."""
        return self.problem.space(clips.features)

    def text_latents(self) -> SkeletonFeatures:
        """The centre that each class's text promises."""
        return self.expected
