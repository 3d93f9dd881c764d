"""What a scorer says about clips whose classes are known: all that anything is chosen by."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

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
        """Ask a scorer about a phase's test clips. It gets no labels."""
        labels, is_seen = phase.test.labels, phase.test_is_seen
        column = np.where(is_seen, np.searchsorted(phase.seen, labels), np.searchsorted(phase.unseen, labels))
        return cls(scorer.score(phase.test.unlabelled), is_seen, column)

    @property
    def zsl_accuracy(self) -> float:
        """Share of the unseen clips whose most likely unseen class is theirs."""
        unseen = ~self.is_seen
        return float((self.scores.unseen[unseen].argmax(axis=1) == self.column[unseen]).mean())
