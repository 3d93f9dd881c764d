"""One ranking of all classes: seen and unseen log-densities, and the gate between them, as probabilities.

A class's score is p(kind) · p(class | kind). p(kind) is the gate's, moved so that its threshold becomes even odds;
within a kind, log-densities are divided by a temperature and go through a softmax. Temperatures, the threshold and the
score below which to abstain are fitted on leave-classes-out folds, where answers are known and classes play unseen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from gzssar.decision.gate import THRESHOLDS, Gate, distance_inputs, equal_weights
from gzssar.evaluation.metrics import expected_calibration_error, harmonic_mean

_TEMPERATURES = np.geomspace(0.5, 200, 53)


@dataclass(frozen=True)
class Calibration:
    """What turns log-densities into scores."""

    seen_temperature: float = 1.0
    unseen_temperature: float = 1.0
    threshold: float = 0.5
    """Of p_seen: even odds lie here."""
    abstain_below: float = 0.0
    """Below this top score an answer is more often wrong than right, seen and unseen clips counting the same."""


class Scores(NamedTuple):
    """Of N clips."""

    seen: Float[np.ndarray, "N S"]
    unseen: Float[np.ndarray, "N U"]
    """Rows of both together sum to 1."""
    p_seen: Float[np.ndarray, "N"]
    """The gate's probability of "seen"."""


@dataclass(frozen=True)
class Known:
    """Clips of a fold, whose classes are known: log-densities, and where the truth stands."""

    seen: Float[np.ndarray, "N S"]
    unseen: Float[np.ndarray, "N U"]
    is_seen: Bool[np.ndarray, "N"]
    column: Int[np.ndarray, "N"]
    """Of the true class, among the seen or among the unseen ones."""

    @property
    def zsl_accuracy(self) -> float:
        """Share of the unseen clips whose most likely unseen class is theirs."""
        unseen = ~self.is_seen
        return float((self.unseen[unseen].argmax(axis=1) == self.column[unseen]).mean())


def score(
    seen: Float[np.ndarray, "N S"], unseen: Float[np.ndarray, "N U"], gate: Gate, calibration: Calibration
) -> Scores:
    """Scores of all classes; where a kind has no class, the other one has all the probability."""
    if not seen.shape[1] or not unseen.shape[1]:
        p_seen = np.full(len(seen), float(bool(seen.shape[1])))
        share = p_seen
    else:
        p_seen = gate.p_seen(distance_inputs(unseen, seen))
        share = _moved(p_seen, calibration.threshold)
    return Scores(
        share[:, None] * _softmax(seen / calibration.seen_temperature),
        (1 - share)[:, None] * _softmax(unseen / calibration.unseen_temperature),
        p_seen,
    )


def fit_calibration(folds: Sequence[Known], gate: Gate) -> Calibration:
    """Temperatures by likelihood, the threshold by H, then the score to abstain below; each fold weighs the same."""
    seen_t = _temperature([(fold.seen[fold.is_seen], fold.column[fold.is_seen]) for fold in folds])
    unseen_t = _temperature([(fold.unseen[~fold.is_seen], fold.column[~fold.is_seen]) for fold in folds])
    calibration = Calibration(seen_t, unseen_t)
    heights = np.mean([_heights(fold, gate, calibration) for fold in folds], axis=0)
    best = Calibration(seen_t, unseen_t, float(THRESHOLDS[int(heights.argmax())]))
    tops, right = zip(*(_top(fold, score(fold.seen, fold.unseen, gate, best)) for fold in folds), strict=True)
    weights = np.concatenate([equal_weights(fold.is_seen.astype(np.int64)) for fold in folds])
    least = _abstain_below(np.concatenate(tops), np.concatenate(right), weights)
    return Calibration(seen_t, unseen_t, best.threshold, least)


