"""When to give no answer: so that, of the answers given, no more are wrong than its user allows.

Two numbers speak for an answer: its probability, and the cosine between the clip and the centre of its class, seen from
the middle of all seen classes. The probability says which of the known classes it is; it is high for clips that are
like none of them, too. The cosine is low for those: people at another sensor, actions nobody has described. Trained on
UTD-MHAD and asked about NW-UCLA and MSR Action3D, a bound of 5 % on the cosine left 16 and 9 % wrong answers, where one
on the probability left 51 and 28 %.

Both are bounded where the truth is known: on performers and classes that were held out. For the cosine, as many clips
of classes that the recognizer knows nothing of stand beside them; every answer to them is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from gzssar.errors import ConfigError

BOUNDS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""Shares of wrong answers for which thresholds are kept."""

MOST_WRONG = 0.2
"""The share that is allowed unless said otherwise."""

_NEVER = 2.0
"""A threshold that no probability and no cosine reaches."""


class Answers(NamedTuple):
    """What was answered to N clips whose classes are known."""

    top: Float[np.ndarray, "N"]
    """The answer's probability."""
    cosine: Float[np.ndarray, "N"]
    """Between the clip and the centre of the class that was answered."""
    seen: Bool[np.ndarray, "N"]
    """Whether that class is a seen one."""
    right: Bool[np.ndarray, "N"]

    def where(self, mask: Bool[np.ndarray, "N"]) -> "Answers":
        """Some of them."""
        return Answers(*(column[mask] for column in self))


class HeldOut(NamedTuple):
    """Answers to the clips of one fold."""

    known: Answers
    """Of classes that have clips or texts."""
    is_seen: Bool[np.ndarray, "N"]
    """Which of these are of classes that have clips."""
    strange: Answers
    """Of classes that have neither; none is right. Each clip is answered once with a seen class, and once more where an
    unseen class that is not its own would be answered."""


class Limits(NamedTuple):
    """Below one of them, an answer is not given."""

    top: float
    """Of the probability."""
    cosine: float
    """Between clip and centre."""


class Thresholds(NamedTuple):
    """For answers of both kinds."""

    seen: Limits
    unseen: Limits

    def unlike(self, cosine: Float[np.ndarray, "N"], seen: Bool[np.ndarray, "N"]) -> Bool[np.ndarray, "N"]:
        """Which clips are too far from the class that was answered."""
        return np.asarray(cosine < np.where(seen, self.seen.cosine, self.unseen.cosine))

    def unsure(
        self, top: Float[np.ndarray, "N"], cosine: Float[np.ndarray, "N"], seen: Bool[np.ndarray, "N"]
    ) -> Bool[np.ndarray, "N"]:
        """Which answers are not given."""
        return np.asarray((top < np.where(seen, self.seen.top, self.unseen.top)) | self.unlike(cosine, seen))


@dataclass(frozen=True)
class Abstention:
    """Thresholds for each of :data:`BOUNDS`."""

    by_bound: tuple[Thresholds, ...]

    def at(self, most_wrong: float) -> Thresholds:
        """Those of the largest bound that is no larger than `most_wrong`.

        Raises:
            ConfigError: it is smaller than all bounds, or no share below 1.
        """
        if not BOUNDS[0] <= most_wrong < 1:
            raise ConfigError(
                f"the share of wrong answers should be at least {BOUNDS[0]:g} and below 1, but it is {most_wrong}: "
                f"take {MOST_WRONG:g}, or less to be surer."
            )
        return self.by_bound[int(np.searchsorted(BOUNDS, most_wrong + 1e-9, "right")) - 1]


def fit_abstention(folds: Sequence[HeldOut]) -> Abstention:
    """Find the thresholds on the clips of all folds together."""
    known, strange = together([fold.known for fold in folds]), together([fold.strange for fold in folds])
    asked = strange.seen.sum()  # each of them once with a seen class
    kinds = (
        (known.where(known.seen), strange.where(strange.seen), known.seen.sum() / asked),
        (known.where(~known.seen), strange.where(~strange.seen), len(known.seen) / asked),
    )
    return Abstention(tuple(Thresholds(*(_limits(*kind, bound) for kind in kinds)) for bound in BOUNDS))


def _limits(known: Answers, strange: Answers, weight: float, bound: float) -> Limits:
    """Of answers of one kind, with each stranger counted `weight` times."""
    cosine = np.concatenate([known.cosine, strange.cosine])
    right = np.concatenate([known.right, strange.right])
    weights = np.concatenate([np.ones(len(known.top)), np.full(len(strange.top), weight)])
    return Limits(least(known.top, known.right, bound), least(cosine, right, bound, weights))


def together(parts: Sequence[Answers]) -> Answers:
    """All of them."""
    return Answers(*map(np.concatenate, zip(*parts, strict=True)))


def covered(folds: Sequence[HeldOut]) -> dict[str, float]:
    """The share of clips of seen and of unseen classes that are answered, and the share of those answers that is right,
    which is left out where none are. Each fold's answers are given by thresholds of the others.

    Args:
        folds: two at least.
    """
    given = []
    for k, fold in enumerate(folds):
        thresholds = fit_abstention([*folds[:k], *folds[k + 1 :]]).at(MOST_WRONG)
        given.append(~thresholds.unsure(fold.known.top, fold.known.cosine, fold.known.seen))
    answered, right = np.concatenate(given), np.concatenate([fold.known.right for fold in folds])
    is_seen = np.concatenate([fold.is_seen for fold in folds])
    told = {}
    for kind, those in (("seen", is_seen), ("unseen", ~is_seen)):
        told[f"{kind}_coverage"] = float(answered[those].mean())
        if (answered & those).any():
            told[f"{kind}_accuracy_where_covered"] = float(right[answered & those].mean())
    return told


def least(
    value: Float[np.ndarray, "N"],
    right: Bool[np.ndarray, "N"],
    most_wrong: float,
    weight: Float[np.ndarray, "N"] | None = None,
) -> float:
    """The lowest threshold from which on at most that share of the answers is wrong; one that nothing reaches where
    there is none.

    Args:
        value: the higher, the surer.
        right: whether the answer is right.
        most_wrong: the share.
        weight: what each answer counts; 1 without it.
    """
    order = np.argsort(-value, kind="stable")
    weight = np.ones(len(value)) if weight is None else weight
    wrong = np.cumsum(np.where(right, 0, weight)[order])
    last = np.append(np.diff(value[order]) != 0, True)  # equal ones stay or go together
    allowed = np.flatnonzero(last & (wrong <= most_wrong * np.cumsum(weight[order])))
    return float(value[order[allowed[-1]]]) if allowed.size else _NEVER
