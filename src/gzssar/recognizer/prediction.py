"""An answer: the classes that a clip may show, best first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, overload

from gzssar.skeletons.doubt import Doubt


class RankedClass(TypedDict):
    """A class in a ranking."""

    label: str
    score: float
    """Probability; those of all classes sum to 1."""
    seen: bool
    """Whether it was trained on clips."""


@dataclass(frozen=True)
class Prediction(Sequence[RankedClass]):
    """What a clip shows: ``[{"label": …, "score": …, "seen": …}, …]``, the best first."""

    ranking: tuple[RankedClass, ...]

    p_seen: float
    """The gate's probability that the clip shows a seen class; 1 or 0 where classes of one kind alone compete."""

    abstained: bool = False
    """The answer is too unsure to be given: its probability, or how like its class the clip is, is too low."""

    warning: tuple[Doubt, ...] = ()
    """What speaks against trusting the answer, such as a clip too short to tell a motion: a code and a sentence each.
    """

    resting: bool = False
    """Nobody moves, so that nothing is happening."""

    @property
    def label(self) -> str | None:
        """The best class; None where the recognizer abstained, or nothing is happening."""
        return None if self.abstained or self.resting else self.ranking[0]["label"]

    def as_dict(self) -> dict[str, Any]:
        """The whole of it, for JSON."""
        return {
            "label": self.label,
            "p_seen": self.p_seen,
            "abstained": self.abstained,
            "resting": self.resting,
            "warning": [doubt.as_dict() for doubt in self.warning],
            "ranking": [one.copy() for one in self.ranking],
        }

    def __len__(self) -> int:
        return len(self.ranking)

    @overload
    def __getitem__(self, index: int) -> RankedClass: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RankedClass, ...]: ...
    def __getitem__(self, index: int | slice) -> RankedClass | tuple[RankedClass, ...]:
        return self.ranking[index]

    def __iter__(self) -> Iterator[RankedClass]:
        return iter(self.ranking)
