"""THE STORY: one generalized zero-shot experiment, ① to ⑤, on one page.

① skeleton features and ② class texts come as they are; ③ a method learns from the seen classes' clips to score all
classes; ④ one decision, fitted on classes held out of the seen ones, answers for the test clips; ⑤ the judge scores
the answers.
"""

import time
from dataclasses import dataclass

import numpy as np

from gzssar.decision.decision import Decision
from gzssar.decision.evidence import Evidence
from gzssar.decision.learning import Fitted, fit_phase
from gzssar.evaluation.protocol import GzslAnswers, evaluate
from gzssar.evaluation.record import SeedRecord
from gzssar.experiment.config import Selection
from gzssar.features.features import Benchmark, Phase
from gzssar.methods.method import ClassScores, Mapped, Texts
from gzssar.methods.recipe import Recipe
from gzssar.running import Progress, one_thread


@dataclass(frozen=True)
class Experiment:
    """Everything a seed needs: data, texts, choices."""

    benchmark: Benchmark
    texts: Texts
    recipe: Recipe
    selection: Selection = "validation"


@dataclass(frozen=True)
class Trained:
    """What training leaves behind; both rules of selection can be judged on it."""

    experiment: Experiment
    seed: int
    fitted: Fitted
    seconds: float


def run_seed(experiment: Experiment, seed: int, progress: Progress | None = None) -> SeedRecord:
    """One seed, from features to scores. Equal arguments give equal numbers, bit for bit, on one machine.

    Raises:
        GzssarError: the recipe does not suit the data; see :mod:`gzssar.errors`.
    """
    return judge(train(experiment, seed, progress), experiment.selection)


@one_thread()
def train(experiment: Experiment, seed: int, progress: Progress | None = None) -> Trained:
    """① to ③: the recipe's method learns the test phase, and what plays it where things are chosen."""
    started = time.perf_counter()
    benchmark = experiment.benchmark
    report = (lambda done, total: progress(f"seed {seed}", done, total)) if progress else None
    fitted = fit_phase(benchmark.test, benchmark.validation, experiment.texts, experiment.recipe, seed, report)
    return Trained(experiment, seed, fitted, time.perf_counter() - started)


@one_thread()
def judge(trained: Trained, selection: Selection) -> SeedRecord:
    """④ and ⑤: choose and decide where the answers are known, answer for the test clips, and score."""
    started = time.perf_counter()
    phase = trained.fitted.phase
    chosen = best_on_test_clips(trained.fitted) if selection == "paper-test-selected" else None
    learned = trained.fitted.choose(chosen)
    answers = answer(phase, Evidence.of(phase, learned.scorer).scores, learned.decision)
    unseen = ~phase.test_is_seen
    mapped = learned.scorer if isinstance(learned.scorer, Mapped) else None
    nowhere = np.zeros((len(phase.test), 0)), np.zeros((trained.experiment.benchmark.split.class_count, 0))
    latents = (mapped.latents(phase.test.unlabelled), mapped.text_latents()) if mapped else nowhere
    return SeedRecord(
        seed=trained.seed,
        scores=evaluate(answers, answers.labels[unseen], answers.unseen_predictions[unseen]),
        seconds=trained.seconds + time.perf_counter() - started,
        answers=answers,
        latents=latents[0],
        text_latents=latents[1],
        curves=getattr(learned.scorer, "curves", {}),
        extra={
            "held_out_zsl_accuracy": float(np.mean([one.zsl_accuracy for one in learned.known])),
            **({"checkpoint": float(learned.checkpoint)} if len(trained.fitted.scorers) > 1 else {}),
        },
    )


def best_on_test_clips(fitted: Fitted) -> int:
    """The checkpoint with the highest ZSL accuracy on the unseen TEST clips, the first of equals: the authors' rule,
    which is only called under the name ``paper-test-selected``."""
    return int(np.argmax([Evidence.of(fitted.phase, scorer).zsl_accuracy for scorer in fitted.scorers]))


def answer(phase: Phase, scores: ClassScores, decision: Decision) -> GzslAnswers:
    """What the method and the decision say about a phase's test clips."""
    return GzslAnswers(
        labels=phase.test.labels,
        is_seen=phase.test_is_seen,
        seen_predictions=np.array(phase.seen)[scores.seen.argmax(axis=1)],
        unseen_predictions=np.array(phase.unseen)[scores.unseen.argmax(axis=1)],
        p_seen=decision.routing(scores),
        threshold=decision.calibration.threshold,
    )
