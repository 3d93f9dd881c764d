"""The seam between a zero-shot method and the harness that judges it.

A :class:`Method` learns from tasks: training clips of seen classes, and the texts of all classes. For each task it
gives a :class:`Scorer` per checkpoint. A scorer says, for clips without labels, how likely each seen and each unseen
class is. Everything else (phases, folds, the choice of a checkpoint, the gate, the threshold, the scores) belongs to
the harness in :mod:`gzssar.decision`, so that every method is judged alike and none sees a test label.
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
"""Text features by kind (lb, ad, md): one (K, E) table per language encoder, a row per class; each has its own E."""


@dataclass(frozen=True)
class EncoderClasses:
    """What a skeleton encoder's own classifier knows: the classes it was trained on, each a text and the weights of
    its logit, without clips. Only a recognizer to keep reads them: where a benchmark's unseen classes may be among
    them, nothing would be zero-shot."""

    labels: tuple[str, ...]

    texts: Texts
    """A row per class of these."""

    words: Texts
    """The same texts as counts of their words."""

    weights: Float[np.ndarray, "C D"]
    """Of the encoder's last layer, the streams side by side."""


@dataclass(frozen=True)
class Task:
    """What a method may learn from; the test clips are withheld."""

    test: ClassVar = Withheld("the test clips while it learns")

    name: str
    """What messages call it: the test phase, the validation phase, or a fold."""

    train: FeatureSet
    """Clips of the seen classes."""

    seen: Ids
    """Classes with training clips, sorted."""

    unseen: Ids
    """Classes known by their texts only, sorted."""

    texts: Texts
    """Of all K classes; class c has row c of each table."""

    words: Texts = field(default_factory=dict)
    """The same texts as counts of their words, one table per kind; empty where texts came as vectors."""

    encoder_classes: EncoderClasses | None = None
    """What the encoder's own classifier knows; never given in an experiment or a bench."""


@dataclass(frozen=True)
class ToldTask(Task):
    """What an upper reference may know besides. No other method is given one."""

    unseen_clips: FeatureSet = field(kw_only=True)
    """The clips of the unseen classes that are to be judged, with their labels."""


class ClassScores(NamedTuple):
    """How likely each class is for N clips. Higher is more likely; a softmax over the S seen classes is
    p(class | seen), one over the U unseen classes p(class | unseen). Both kinds have one unit, so that the gate can
    compare the best of each."""

    seen: Float[np.ndarray, "N S"]
    """Columns in order of class id."""

    unseen: Float[np.ndarray, "N U"]
    """Columns in order of class id."""


@runtime_checkable
class Scorer(Protocol):
    """What a method has learned of one task, after one checkpoint."""

    def score(self, clips: Unlabelled) -> ClassScores:
        """Score the task's seen and unseen classes; each clip by itself."""
        ...


@runtime_checkable
class Mapped(Protocol):
    """What a scorer offers where the report is to show the space in which it compares clips and texts."""

    def latents(self, clips: Unlabelled) -> Float[np.ndarray, "N Z"]:
        """Where the clips lie."""
        ...

    def text_latents(self) -> Float[np.ndarray, "K Z"]:
        """Where the texts of all classes lie."""
        ...


@runtime_checkable
class Method(Protocol):
    """A zero-shot method with its settings settled; a frozen dataclass, as a rule."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def fit(self, tasks: Sequence[Task], seed: int, progress: Steps | None = None) -> Sequence[Sequence[Scorer]]:
        """Learn each task by itself.

        Args:
            tasks: the phase to be judged, then the phases on which the harness chooses. A method may train them side
                by side; what it learns of one must not depend on the others.
            seed: of everything that is drawn.
            progress: told (done, total) steps.

        Returns:
            Of each task, a scorer per checkpoint, as many for every task; the harness picks one checkpoint for all.
        """
        ...


def is_method(candidate: object) -> TypeGuard[Method]:
    """Whether it is a method, and not the class of one: it has a name, and fit can be called as the harness does."""
    if not isinstance(candidate, Method) or isinstance(candidate, type) or not isinstance(candidate.name, str):
        return False
    try:
        signature(candidate.fit).bind(tasks=(), seed=0, progress=None)
    except (TypeError, ValueError):
        return False
    return True


def is_upper_reference(method: Method) -> bool:
    """Whether it is told the truth (:class:`ToldTask`), which it asks for by ``upper_reference = True``.

    Reports mark it: it bounds methods and is none of them.
    """
    return bool(getattr(method, "upper_reference", False))
