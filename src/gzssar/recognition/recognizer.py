"""Everything that answers for the clips of one phase: spaces, aligned VAE, seen and unseen classifier."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float

from gzssar.alignment.training import Pairs
from gzssar.alignment.vae import CrossModalVae
from gzssar.config import Recipe
from gzssar.recognition.gate import GateInputs, GateSet, distance_inputs, probability_inputs
from gzssar.recognition.seen import NearestMean, encoder_predictions, encoder_probabilities, log_densities
from gzssar.recognition.unseen import UnseenClassifier, fit_unseen
from gzssar.shapes import Labels, TextFeatures
from gzssar.skeletons.features import FeatureSet, Phase
from gzssar.skeletons.whitening import SkeletonSpace, raw_space, whitened_space
from gzssar.texts.fusion import centre


@dataclass(frozen=True)
class Problem:
    """A phase in the spaces of the recipe, ready to be aligned."""

    phase: Phase
    space: SkeletonSpace
    texts: TextFeatures
    """All K classes, in the text space of this phase."""

    def pairs(self) -> Pairs:
        """What the VAE learns from."""
        return Pairs(self.space(self.phase.train.features), self.phase.train.labels, self.texts)


def pose(phase: Phase, texts: TextFeatures, recipe: Recipe) -> Problem:
    """Put a phase into the recipe's spaces; both are fitted on the phase's own training clips and seen classes."""
    width = phase.train.features.shape[1]
    whitened = recipe.skeleton_space == "whitened"
    space = whitened_space(phase.train, recipe.shrinkage) if whitened else raw_space(width)
    return Problem(phase, space, centre(texts, phase.seen) if recipe.text_space == "centred" else texts)


@dataclass(frozen=True)
class Recognizer:
    """Answers for skeleton features of one phase: which seen class, which unseen class, and the gate's inputs.

    Its classifiers are fitted when they are first asked; each from the same seed, whatever was asked before.
    """

    problem: Problem
    vae: CrossModalVae
    recipe: Recipe
    seed: int

    @cached_property
    def unseen(self) -> UnseenClassifier:
        """The unseen classifier, trained on latents drawn from the unseen classes' texts."""
        texts = torch.from_numpy(self.problem.texts[list(self.problem.phase.unseen)])
        return fit_unseen(self.vae, texts, self.recipe, torch.Generator().manual_seed(self.seed))

    @cached_property
    def nearest_mean(self) -> NearestMean:
        """The seen classifier of our own, and the seen half of the gate's distances."""
        return NearestMean.fit(self.problem.phase.train, self.problem.space, self.problem.phase.seen)

    def unseen_probabilities(self, clips: FeatureSet) -> Float[np.ndarray, "N U"]:
        """The unseen classifier's softmax on the skeleton posterior's mean."""
        logits = self.unseen(torch.from_numpy(self.latents(clips)))
        return torch.softmax(logits.double(), dim=1).numpy()

    def predict_unseen(self, clips: FeatureSet) -> Labels:
        """The best unseen class."""
        return np.array(self.problem.phase.unseen)[self.unseen_probabilities(clips).argmax(axis=1)]

    def predict_seen(self, clips: FeatureSet, by: str) -> Labels:
        """The best seen class.

        Args:
            clips: what to recognise.
            by: ``"encoder"`` or ``"nearest-mean"``.
        """
        if by == "encoder":
            return encoder_predictions(clips.logits, self.problem.phase.seen)
        return self.nearest_mean.predict(self.problem.space(clips.features))

    def gate_inputs(self, clips: FeatureSet) -> GateInputs:
        """What the gate reads about each clip."""
        phase, features = self.problem.phase, self.problem.space(clips.features)
        if self.recipe.gate_input == "distances":
            prototypes = self.vae.skeleton.decode(self._text_means(phase.unseen)).numpy()
            return distance_inputs(log_densities(features, prototypes), self.nearest_mean.scores(features))
        seen = encoder_probabilities(clips.logits, phase.seen, self.recipe.temperature)
        return probability_inputs(self.unseen_probabilities(clips), seen, len(phase.unseen))

    def gate_set(self) -> GateSet:
        """The phase's own test clips, of which the kind is known: what a gate can learn from."""
        phase = self.problem.phase
        return GateSet(self.gate_inputs(phase.test), phase.test_is_seen.astype(np.int64))

    def latents(self, clips: FeatureSet) -> Float[np.ndarray, "N Z"]:
        """Skeleton posterior means."""
        features = torch.from_numpy(self.problem.space(clips.features))
        return np.asarray(self.vae.skeleton.posterior(features).mean.numpy())

    def text_latents(self) -> Float[np.ndarray, "K Z"]:
        """Text posterior means of all K classes."""
        return np.asarray(self._text_means(range(len(self.problem.texts))).numpy())

    def _text_means(self, classes: range | tuple[int, ...]) -> torch.Tensor:
        mean: torch.Tensor = self.vae.text.posterior(torch.from_numpy(self.problem.texts[list(classes)])).mean
        return mean
