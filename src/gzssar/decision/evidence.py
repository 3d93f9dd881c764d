"""What a scorer says about clips whose classes are known: all that anything is chosen by."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from gzssar.errors import ConfigError
from gzssar.features.features import Phase
from gzssar.methods.method import ClassScores, Scorer


@dataclass(frozen=True)
class Evidence:
    """Scores of a phase's or fold's test clips, and where the truth stands."""

    scores: ClassScores
    is_seen: Bool[np.ndarray, "N"]
    column: Int[np.ndarray, "N"]
    """Of the true class, among the seen or among the unseen ones."""

    @classmethod
    def of(cls, phase: Phase, scorer: Scorer) -> "Evidence":
        """Ask a scorer about a phase's test clips. It gets no labels.

        Raises:
            ConfigError: the scores are malformed.
        """
        labels, is_seen = phase.test.labels, phase.test_is_seen
        column = np.where(is_seen, np.searchsorted(phase.seen, labels), np.searchsorted(phase.unseen, labels))
        return cls(_checked(scorer.score(phase.test.unlabelled), phase), is_seen, column)

    @property
    def zsl_accuracy(self) -> float:
        """Share of the unseen clips whose most likely unseen class is theirs."""
        unseen = ~self.is_seen
        return float((self.scores.unseen[unseen].argmax(axis=1) == self.column[unseen]).mean())


def _checked(scores: object, phase: Phase) -> ClassScores:
    """Scores from code that may not be ours."""
    shapes = [(len(phase.test), len(classes)) for classes in (phase.seen, phase.unseen)]
    try:
        kinds = [np.asarray(kind) for kind in scores] if isinstance(scores, tuple) else []
    except ValueError:  # rows of different lengths
        kinds = []
    if [kind.shape for kind in kinds] != shapes or any(kind.dtype.kind not in "fiu" for kind in kinds):
        came = ", ".join(f"{kind.dtype}{list(kind.shape)}" for kind in kinds) or type(scores).__name__
        raise ConfigError(
            f"a scorer should give ClassScores of real numbers, for the {phase.name} seen {list(shapes[0])} and unseen "
            f"{list(shapes[1])}, but it gave {came}."
        )
    if not all(np.isfinite(kind).all() for kind in kinds):
        raise ConfigError(f"a scorer should give finite scores, but some for the {phase.name} are NaN or infinite.")
    return ClassScores(*kinds)
