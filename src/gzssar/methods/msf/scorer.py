"""Everything that answers for the clips of one phase: spaces, aligned VAEs, seen and unseen classifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float

from gzssar.decision.gate import GateInputs, GateSet, distance_inputs, probability_inputs
from gzssar.decision.seen import NearestMean, encoder_predictions, encoder_probabilities, log_densities
from gzssar.features.features import FeatureSet, Phase
from gzssar.features.whitening import SkeletonSpace, raw_space, whitened_space
from gzssar.methods.msf.training import Pairs
from gzssar.methods.msf.unseen import UnseenClassifier, fit_unseen
from gzssar.methods.msf.vae import CrossModalVae
from gzssar.recipe import Recipe
from gzssar.shapes import Labels, SkeletonFeatures, TextFeatures
from gzssar.splits import Ids
from gzssar.texts.fusion import Tables, TextSpace, fuse, seen_span


@dataclass(frozen=True)
class Problem:
    """A phase in the spaces of the recipe, ready to be aligned."""

    phase: Phase
    space: SkeletonSpace
    text_spaces: tuple[TextSpace, ...]
    """Several where each has a VAE of its own."""
    texts: tuple[TextFeatures, ...]
    """All K classes, in the text spaces of this phase."""

    def pairs(self) -> list[Pairs]:
        """What each VAE learns from."""
        features = self.space(self.phase.train.features)
        return [Pairs(features, self.phase.train.labels, texts) for texts in self.texts]


def pose(phase: Phase, tables: Tables, recipe: Recipe, weights: Sequence[float] | None = None) -> Problem:
    """Put a phase into the recipe's spaces; both are fitted on the phase's own training clips and seen classes.

    Args:
        phase: whose problem.
        tables: text features, one (K, E_i) table per kind of text and encoder.
        recipe: the choices.
        weights: one per table, where the recipe's fusion weighs them.
    """
    width = phase.train.features.shape[1]
    whitened = recipe.skeleton_space == "whitened"
    space = whitened_space(phase.train, recipe.shrinkage) if whitened else raw_space(width)
    spaces = fuse(tables, recipe.fusion, phase.seen, weights)
    if recipe.text_space == "centred":
        spaces = tuple(seen_span(one, tables, phase.seen) for one in spaces)
    return Problem(phase, space, spaces, tuple(one(tables) for one in spaces))


@dataclass(frozen=True)
class Expert:
    """One aligned VAE with the texts it reads, and what it says about unseen classes.

    Difference from the paper, 1: by default no classifier is trained on latents drawn from texts; a clip goes to the
    class whose prototype, decoded from its text, is nearest in the whitened space. On the validation phases of mix43
    and UTD-MHAD that is right for .54 of the clips where the softmax is right for .47 (means over classes), and one
    more class costs one decoding. The softmax is fitted when first asked, always from the same seed.
    """

    vae: CrossModalVae
    texts: TextFeatures
    unseen: Ids
    recipe: Recipe
    seed: int

    @cached_property
    def classifier(self) -> UnseenClassifier:
        """The softmax, trained on latents drawn from the unseen classes' texts."""
        texts = torch.from_numpy(self.texts[list(self.unseen)])
        return fit_unseen(self.vae, texts, self.recipe, torch.Generator().manual_seed(self.seed))

    def log_probabilities(self, features: SkeletonFeatures) -> Float[np.ndarray, "N U"]:
        """Of the unseen classes, given that it is one of them."""
        if self.recipe.unseen_classifier == "nearest-prototype":
            logits = torch.from_numpy(self.log_densities(features))
        else:
            logits = self.classifier(torch.from_numpy(self.latents(features)))
        return torch.log_softmax(logits.double(), dim=1).numpy()

    def log_densities(self, features: SkeletonFeatures) -> Float[np.ndarray, "N U"]:
        """Under a unit Gaussian around each unseen class's prototype, up to a constant."""
        return log_densities(features, self.prototypes())

    def prototypes(self) -> SkeletonFeatures:
        """A skeleton feature for each unseen class, decoded from its text."""
        mean = self.vae.text.posterior(torch.from_numpy(self.texts[list(self.unseen)])).mean
        return np.asarray(self.vae.skeleton.decode(mean).numpy())

    def latents(self, features: SkeletonFeatures) -> Float[np.ndarray, "N Z"]:
        """Skeleton posterior means."""
        return np.asarray(self.vae.skeleton.posterior(torch.from_numpy(features)).mean.numpy())

    def text_latents(self) -> Float[np.ndarray, "K Z"]:
        """Text posterior means of all K classes."""
        return np.asarray(self.vae.text.posterior(torch.from_numpy(self.texts)).mean.numpy())


@dataclass(frozen=True)
class PhaseRecognizer:
    """Answers for skeleton features of one phase: which seen class, which unseen class, and the gate's inputs.

    Several experts answer as one: their log-probabilities and log-densities are averaged (a product of experts).
    """

    problem: Problem
    experts: tuple[Expert, ...]
    recipe: Recipe

    @cached_property
    def nearest_mean(self) -> NearestMean:
        """The seen classifier of our own, and the seen half of the gate's distances."""
        return NearestMean.fit(self.problem.phase.train, self.problem.space, self.problem.phase.seen)

    def unseen_probabilities(self, clips: FeatureSet) -> Float[np.ndarray, "N U"]:
        """Softmax over the unseen classes."""
        features = self.problem.space(clips.features)
        mean = np.mean([expert.log_probabilities(features) for expert in self.experts], axis=0)
        return np.exp(mean - np.logaddexp.reduce(mean, axis=1, keepdims=True))

    def predict_unseen(self, clips: FeatureSet) -> Labels:
        """The best unseen class."""
        return np.array(self.problem.phase.unseen)[self.unseen_probabilities(clips).argmax(axis=1)]

    def predict_seen(self, clips: FeatureSet, by: str) -> Labels:
        """The best seen class.

        Args:
            clips: what to recognize.
            by: ``"encoder"`` or ``"nearest-mean"``.
        """
        if by == "encoder":
            return encoder_predictions(clips.logits, self.problem.phase.seen)
        return self.nearest_mean.predict(self.problem.space(clips.features))

    def gate_inputs(self, clips: FeatureSet) -> GateInputs:
        """What the gate reads about each clip."""
        phase, features = self.problem.phase, self.problem.space(clips.features)
        if self.recipe.gate_input == "distances":
            unseen = np.mean([expert.log_densities(features) for expert in self.experts], axis=0)
            return distance_inputs(unseen, self.nearest_mean.scores(features))
        seen = encoder_probabilities(clips.logits, phase.seen, self.recipe.temperature)
        return probability_inputs(self.unseen_probabilities(clips), seen, len(phase.unseen))

    def gate_set(self) -> GateSet:
        """The phase's own test clips, of which the kind is known: what a gate can learn from."""
        phase = self.problem.phase
        return GateSet(self.gate_inputs(phase.test), phase.test_is_seen.astype(np.int64))

    def latents(self, clips: FeatureSet) -> Float[np.ndarray, "N Z"]:
        """Skeleton posterior means, of all experts side by side."""
        features = self.problem.space(clips.features)
        return np.concatenate([expert.latents(features) for expert in self.experts], axis=1)

    def text_latents(self) -> Float[np.ndarray, "K Z"]:
        """Text posterior means of all K classes, of all experts side by side."""
        return np.concatenate([expert.text_latents() for expert in self.experts], axis=1)
