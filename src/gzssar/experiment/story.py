"""THE STORY: one generalized zero-shot experiment, ① to ⑤, on one page.

① The skeleton features are given, or come from an encoder that is trained with the seed. ② The text features are given.
③ A method learns from the clips of the seen classes, and from all texts, to score all classes. ④ One decision, fitted
on held-out seen classes, recognizes the test clips. ⑤ The judge scores the answers.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gzssar.decision.evidence import Evidence
from gzssar.decision.learning import Fitted, Learned, fit_phase
from gzssar.decision.selection import answers
from gzssar.evaluation.protocol import GzslAnswers, evaluate
from gzssar.evaluation.record import SeedRecord
from gzssar.experiment.config import Selection
from gzssar.features.features import Benchmark, Phase
from gzssar.methods.method import Mapped, Texts
from gzssar.methods.recipe import Recipe
from gzssar.provenance import machine
from gzssar.running import Progress, one_thread
from gzssar.synthetic.benchmark import SeededBenchmark


@dataclass(frozen=True)
class Experiment:
    """All that a seed needs: data, texts and settings."""

    benchmark: Benchmark | SeededBenchmark
    texts: Texts
    recipe: Recipe
    selections: Sequence[Selection] = ("validation",)
    """The rules of selection by which each training is evaluated."""


@dataclass(frozen=True)
class Trained:
    """The result of a training, which can be evaluated by both rules of selection."""

    experiment: Experiment
    seed: int
    fitted: Fitted
    seconds: float


def run_seed(experiment: Experiment, seed: int, progress: Progress | None = None) -> SeedRecord:
    """Run one seed, from features to scores, and evaluate it by the first rule of selection. On one machine, equal
    arguments give equal numbers, bit for bit.

    Raises:
        GzssarError: the recipe does not suit the data; see :mod:`gzssar.errors`.
    """
    return judge(train(experiment, seed, progress), experiment.selections[0])


def run_seed_by_each(experiment: Experiment, seed: int, progress: Progress | None = None) -> list[SeedRecord]:
    """The same, but with a record for each rule of selection, from one training.

    Raises:
        GzssarError: the recipe does not suit the data; see :mod:`gzssar.errors`.
    """
    trained = train(experiment, seed, progress)
    return [judge(trained, selection) for selection in experiment.selections]


@one_thread()
def train(experiment: Experiment, seed: int, progress: Progress | None = None) -> Trained:
    """① to ③: the recipe's method learns the test phase, and the folds or the validation phase of selection."""
    started = time.perf_counter()
    benchmark = experiment.benchmark.of_seed(seed, progress)
    report = (lambda done, total: progress(f"seed {seed}", done, total)) if progress else None
    fitted = fit_phase(benchmark.test, benchmark.validation, experiment.texts, experiment.recipe, seed, report)
    return Trained(experiment, seed, fitted, time.perf_counter() - started)


@one_thread()
def judge(trained: Trained, selection: Selection) -> SeedRecord:
    """④ and ⑤: select and fit the decision on held-out classes, recognize the test clips, and score the answers."""
    started = time.perf_counter()
    phase = trained.fitted.phase
    chosen = best_on_test_clips(trained.fitted) if selection == "paper-test-selected" else None
    learned = trained.fitted.choose(chosen)
    said = _answers(phase, learned)
    unseen = ~phase.test_is_seen
    mapped = learned.scorer if isinstance(learned.scorer, Mapped) else None
    nowhere = np.zeros((len(phase.test), 0)), np.zeros((trained.experiment.benchmark.split.class_count, 0))
    latents = (mapped.latents(phase.test.unlabelled), mapped.text_latents()) if mapped else nowhere
    return SeedRecord(
        seed=trained.seed,
        scores=evaluate(said, said.labels[unseen], said.unseen_predictions[unseen]),
        seconds=trained.seconds + time.perf_counter() - started,
        answers=said,
        latents=latents[0],
        text_latents=latents[1],
        curves=getattr(learned.scorer, "curves", {}),
        extra={
            "held_out_zsl_accuracy": float(np.mean([one.zsl_accuracy for one in learned.evidence])),
            **({"checkpoint": float(learned.checkpoint)} if len(trained.fitted.scorers) > 1 else {}),
        },
        machine=machine(),
    )


def best_on_test_clips(fitted: Fitted) -> int:
    """The checkpoint with the highest ZSL accuracy on the unseen TEST clips, the first of equals: the authors' rule,
    which is only called under the name ``paper-test-selected``."""
    return int(np.argmax([Evidence.of(fitted.phase, scorer).zsl_accuracy for scorer in fitted.scorers]))


def _answers(phase: Phase, learned: Learned) -> GzslAnswers:
    """What was learned says about a phase's test clips, by class id."""
    told = answers(Evidence.of(phase, learned.scorer), learned.decision)
    ids = np.array([*phase.seen, *phase.unseen])
    seen, unseen = ids[told.seen_predictions], ids[told.unseen_predictions]
    return replace(told, labels=phase.test.labels, seen_predictions=seen, unseen_predictions=unseen)
