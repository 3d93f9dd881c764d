"""Seen or unseen? A logistic regression on a few numbers per clip, trained where the answer is known.

Difference from the paper, 1: what the gate reads by default. The paper's sorted softmax probabilities lose how far a
clip is from everything known, and their scale depends on the encoder that gave them; on one split of mix43 the gate
trained on them calls every clip unseen. Scores in the whitened space (log-densities, cosines) keep it and share one
unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gzssar.decision.evidence import Evidence
from gzssar.errors import DataError
from gzssar.methods.method import ClassScores
from gzssar.shapes import Labels, Probabilities

GateInputs = Float[np.ndarray, "N F"]


@dataclass(frozen=True)
class BestScores:
    """The gate reads the highest seen score and the highest unseen one."""

    def __call__(self, scores: ClassScores) -> GateInputs:
        """(N, 2)."""
        return np.stack([scores.seen.max(axis=1), scores.unseen.max(axis=1)], axis=1).astype(np.float64)


@dataclass(frozen=True)
class LargestProbabilities:
    """The paper's inputs: with k = U, the k largest unseen probabilities, sorted, then the k largest seen ones."""

    temperature: float
    """Of the seen softmax."""

    def __call__(self, scores: ClassScores) -> GateInputs:
        """(N, 2k).

        Raises:
            DataError: there are fewer than k seen classes.
        """
        largest, seen = scores.unseen.shape[1], scores.seen.shape[1]
        if seen < largest:
            raise DataError(
                f"the gate reads the {largest} largest seen probabilities, but there are only {seen} seen classes: "
                'hold fewer classes out, or use gate_input="best-scores".'
            )
        # the paper's unseen scores are logarithms of probabilities, which this form of a softmax leaves as they are
        unseen = np.exp(scores.unseen - np.logaddexp.reduce(scores.unseen, axis=1, keepdims=True))
        both = unseen, softmax(scores.seen / self.temperature)
        return np.concatenate([-np.sort(-p, axis=1)[:, :largest] for p in both], axis=1)


GateReading = BestScores | LargestProbabilities


@dataclass(frozen=True)
class Gate:
    """p_seen = σ(w·(x − centre)/scale + b), x being what the gate reads."""

    centre: Float[np.ndarray, "F"]
    scale: Float[np.ndarray, "F"]
    weights: Float[np.ndarray, "F"]
    bias: float
    reading: GateReading = BestScores()

    def p_seen(self, scores: ClassScores) -> Probabilities:
        """Probability that each clip shows a seen class."""
        inputs = self.reading(scores)
        if inputs.shape[1] != len(self.weights):
            raise DataError(
                f"a gate that learned to read {len(self.weights)} numbers cannot read {inputs.shape[1]}: hold out as "
                'many validation-unseen classes as there are unseen ones, or use gate_input="best-scores".'
            )
        score = ((inputs - self.centre) / self.scale) @ self.weights + self.bias
        return np.asarray(0.5 * (1 + np.tanh(0.5 * score)))


def fit_gate(evidence: Sequence[Evidence], reading: GateReading, balanced: bool) -> Gate:
    """Logistic regression (C = 1) on all evidence together.

    Args:
        evidence: one or more phases or folds.
        reading: what the gate reads of the scores.
        balanced: standardise the inputs, and let each phase or fold weigh the same and within it seen and unseen clips:
            p_seen is then the probability under equal odds. Otherwise inputs and clips count as they come, as in the
            authors' code, and the share of seen clips becomes the gate's prior.

    Raises:
        DataError: a phase or fold lacks clips of one kind.
    """
    from sklearn.linear_model import LogisticRegression  # late: scikit-learn takes seconds to load

    if any(one.is_seen.all() or not one.is_seen.any() for one in evidence):
        raise DataError("a gate learns from clips of both kinds, but a set has only seen or only unseen ones.")
    inputs = np.concatenate([reading(one.scores) for one in evidence])
    is_seen = np.concatenate([one.is_seen for one in evidence]).astype(np.int64)
    centre, scale, weights = np.zeros(inputs.shape[1]), np.ones(inputs.shape[1]), None
    if balanced:
        centre, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-12
        weights = np.concatenate([equal_weights(one.is_seen.astype(np.int64)) for one in evidence])
        weights *= len(weights) / weights.sum()
    regression = LogisticRegression(C=1.0, max_iter=5000).fit((inputs - centre) / scale, is_seen, weights)
    return Gate(centre, scale, regression.coef_[0], float(regression.intercept_[0]), reading)


def equal_weights(is_seen: Labels) -> Float[np.ndarray, "N"]:
    """Weights that sum to 1 over the seen clips and to 1 over the others."""
    return 1 / np.bincount(is_seen, minlength=2)[is_seen]


def softmax(logits: Float[np.ndarray, "N G"]) -> Float[np.ndarray, "N G"]:
    """Probabilities of G classes, in double precision; of none where there is none."""
    if not logits.shape[1]:
        return logits
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def log_softmax(logits: Float[np.ndarray, "N G"]) -> Float[np.ndarray, "N G"]:
    """Their logarithms, in double precision."""
    logits = logits.astype(np.float64)
    logits = logits - logits.max(axis=1, keepdims=True)  # else far from all classes nothing is left of the logarithm
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
