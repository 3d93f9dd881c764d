"""What is chosen where the answers are known: the checkpoint, the gate, the temperatures, the threshold."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from gzssar.decision.decision import Calibration, Decision, Ranking
from gzssar.decision.evidence import Evidence
from gzssar.decision.gate import BestScores, GateReading, LargestProbabilities, fit_gate, log_softmax
from gzssar.evaluation.metrics import expected_calibration_error, harmonic_mean
from gzssar.evaluation.protocol import GzslAnswers, threshold_curve
from gzssar.methods.recipe import Recipe

THRESHOLDS = np.linspace(0.02, 0.98, 97)
"""Among which the best is looked for."""

_TEMPERATURES = 0.5 * 400 ** (np.arange(-42, 53) / 52)
"""From .004, for cosines, to 200, for log-densities."""


def best_checkpoint(evidence: Sequence[Sequence[Evidence]]) -> int:
    """The checkpoint with the highest ZSL accuracy, averaged over phases and folds; the first of equals.

    Args:
        evidence: of each phase or fold, the evidence of each checkpoint.
    """
    return int(np.argmax([np.mean([one.zsl_accuracy for one in same]) for same in zip(*evidence, strict=True)]))


def fit_decision(evidence: Sequence[Evidence], recipe: Recipe) -> Decision:
    """The gate, then temperatures by likelihood, and the threshold by H; each phase or fold weighs the same.

    H weighs a lost unseen clip more than a lost seen one wherever the unseen accuracy is the lower of the two, so the
    best threshold lies above even odds.

    Raises:
        DataError: a phase or fold lacks seen or unseen clips.
    """
    gate = fit_gate(evidence, _reading(recipe), recipe.gate_weighting == "balanced")
    calibration = Calibration(0.0, 0.0)
    if recipe.routing == "soft":
        seen_t = _temperature([(one.scores.seen[one.is_seen], one.column[one.is_seen]) for one in evidence])
        unseen_t = _temperature([(one.scores.unseen[~one.is_seen], one.column[~one.is_seen]) for one in evidence])
        calibration = Calibration(seen_t, unseen_t)
    threshold = recipe.threshold
    if threshold is None:
        curves = [threshold_curve(answers(one, Decision(gate, calibration)), THRESHOLDS)[2] for one in evidence]
        threshold = float(THRESHOLDS[int(np.mean(curves, axis=0).argmax())])
    return Decision(gate, replace(calibration, threshold=threshold))


def _reading(recipe: Recipe) -> GateReading:
    match recipe.gate_input:
        case "best-scores":
            return BestScores()
        case "probabilities":
            return LargestProbabilities(recipe.gate_temperature)


def decisions_of_others(evidence: Sequence[Evidence], recipe: Recipe) -> list[Decision]:
    """For each phase or fold the decision of the others, of which there is one at least."""
    return [fit_decision([*evidence[:k], *evidence[k + 1 :]], recipe) for k in range(len(evidence))]


def held_out_scores(evidence: Sequence[Evidence], decisions: Sequence[Decision]) -> dict[str, float]:
    """Each phase or fold judged by a decision of its own; the mean over them."""
    judged = [score(one, decision) for one, decision in zip(evidence, decisions, strict=True)]
    return {key: float(np.mean([scores[key] for scores in judged])) for key in judged[0]}


def score(one: Evidence, decision: Decision) -> dict[str, float]:
    """S, U, H and ZSL on clips whose classes are known, and the calibration error of the top probability."""
    top, right = _top(one, decision.rank(one.scores))
    s, u = float(right[one.is_seen].mean()), float(right[~one.is_seen].mean())
    return {
        "zsl_accuracy": one.zsl_accuracy,
        "seen_accuracy": s,
        "unseen_accuracy": u,
        "harmonic_mean": harmonic_mean(s, u),
        "calibration_error": expected_calibration_error(top, right.astype(np.int64)),
    }


def answers(one: Evidence, decision: Decision) -> GzslAnswers:
    """What a method and a decision say about clips whose classes are known, for the judge. A class is its column: the
    seen ones first, then the unseen ones."""
    count = one.scores.seen.shape[1]
    return GzslAnswers(
        labels=np.where(one.is_seen, one.column, count + one.column),
        is_seen=one.is_seen,
        seen_predictions=one.scores.seen.argmax(axis=1),
        unseen_predictions=count + one.scores.unseen.argmax(axis=1),
        routing=decision.routing(one.scores),
        threshold=decision.calibration.threshold,
    )


def _top(one: Evidence, ranking: Ranking) -> tuple[Float[np.ndarray, "N"], Bool[np.ndarray, "N"]]:
    """The top probability of each clip, and whether that class is the true one."""
    both = np.concatenate([ranking.seen, ranking.unseen], axis=1)
    truth = np.where(one.is_seen, one.column, one.column + ranking.seen.shape[1])
    return both.max(axis=1), both.argmax(axis=1) == truth


def _temperature(sets: Sequence[tuple[Float[np.ndarray, "_ _"], Int[np.ndarray, "_"]]]) -> float:
    """The temperature of the highest mean log-likelihood (Guo et al., ICML 2017), each set weighing the same. The
    likelihood is concave in 1/t, so it rises up to the best temperature and falls behind it."""

    @cache
    def loss(at: int) -> float:
        t = _TEMPERATURES[at]
        return float(np.mean([-log_softmax(scores / t)[np.arange(len(truth)), truth].mean() for scores, truth in sets]))

    first, last = 0, len(_TEMPERATURES) - 1
    while first < last:
        middle = (first + last) // 2
        first, last = (first, middle) if loss(middle) <= loss(middle + 1) else (middle + 1, last)
    return float(_TEMPERATURES[first])
