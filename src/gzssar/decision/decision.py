"""The one rule from scores to labels: a class's probability is p(kind) · p(class | kind), and the highest wins.

p(class | kind) is a softmax of the kind's scores, divided by a temperature. p(kind) is the gate's, moved so that the
threshold becomes even odds. The highest probability is a seen class's exactly where q / (1 + q) lies above the
threshold, with q = odds(p_seen) · max p(class | seen) / max p(class | unseen). So an experiment, which asks a seen
classifier, an unseen classifier and the gate, and a recognizer, which ranks all classes, give the same answer.

At temperature 0 a kind's best class has all of its probability, and q = odds(p_seen): the paper's hard routing.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gzssar.decision.gate import Gate, softmax
from gzssar.methods.method import ClassScores
from gzssar.shapes import Probabilities


@dataclass(frozen=True)
class Calibration:
    """What turns scores into probabilities."""

    seen_temperature: float = 1.0
    unseen_temperature: float = 1.0
    threshold: float = 0.5
    """Of q / (1 + q): even odds lie here."""


class Ranking(NamedTuple):
    """Probabilities of all classes for N clips."""

    seen: Float[np.ndarray, "N S"]
    unseen: Float[np.ndarray, "N U"]
    """Rows of both together sum to 1."""
    p_seen: Float[np.ndarray, "N"]
    """The gate's probability of "seen"; 1 or 0 where there are classes of one kind alone."""


@dataclass(frozen=True)
class Decision:
    """A gate and a calibration."""

    gate: Gate
    calibration: Calibration

    def rank(self, scores: ClassScores) -> Ranking:
        """Probabilities of all classes; where a kind has no class, the other one has all the probability."""
        seen, unseen = self._within(scores)
        if not scores.seen.shape[1] or not scores.unseen.shape[1]:
            p_seen = share = np.full(len(seen), float(bool(scores.seen.shape[1])))
        else:
            p_seen = self.gate.p_seen(scores)
            share = moved(p_seen, self.calibration.threshold)
        return Ranking(share[:, None] * seen, (1 - share)[:, None] * unseen, p_seen)

    def routing(self, scores: ClassScores) -> Probabilities:
        """q / (1 + q): a clip is called seen where this lies above the threshold."""
        p_seen = self.gate.p_seen(scores)
        if not self.calibration.seen_temperature and not self.calibration.unseen_temperature:
            return p_seen
        seen, unseen = (within.max(axis=1) for within in self._within(scores))
        odds = _odds(p_seen) * seen / unseen
        return odds / (1 + odds)

    def _within(self, scores: ClassScores) -> tuple[Float[np.ndarray, "N S"], Float[np.ndarray, "N U"]]:
        """p(class | seen) and p(class | unseen)."""
        calibration = self.calibration
        return tempered(scores.seen, calibration.seen_temperature), tempered(
            scores.unseen, calibration.unseen_temperature
        )


def tempered(scores: Float[np.ndarray, "N G"], temperature: float) -> Float[np.ndarray, "N G"]:
    """A softmax of the scores divided by a temperature; at 0 the best class has probability 1."""
    if temperature or not scores.shape[1]:
        return softmax(scores / (temperature or 1.0))
    return np.eye(scores.shape[1])[scores.argmax(axis=1)]


def moved(p_seen: Float[np.ndarray, "N"], threshold: float) -> Float[np.ndarray, "N"]:
    """The same odds divided by those of the threshold, so that it becomes one half."""
    odds = _odds(p_seen) * (1 - threshold) / threshold
    return odds / (1 + odds)


def _odds(p: Float[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return p / (1 - p)
