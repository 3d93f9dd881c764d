"""What the page needs of a recognizer. `gzssar.Recognizer` offers it; a test may serve something smaller."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import ClassText


@runtime_checkable
class Answer(Protocol):
    """A ranking of classes."""

    def as_dict(self) -> dict[str, Any]:
        """Label (None where the model abstained), p_seen, abstained, ranking: plain JSON types."""
        ...


@runtime_checkable
class Reasons(Protocol):
    """Why a class got its score."""

    @property
    def label(self) -> str:
        """Which class."""
        ...

    @property
    def similarity(self) -> dict[str, float]:
        """How near the clip lies to the class's text of each kind, in [-1, 1]."""
        ...

    @property
    def joints(self) -> np.ndarray:
        """(25,) how much each joint of ntu25 matters."""
        ...

    @property
    def frames(self) -> np.ndarray:
        """(T',) how much each window of frames matters."""
        ...

    @property
    def frame_edges(self) -> np.ndarray:
        """(T' + 1,) where the windows begin and end, as shares of the clip."""
        ...


@runtime_checkable
class ServedRecognizer(Protocol):
    """A recognizer that can be served: safe to ask from several threads, as long as its classes stay."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels, seen ones first."""
        ...

    @property
    def seen_classes(self) -> frozenset[str]:
        """Labels of the classes it was trained on."""
        ...

    @property
    def texts(self) -> Sequence[ClassText]:
        """The texts of each class, in the order of `classes`."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether it was fitted on the synthetic world."""
        ...

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        ...

    def predict(
        self,
        clips: SkeletonSequence,
        candidate_labels: Sequence[str] | None = None,
        top_k: int | None = 5,
        abstain: bool = False,
    ) -> Any:
        """An :class:`Answer` for one clip."""
        ...

    def explain(self, clip: SkeletonSequence, label: str) -> Any:
        """:class:`Reasons` for one class."""
        ...

    def add_class(self, label: str, action: str | None = None, motion: str | None = None) -> None:
        """Add an unseen class."""
        ...

    def remove_class(self, label: str) -> None:
        """Remove a class."""
        ...

    def copy(self) -> "ServedRecognizer":
        """The same recognizer, whose classes change by themselves."""
        ...
