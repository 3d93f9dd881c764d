"""One method on one phase: fit it, choose on classes held out of the seen ones, and decide.

An experiment learns its test phase so, a recognizer all the clips it gets. The method learns the phase and, side by
side, everything on which something is chosen: leave-classes-out folds of the phase's training clips, or the validation
phase. No test clip of the phase takes part.
"""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gzssar.decision.decision import Decision
from gzssar.decision.evidence import Evidence
from gzssar.decision.selection import best_checkpoint, fit_decision
from gzssar.errors import ConfigError
from gzssar.features.class_cut import HELD_OUT_SHARE
from gzssar.features.features import Phase
from gzssar.features.folds import folds
from gzssar.methods.method import EncoderClasses, Scorer, Task, Texts, ToldTask, is_upper_reference
from gzssar.methods.recipe import Recipe
from gzssar.running import Steps
from gzssar.texts.encoding import vectors_and_words


@dataclass(frozen=True)
class Fitted:
    """A method fitted on a phase and on the phases or folds that play it."""

    phase: Phase
    recipe: Recipe
    scorers: Sequence[Scorer]
    """Of the phase, one per checkpoint."""
    evidence: Sequence[Sequence[Evidence]]
    """Of each phase or fold with known answers, one per checkpoint."""

    def choose(self, checkpoint: int | None = None) -> "Learned":
        """Pick a checkpoint where the answers are known, and fit the decision there.

        Args:
            checkpoint: the phase's, where a rule of another kind has picked one; the decision is fitted all the same on
                the checkpoint that is best where the answers are known.

        Raises:
            DataError: a gate cannot be fitted on these clips.
        """
        best = best_checkpoint(self.evidence)
        evidence = [one[best] for one in self.evidence]
        chosen = best if checkpoint is None else checkpoint
        return Learned(self.scorers[chosen], fit_decision(evidence, self.recipe), chosen, evidence)


@dataclass(frozen=True)
class Learned:
    """What answers for a phase."""

    scorer: Scorer
    decision: Decision
    checkpoint: int
    """From 0."""
    evidence: Sequence[Evidence]
    """What the decision was fitted on."""


def fit_phase(
    phase: Phase,
    validation: Phase | None,
    texts: Texts,
    recipe: Recipe,
    seed: int,
    progress: Steps | None = None,
    encoder_classes: EncoderClasses | None = None,
) -> Fitted:
    """Fit a recipe's method on a phase, and on what plays it.

    Args:
        phase: its training clips are learned; its test clips are not touched, except by an upper reference.
        validation: where the recipe wants one: another phase, whose unseen classes are seen ones of the first.
        texts: of all classes, by kind, and their words, counted.
        recipe: the method, and where things are chosen.
        seed: of everything that is drawn.
        progress: told (done, total) steps.
        encoder_classes: what the encoder's own classifier knows, for a recognizer to keep.

    Raises:
        ConfigError: the recipe needs a validation phase, and there is none; or the method's answer is malformed.
        DataError: the phase has too few classes or clips for folds.
    """
    play: list[Phase] = []
    if "validation" in recipe.held_out:
        if validation is None:
            raise ConfigError(
                f"the recipe {recipe.name} chooses on validation-unseen classes, but the split holds none out: use "
                'held_out="folds", as the default does.'
            )
        play.append(validation)
    if "folds" in recipe.held_out:
        play += folds(phase, recipe.fold_classes, HELD_OUT_SHARE, np.random.default_rng(seed), recipe.fold_count)
    told = is_upper_reference(recipe.method)
    tasks = [_task(one, texts, told, encoder_classes) for one in (phase, *play)]
    scorers = recipe.method.fit(tasks, seed, progress)
    _require_scorers(scorers, len(tasks), recipe.method.name)
    evidence = [
        [Evidence.of(one, scorer) for scorer in of_task] for one, of_task in zip(play, scorers[1:], strict=True)
    ]
    return Fitted(phase, recipe, scorers[0], evidence)


def _task(phase: Phase, texts: Texts, told: bool, own: EncoderClasses | None) -> Task:
    """What a method may learn of a phase; an upper reference is told the unseen classes' clips too."""
    may_know = phase.name, phase.train, phase.seen, phase.unseen, *vectors_and_words(texts), own
    return ToldTask(*may_know, unseen_clips=phase.test.of(phase.unseen)) if told else Task(*may_know)


def _require_scorers(scorers: object, tasks: int, method: str) -> None:
    """Refuse what a method gave, which may not be ours, unless it is as many scorers for each task."""
    rows = list(scorers) if isinstance(scorers, Sequence) else []
    full = [row for row in rows if isinstance(row, Sequence) and row and all(isinstance(one, Scorer) for one in row)]
    if len(full) != len(rows) or len(rows) != tasks or len({len(row) for row in full}) != 1:
        raise ConfigError(
            f"the method {method} should give a list of {tasks} lists, one per task, of as many scorers each (objects "
            f"with score), one at least, but it gave {reprlib.repr(scorers)}."
        )
