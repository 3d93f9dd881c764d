"""An answer: the classes that a clip may show, best first; none where there was nothing to rank."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict, overload

from gzssar.skeletons.doubt import Doubt


class RankedClass(TypedDict):
    """A class in a ranking."""

    label: str
    score: float
    """The probability of the class; those of all classes sum to 1."""
    seen: bool
    """Whether the class is known from clips, not only from its texts."""


class PredictionDict(TypedDict):
    """A :class:`Prediction` as JSON."""

    label: str | None
    best_guess: str | None
    score: float | None
    """That of the best guess; None if there is no ranking."""
    seen: bool | None
    """That of the best guess; None if there is no ranking."""
    p_seen: float | None
    unsure: bool
    abstained: bool
    resting: bool
    warning: list[dict[str, str]]
    """Each doubt has a ``code`` and a ``sentence``."""
    ranking: list[RankedClass]


@dataclass(frozen=True)
class Prediction(Sequence[RankedClass]):
    """What a clip shows: ``[{"label": …, "score": …, "seen": …}, …]``, the best first."""

    ranking: tuple[RankedClass, ...]

    p_seen: float | None
    """The gate's probability that the clip shows a seen class; None if all candidates are of one kind."""

    abstained: bool = False
    """Whether the answer is withheld, because it is unsure and the recognizer was asked to abstain then."""

    warning: tuple[Doubt, ...] = ()
    """Doubts about the answer, such as that the clip is too short to show a motion; each has a code and a sentence."""

    resting: bool = False
    """Whether nobody moves, so that nothing is happening."""

    unsure: bool = False
    """Whether the answer is unsure, withheld or not: its probability, or the cosine between the clip and the centre of
    its class, is too low, or the clip is too short."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "unsure", self.unsure or self.abstained)

    @property
    def label(self) -> str | None:
        """The best class; None if the recognizer abstains or nothing is happening."""
        return None if self.abstained or self.resting else self.best_guess

    @property
    def best_guess(self) -> str | None:
        """The first class of the ranking, whether it is given as the answer or not; None if there is no ranking."""
        return self.ranking[0]["label"] if self.ranking else None

    @property
    def in_words(self) -> str:
        """The answer as words for people; an unsure answer is "perhaps" the best guess, withheld or not."""
        if self.resting:
            return "nothing happens"
        if self.best_guess is None:
            return "nobody is there"
        return f"perhaps {self.best_guess}" if self.unsure else self.best_guess

    def as_dict(self) -> PredictionDict:
        """The prediction as a dictionary, for JSON; score and seen are those of the best guess."""
        best = self.ranking[0] if self.ranking else None
        return {
            "label": self.label,
            "best_guess": self.best_guess,
            "score": best["score"] if best else None,
            "seen": best["seen"] if best else None,
            "p_seen": self.p_seen,
            "unsure": self.unsure,
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
