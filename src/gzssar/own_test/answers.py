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
    """Answers to N clips, one entry each; a class is its column among the K classes of the recognizer."""

    classes: tuple[str, ...]
    """What the recognizer calls them."""
    is_seen: Bool[np.ndarray, "K"]
    """Which of them it learned from clips."""
    clips: tuple[str, ...]
    """What the clips are called."""
    called: tuple[str, ...]
    """What the clips' data call their classes."""
    truth: Labels
    """The true classes; -1 where the recognizer lacks them."""
    subjects: Labels
    """Who performs; -1 where nobody says."""
    scores: Float[np.ndarray, "N K"]
    """Probabilities."""
    cosines: Float[np.ndarray, "N K"]
    """Between each clip and the centre of each class."""
    silent: Mask
    """Nobody moves, or the clip is too short to tell a motion: no answer is given."""
    bounds: tuple[float, ...]
    """B shares of wrong answers that a user may allow."""
    given_at: Bool[np.ndarray, "B N"]
    """Whether an answer is given at each of them."""
    most_wrong: float
    """The share that is allowed."""
    given: Mask
    """Whether an answer is given at that share."""

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def is_known(self) -> Mask:
        """Which clips are of classes that the recognizer has."""
        return self.truth != UNKNOWN

    @property
    def best(self) -> Labels:
        """The first class of each clip's ranking, whether it is given or not."""
        return self.scores.argmax(axis=1)

    @property
    def top(self) -> Probabilities:
        """Its probability."""
        return self.scores.max(axis=1)

    @property
    def right(self) -> Mask:
        """Where it is the true class."""
        return self.best == self.truth

    def among_first(self, count: int) -> Mask:
        """Where the true class is among the first ones of the ranking."""
        first = np.argsort(-self.scores, axis=1, kind="stable")[:, :count]
        return np.asarray((first == self.truth[:, None]).any(axis=1))

    def where(self, mask: Mask) -> "OwnTest":
        """Some of the clips."""
        clips, called = (tuple(compress(names, mask)) for names in (self.clips, self.called))
        arrays = {name: getattr(self, name)[mask] for name in _PER_CLIP}
        return replace(self, clips=clips, called=called, given_at=self.given_at[:, mask], **arrays)
