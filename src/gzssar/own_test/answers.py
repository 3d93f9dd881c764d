"""What a recognizer answered to clips whose classes are known."""

from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from jaxtyping import Bool, Float

from gzssar.shapes import Labels, Mask, Probabilities

UNKNOWN = -1
"""Stands for a class that the recognizer lacks, and for a performer whom nobody names."""

_PER_CLIP = ("truth", "subjects", "scores", "cosines", "silent", "given")
"""Arrays with a row for each clip."""


@dataclass(frozen=True)
class OwnTest:
    """Answers for N clips, with an entry for each clip; a class is given by its column among the K classes of the
    recognizer."""

    classes: tuple[str, ...]
    """The labels of the recognizer's classes."""
    is_seen: Bool[np.ndarray, "K"]
    """Which of these classes the recognizer knows from clips."""
    clips: tuple[str, ...]
    """The names of the clips."""
    called: tuple[str, ...]
    """The labels of the clips in their data."""
    truth: Labels
    """The true classes; -1 if the recognizer does not have the class."""
    subjects: Labels
    """The performers; -1 if unknown."""
    scores: Float[np.ndarray, "N K"]
    """The probabilities of the classes."""
    cosines: Float[np.ndarray, "N K"]
    """The cosines between each clip and the centre of each class."""
    silent: Mask
    """Which clips get no answer, because nobody moves in them or they are too short to show a motion."""
    bounds: tuple[float, ...]
    """B bounds on the share of wrong answers, from which a user can choose."""
    given_at: Bool[np.ndarray, "B N"]
    """Whether an answer is given at each of these bounds."""
    most_wrong: float
    """The bound that was chosen."""
    given: Mask
    """Whether an answer is given at the chosen bound."""

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def is_known(self) -> Mask:
        """Which clips show classes that the recognizer has."""
        return self.truth != UNKNOWN

    @property
    def best(self) -> Labels:
        """The first class of each clip's ranking, whether it is given or not."""
        return self.scores.argmax(axis=1)

    @property
    def top(self) -> Probabilities:
        """The probability of this class."""
        return self.scores.max(axis=1)

    @property
    def right(self) -> Mask:
        """For which clips it is the true class."""
        return self.best == self.truth

    def among_first(self, count: int) -> Mask:
        """For which clips the true class is among the first ones of the ranking."""
        first = np.argsort(-self.scores, axis=1, kind="stable")[:, :count]
        return np.asarray((first == self.truth[:, None]).any(axis=1))

    def where(self, mask: Mask) -> "OwnTest":
        """The answers for some of the clips."""
        clips, called = (tuple(compress(names, mask)) for names in (self.clips, self.called))
        arrays = {name: getattr(self, name)[mask] for name in _PER_CLIP}
        return replace(self, clips=clips, called=called, given_at=self.given_at[:, mask], **arrays)
