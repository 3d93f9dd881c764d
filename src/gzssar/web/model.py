"""What the page needs of a recognizer. `gzssar.Recognizer` offers it; a test may serve something smaller."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from gzssar.recognizer import Prediction
from gzssar.recognizer.explanation import Explanation
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import ClassText


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
    ) -> Prediction:
        """Rank the classes for one clip."""
        ...

    def explain(self, clip: SkeletonSequence, label: str) -> Explanation:
        """Why one class scores as it does."""
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
