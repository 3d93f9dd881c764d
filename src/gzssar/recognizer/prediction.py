"""An answer: the classes that a clip may show, best first; none where there was nothing to rank."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict, overload

from gzssar.skeletons.doubt import Doubt


class RankedClass(TypedDict):
    """A class in a ranking."""

    label: str
    score: float
    """Probability; those of all classes sum to 1."""
    seen: bool
    """Whether clips of it are known, not only its texts."""


class PredictionDict(TypedDict):
    """A :class:`Prediction` as JSON has it."""

    label: str | None
    best_guess: str | None
    score: float | None
    """Of the best guess; None where nothing was ranked."""
    seen: bool | None
    """Of the best guess; None where nothing was ranked."""
    p_seen: float | None
    abstained: bool
    resting: bool
    warning: list[dict[str, str]]
    """A ``code`` and a ``sentence`` each."""
    ranking: list[RankedClass]


@dataclass(frozen=True)
class Prediction(Sequence[RankedClass]):
    """What a clip shows: ``[{"label": …, "score": …, "seen": …}, …]``, the best first."""

    ranking: tuple[RankedClass, ...]

    p_seen: float | None
    """The gate's probability that the clip shows a seen class; None where it has nothing to judge, because the
    classes that compete are all of one kind."""

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
        return None if self.abstained or self.resting else self.best_guess

    @property
    def best_guess(self) -> str | None:
        """The first class of the ranking, whether it is the answer or not; None where nothing was ranked."""
        return self.ranking[0]["label"] if self.ranking else None

    @property
    def in_words(self) -> str:
        """The answer for people, who are told of an unsure one what it may be."""
        if self.resting:
            return "nothing happens"
        if self.best_guess is None:
            return "nobody is there"
        return f"perhaps {self.best_guess}" if self.abstained else self.best_guess

    def as_dict(self) -> PredictionDict:
        """The whole of it, for JSON; score and seen are those of the best guess."""
        best = self.ranking[0] if self.ranking else None
        return {
            "label": self.label,
            "best_guess": self.best_guess,
            "score": best["score"] if best else None,
            "seen": best["seen"] if best else None,
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
