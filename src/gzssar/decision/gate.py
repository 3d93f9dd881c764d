"""Seen or unseen? A logistic regression on a few numbers per clip, trained where the answer is known.

Difference from the paper, 1: what the gate reads by default. The paper's sorted softmax probabilities lose how far a
clip is from everything known, and their scale depends on the encoder that gave them; on one split of mix43 the gate
trained on them calls every clip unseen. Log-densities in the whitened space keep the distance and share one unit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.evaluation.protocol import GzslAnswers, threshold_curve
from gzssar.shapes import Labels, Probabilities

GateInputs = Float[np.ndarray, "N F"]

THRESHOLDS = np.linspace(0.02, 0.98, 97)
"""Of p_seen, among which the best is looked for."""


def probability_inputs(unseen: Float[np.ndarray, "N U"], seen: Float[np.ndarray, "N S"], largest: int) -> GateInputs:
    """The paper's inputs: the k largest unseen probabilities, sorted, then the k largest seen ones, sorted.

    Args:
        unseen: the unseen classifier's probabilities.
        seen: the seen classifier's probabilities at the gate's temperature.
        largest: k.

    Raises:
        DataError: there are fewer than k unseen or seen classes.
    """
    for name, probabilities in (("unseen", unseen), ("seen", seen)):
        if probabilities.shape[1] < largest:
            raise DataError(
                f"the gate reads the {largest} largest {name} probabilities, but there are only "
                f"{probabilities.shape[1]} {name} classes: hold out as many validation-unseen classes as there are "
                'unseen ones, or use gate_input="distances".'
            )
    top = [-np.sort(-p, axis=1)[:, :largest] for p in (unseen, seen)]
    return np.concatenate(top, axis=1).astype(np.float64)


def distance_inputs(unseen: Float[np.ndarray, "N U"], seen: Float[np.ndarray, "N S"]) -> GateInputs:
    """Log-density under the nearest seen class and under the nearest unseen one.

    Args:
        unseen: log-densities under the unseen classes' prototypes, generated from their texts.
        seen: log-densities under the seen classes' means.
    """
    return np.stack([seen.max(axis=1), unseen.max(axis=1)], axis=1).astype(np.float64)


@dataclass(frozen=True)
class GateSet:
    """What a gate learns from: inputs of clips whose kind is known."""

    inputs: GateInputs
    is_seen: Labels
    """1 for clips of seen classes, 0 for clips of classes that played unseen."""


@dataclass(frozen=True)
class Gate:
    """p_seen = σ(w·(x − centre)/scale + b)."""

    centre: Float[np.ndarray, "F"]
    scale: Float[np.ndarray, "F"]
    weights: Float[np.ndarray, "F"]
    bias: float

    def p_seen(self, inputs: GateInputs) -> Probabilities:
        """Probability that each clip shows a seen class."""
        score = ((inputs - self.centre) / self.scale) @ self.weights + self.bias
        return np.asarray(0.5 * (1 + np.tanh(0.5 * score)))


def fit_gate(sets: list[GateSet], balanced: bool) -> Gate:
    """Logistic regression (C = 1) on all sets together.

    Args:
        sets: one or more.
        balanced: standardise the inputs, and let each set weigh the same and within it seen and unseen clips: p_seen
            is then the probability under equal odds. Otherwise inputs and clips count as they come, as in the
            authors' code, and the share of seen clips in the set becomes the gate's prior.

    Raises:
        DataError: a set lacks clips of one kind.
    """
    for one in sets:
        if set(np.unique(one.is_seen).tolist()) != {0, 1}:
            raise DataError("a gate learns from clips of both kinds, but a set has only seen or only unseen ones.")
    inputs = np.concatenate([one.inputs for one in sets])
    is_seen = np.concatenate([one.is_seen for one in sets])
    centre, scale, weights = np.zeros(inputs.shape[1]), np.ones(inputs.shape[1]), None
    if balanced:
        centre, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-12
        weights = np.concatenate([equal_weights(one.is_seen) for one in sets])
        weights *= len(weights) / weights.sum()
    regression = _logistic_regression().fit((inputs - centre) / scale, is_seen, weights)
    return Gate(centre, scale, regression.coef_[0], float(regression.intercept_[0]))


def tune_threshold(known: list[GzslAnswers]) -> float:
    """The threshold with the highest H, averaged over problems whose answers are known; never the test phase.

    H weighs a lost unseen clip more than a lost seen one wherever the unseen accuracy is the lower of the two, so the
    best threshold lies above even odds.

    Args:
        known: what the method said about each problem's clips; their own thresholds are not used.
    """
    curves = [threshold_curve(answers, THRESHOLDS)[2] for answers in known]
    return float(THRESHOLDS[np.mean(curves, axis=0).argmax()])


def equal_weights(is_seen: Labels) -> Float[np.ndarray, "N"]:
    """Weights that sum to 1 over the seen clips and to 1 over the others."""
    return 1 / np.bincount(is_seen, minlength=2)[is_seen]


def _logistic_regression() -> Any:
    """Import late: scikit-learn takes a second to load."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1.0, max_iter=5000)