def judge(fold: Known, gate: Gate, calibration: Calibration) -> dict[str, float]:
    """S, U, H and ZSL on clips whose classes are known, the calibration error of the top score, and what abstaining
    would leave."""
    scores = score(fold.seen, fold.unseen, gate, calibration)
    top, right = _top(fold, scores)
    s, u = float(right[fold.is_seen].mean()), float(right[~fold.is_seen].mean())
    kept = top >= calibration.abstain_below
    return {
        "zsl_accuracy": fold.zsl_accuracy,
        "seen_accuracy": s,
        "unseen_accuracy": u,
        "harmonic_mean": harmonic_mean(s, u),
        "calibration_error": expected_calibration_error(top, right.astype(np.int64)),
        "coverage": float(kept.mean()),
        "accuracy_where_covered": float(right[kept].mean()) if kept.any() else 0.0,
    }


def _heights(fold: Known, gate: Gate, calibration: Calibration) -> Float[np.ndarray, "thresholds"]:
    """H at each threshold; only the gate's share depends on it, so that the two best classes are found once."""
    seen, unseen = (
        _softmax(densities / temperature)
        for densities, temperature in (
            (fold.seen, calibration.seen_temperature),
            (fold.unseen, calibration.unseen_temperature),
        )
    )
    right_if_seen = fold.is_seen & (seen.argmax(axis=1) == fold.column)
    right_if_unseen = ~fold.is_seen & (unseen.argmax(axis=1) == fold.column)
    p_seen = gate.p_seen(distance_inputs(fold.unseen, fold.seen))
    heights = []
    for threshold in THRESHOLDS:
        share = _moved(p_seen, float(threshold))
        right = np.where(share * seen.max(axis=1) >= (1 - share) * unseen.max(axis=1), right_if_seen, right_if_unseen)
        heights.append(harmonic_mean(float(right[fold.is_seen].mean()), float(right[~fold.is_seen].mean())))
    return np.array(heights)


def _top(fold: Known, scores: Scores) -> tuple[Float[np.ndarray, "N"], Bool[np.ndarray, "N"]]:
    """The top score of each clip, and whether that class is the true one."""
    both = np.concatenate([scores.seen, scores.unseen], axis=1)
    truth = np.where(fold.is_seen, fold.column, fold.column + fold.seen.shape[1])
    return both.max(axis=1), both.argmax(axis=1) == truth


def _temperature(sets: Sequence[tuple[Float[np.ndarray, "_ _"], Int[np.ndarray, "_"]]]) -> float:
    """The temperature of the highest mean log-likelihood (Guo et al., ICML 2017), each set weighing the same."""
    losses = [
        np.mean([-_log_softmax(logits / t)[np.arange(len(truth)), truth].mean() for logits, truth in sets])
        for t in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _abstain_below(top: Float[np.ndarray, "N"], right: Bool[np.ndarray, "N"], weights: Float[np.ndarray, "N"]) -> float:
    """The threshold that keeps the most right answers less the wrong ones; clips count by `weights`."""
    levels, level = np.unique(-top, return_inverse=True)  # equal scores stay or go together
    gain = np.cumsum(np.bincount(level, weights=np.where(right, weights, -weights)))
    return float(-levels[int(np.argmax(gain))]) if gain.max() > 0 else 1.0


def _moved(p_seen: Float[np.ndarray, "N"], threshold: float) -> Float[np.ndarray, "N"]:
    """The same odds divided by those of the threshold, so that it becomes one half."""
    odds = np.clip(p_seen, 1e-12, 1 - 1e-12)
    odds = odds / (1 - odds) * (1 - threshold) / threshold
    return odds / (1 + odds)


def _softmax(logits: Float[np.ndarray, "N G"]) -> Float[np.ndarray, "N G"]:
    return np.exp(_log_softmax(logits)) if logits.shape[1] else logits


def _log_softmax(logits: Float[np.ndarray, "N G"]) -> Float[np.ndarray, "N G"]:
    logits = logits.astype(np.float64)
    logits = logits - logits.max(axis=1, keepdims=True)  # else far from all classes nothing is left of the logarithm
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
