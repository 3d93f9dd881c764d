"""A task in the spaces that methods compare clips and texts in: whitened features, fused and centred texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float

from gzssar.choices import check_choices, check_share, check_unread
from gzssar.errors import ConfigError
from gzssar.features.features import Unlabelled
from gzssar.features.whitening import SkeletonSpace, class_means, log_densities, raw_space, whitened_space
from gzssar.methods.method import Task, Texts
from gzssar.shapes import Logits, SkeletonFeatures, TextFeatures
from gzssar.texts.fusion import Fusion, TextSpace, fuse, seen_span


@dataclass(frozen=True)
class Spaces:
    """The spaces into which features and texts are transformed before a method reads them."""

    skeleton_space: Literal["whitened", "raw"] = "whitened"
    """`raw`: skeleton features unchanged. `whitened`: transformed so that the clips of one class have unit variance in
    every direction, by the pooled within-class covariance of the task's training clips."""

    shrinkage: float = 0.3
    """The share of the pooled within-class covariance that is replaced by a multiple of the identity."""

    roots: bool = False
    """Whether the signed square roots of the features are whitened separately and appended. They reduce the differences
    between strong and weak movements."""

    words: bool = False
    """Whether the word counts of the texts are fused too, as additional kinds, if the texts came as words."""

    fusion: Fusion = "weighted"
    """How the tables of text features (one for each kind and encoder) are fused. `concatenation`: as in the paper, the
    rows are concatenated and normalised together. `standardised`: each table is standardised first (rows of unit
    length, centred on the seen classes, unit mean square norm). `weighted`: the same, with a weight for each kind."""

    text_weights: tuple[float, float, float] = (1.0, 1.0, 2.0)
    """The weights of label, action and motion texts in the fusion `weighted`."""

    text_space: Literal["centred", "raw"] = "centred"
    """`raw`: fused texts unchanged. `centred`: centred on the seen classes, projected onto the span of the seen
    classes' texts, and scaled to unit mean square norm."""

    def __post_init__(self) -> None:
        check_choices(self)
        check_share(self, "shrinkage")
        check_unread(self, self.skeleton_space == "whitened", 'skeleton_space="whitened"', "shrinkage", "roots")
        check_unread(self, self.fusion == "weighted", 'fusion="weighted"', "text_weights")
        if not (min(self.text_weights) >= 0 < sum(self.text_weights)):
            raise ConfigError(f"text_weights are shares, none negative, but they are {self.text_weights}.")

    def weights(self, kinds: Sequence[str]) -> list[float]:
        """The weights of tables of these kinds (lb, ad, md) in the fusion `weighted`."""
        by_kind = dict(zip(("lb", "ad", "md"), self.text_weights, strict=True))
        return [by_kind[kind] for kind in kinds]


@dataclass(frozen=True)
class Problem:
    """A task in its spaces, which are fitted on its own training clips and the texts of its seen classes."""

    task: Task
    spaces: Spaces
    space: SkeletonSpace
    text_space: TextSpace
    texts: TextFeatures
    """All K classes, in the text space."""

    encoder_texts: Float[np.ndarray, "C E"] | None = None
    """The encoder's own classes, in the text space, centred on their mean: their texts may be in another style."""

    @cached_property
    def features(self) -> SkeletonFeatures:
        """The training clips, in the skeleton space."""
        return self.space(self.task.train.features)

    @cached_property
    def means(self) -> SkeletonFeatures:
        """(S, D): the mean training clip of each seen class, in the skeleton space."""
        return class_means(self.task.train, self.features)

    def nearest_mean(self, clips: Unlabelled) -> Logits:
        """(N, S): the log-density of each seen class, up to a constant; its highest is linear discriminant analysis."""
        return log_densities(self.space(clips.features), self.means)


def pose(task: Task, spaces: Spaces) -> Problem:
    """Bring a task into its spaces.

    Raises:
        TextError: there is no table of texts, or the seen classes' texts are all the same.
    """
    encoded, counted = _listed(task.texts), _listed(task.words) if spaces.words else []
    tables = [table for _, table in (*encoded, *counted)]
    own = task.encoder_classes
    beside = [table for _, table in (*_listed(own.texts), *(_listed(own.words) if counted else []))] if own else []
    # of words that all seen classes share, such as those of "pose 1" and "pose 2", nothing can be learned
    telling = [kind for kind, table in counted if np.ptp(table[list(task.seen)], axis=0).any()]
    weights = spaces.weights([kind for kind, _ in encoded])
    weights += [spaces.weights([kind])[0] if kind in telling else 0.0 for kind, _ in counted]
    whitened = spaces.skeleton_space == "whitened"
    width = task.train.features.shape[1]
    space = whitened_space(task.train, spaces.shrinkage, spaces.roots) if whitened else raw_space(width)
    text_space = fuse(tables, spaces.fusion, task.seen, weights)
    if spaces.text_space == "centred":
        text_space = seen_span(text_space, tables, task.seen, beside)
    known = text_space(beside) if beside else None
    known = known - known.mean(axis=0) if known is not None else None
    return Problem(task, spaces, space, text_space, text_space(tables), known)


def _listed(texts: Texts) -> list[tuple[str, TextFeatures]]:
    """Each table with its kind."""
    return [(kind, table) for kind, tables in texts.items() for table in tables]
