"""The seam between a zero-shot method and the harness that judges it.

A :class:`Method` learns from tasks: training clips of seen classes, and the texts of all classes. For each task, it
returns a :class:`Scorer` for each checkpoint. A scorer says, for clips without labels, how likely each seen and each
unseen class is. Everything else (phases, folds, the selection of a checkpoint, the gate, the threshold, the metrics)
belongs to the harness in :mod:`gzssar.decision`. So all methods are judged in the same way, and none sees a test label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import ClassVar, NamedTuple, Protocol, TypeGuard, runtime_checkable

import numpy as np
from jaxtyping import Float

from gzssar.features.features import FeatureSet, Unlabelled, Withheld
from gzssar.running import Steps
from gzssar.splits import Ids

Texts = Mapping[str, tuple[Float[np.ndarray, "K _"], ...]]
"""Text features by kind (lb, ad, md): one table (K, E) for each language encoder, with a row for each class. The width
E may differ between tables."""


@dataclass(frozen=True)
class EncoderClasses:
    """The classes on which a skeleton encoder was trained. Each has texts and the weights of its logit, but no clips.
    Only a recognizer uses them. An experiment does not, because its unseen classes may be among them."""

    labels: tuple[str, ...]

    texts: Texts
    """Text features, with a row for each of these classes."""

    words: Texts
    """The word counts of the same texts."""

    weights: Float[np.ndarray, "C D"]
    """The weights of the encoder's last layer; those of several streams are concatenated."""


@dataclass(frozen=True)
class Task:
    """What a method may learn from. The test clips are withheld: reading them raises an exception."""

    test: ClassVar = Withheld("the test clips while it learns")

    name: str
    """The name of the test phase, of the validation phase or of a fold, for messages."""

    train: FeatureSet
    """The training clips, which are of the seen classes."""

    seen: Ids
    """Classes with training clips, sorted."""

    unseen: Ids
    """Classes known by their texts only, sorted."""

    texts: Texts
    """The text features of all K classes; class c has row c of each table."""

    words: Texts = field(default_factory=dict)
    """The word counts of the same texts, one table for each kind; empty if the texts came as vectors."""

    encoder_classes: EncoderClasses | None = None
    """The encoder's own classes; None in an experiment and in a bench."""


@dataclass(frozen=True)
class ToldTask(Task):
    """The task of an upper reference, which also has the test clips of the unseen classes. No other method gets it."""

    unseen_clips: FeatureSet = field(kw_only=True)
    """The test clips of the unseen classes, with their labels."""


class ClassScores(NamedTuple):
    """How likely each class is for each of N clips; a higher score means a more likely class. After division by a
    temperature, a softmax over the S seen classes gives p(class | seen), and a softmax over the U unseen classes gives
    p(class | unseen). Both kinds of scores must have the same unit, because the gate compares the best of each."""

    seen: Float[np.ndarray, "N S"]
    """Columns in order of class id."""

    unseen: Float[np.ndarray, "N U"]
    """Columns in order of class id."""


@runtime_checkable
class Scorer(Protocol):
    """What a method has learned from one task, at one checkpoint."""

    def score(self, clips: Unlabelled) -> ClassScores:
        """Score the task's seen and unseen classes. The scores of a clip must not depend on the other clips."""
        ...


@runtime_checkable
class Mapped(Protocol):
    """A scorer with a space of clips and texts that the report can show."""

    def latents(self, clips: Unlabelled) -> Float[np.ndarray, "N Z"]:
        """The clips in this space."""
        ...

    def text_latents(self) -> Float[np.ndarray, "K Z"]:
        """The texts of all classes in this space."""
        ...


@runtime_checkable
class Method(Protocol):
    """A zero-shot method with its settings, usually a frozen dataclass."""

    @property
    def name(self) -> str:
        """The name of the method in reports."""
        ...

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> Sequence[Sequence[Scorer]]:
        """Learn each task separately.

        Args:
            tasks: the test phase, then the phases or folds on which the harness selects. A method may train them side
                by side, but what it learns from one task must not depend on the others.
            seed: the seed of all random numbers.
            progress: called with the number of finished steps and the number of all steps.

        Returns:
            For each task, a list with a scorer for each checkpoint. All lists have the same length. The harness
            selects one checkpoint for all tasks.
        """
        ...


def is_method(candidate: object) -> TypeGuard[Method]:
    """Whether an object, and not a class, is a method: it has a name, and fit takes the harness's arguments."""
    if not isinstance(candidate, Method) or isinstance(candidate, type) or not isinstance(candidate.name, str):
        return False
    try:
        signature(candidate.fit).bind(tasks=(), seed=0, progress=None)
    except (TypeError, ValueError):
        return False
    return True


def is_upper_reference(method: Method) -> bool:
    """Whether a method gets a :class:`ToldTask`, for which it sets ``upper_reference = True``.

    Reports mark it, because it is not a zero-shot method but an upper limit for them.
    """
    return bool(getattr(method, "upper_reference", False))
