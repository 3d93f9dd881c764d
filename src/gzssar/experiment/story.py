"""THE STORY: one generalized zero-shot experiment, ① to ⑤, on one page.

① skeleton features and ② fused class texts are aligned in ③ one latent space; ④ a seen classifier, an unseen
classifier and a gate answer for the test clips; ⑤ the judge scores the answers. :func:`run_seed` is that story for one
seed; :func:`run` tells it for several and writes the report.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch

from gzssar.decision.gate import Gate, fit_gate, tune_threshold
from gzssar.errors import ConfigError
from gzssar.evaluation.metrics import accuracy
from gzssar.evaluation.protocol import GzslAnswers, evaluate
from gzssar.evaluation.record import SeedRecord
from gzssar.evaluation.summary import ReportHeader, Summary, scores_json, summarise
from gzssar.experiment.config import ExperimentConfig, Selection
from gzssar.experiment.data import ExperimentData, input_hashes, load_data
from gzssar.experiment.folder import RunFolder, identity
from gzssar.experiment.seeds import run_seeds
from gzssar.features.features import Benchmark
from gzssar.features.folds import HELD_OUT_SHARE, folds
from gzssar.files import write_json
from gzssar.methods.msf.scorer import Expert, PhaseRecognizer, Problem, pose
from gzssar.methods.msf.text_weights import text_weights
from gzssar.methods.msf.training import Alignment, align
from gzssar.provenance import environment
from gzssar.recipe import Recipe, recipe_for
from gzssar.reports.report import write_report
from gzssar.running import Progress, one_thread
from gzssar.shapes import TextFeatures
from gzssar.texts.encoding import text_kinds


@dataclass(frozen=True)
class Experiment:
    """Everything a seed needs: data, texts, choices."""

    benchmark: Benchmark
    texts: dict[str, tuple[TextFeatures, ...]]
    """By kind (lb, ad, md): one table per encoder, a row per class."""
    recipe: Recipe
    selection: Selection = "validation"


@dataclass(frozen=True)
class Result:
    """What :func:`run` returns."""

    records: list[SeedRecord]
    """One per seed."""
    summary: Summary
    """Mean and standard deviation over the seeds."""
    header: ReportHeader


@one_thread()
def run(config: ExperimentConfig, progress: Progress | None = None, data: ExperimentData | None = None) -> Result:
    """Run an experiment: every seed that is not yet in `config.out`, then the report.

    Args:
        config: what to run. With ``out=None`` nothing is written.
        progress: told what is going on.
        data: the experiment's data, if it is at hand; otherwise loaded as `config` says.

    Raises:
        GzssarError: something about the inputs, the arguments or the output folder; see :mod:`gzssar.errors`.
    """
    started = time.perf_counter()
    hashes = input_hashes(config)
    recipe = recipe_for(config.recipe, config.split)
    seeds = range(config.first_seed, config.first_seed + config.seeds)
    how = {"seeds": list(seeds), "command": config.command()}
    folder = RunFolder(config.out, identity(config, recipe, hashes), how) if config.out else None
    data = data or load_data(config, text_kinds(config.text), progress)
    experiment = Experiment(data.benchmark, data.of_set(config.text), recipe, config.selection)
    done = {seed: record for seed in seeds if folder and (record := folder.record(seed))}
    missing = [seed for seed in seeds if seed not in done]
    earlier = sum(record.seconds for record in done.values())  # what other calls of the same command took
    for record in run_seeds(run_seed, experiment, missing, config.jobs, progress):
        done[record.seed] = record
        if folder:
            folder.save(record)
    records = [done[seed] for seed in seeds]
    header = _header(config, data.benchmark, earlier + time.perf_counter() - started, folder)
    if folder:
        folder.describe()
        write_json(folder.path / "scores.json", scores_json(records, header))
        write_report(folder.path, records, data.benchmark.split, data.benchmark.class_names, header)
    return Result(records, summarise(records), header)


def run_seed(experiment: Experiment, seed: int, progress: Progress | None = None) -> SeedRecord:
    """One seed, from features to scores. Equal arguments give equal numbers, bit for bit, on one machine.

    Raises:
        ConfigError: the recipe needs validation classes and the split holds none out.
    """
    return judge(train(experiment, seed, progress), experiment.selection)


@dataclass(frozen=True)
class Trained:
    """What training leaves behind: problems (the test phase, the validation phase, then the folds), each aligned."""

    experiment: Experiment
    seed: int
    problems: list[Problem]
    alignments: list[list[Alignment]]
    """Of each problem, one per expert."""
    seconds: float
    text_weights: tuple[float, ...] = ()
    """One per table of texts, where the recipe's fusion weighs them."""

    def after(self, problem: int, cycle: int) -> PhaseRecognizer:
        """The recognizer of one problem after one cycle of training, with a random stream of its own.

        Of its own, since a rectified unseen classifier that starts with a dead class keeps it: one stream for all
        cycles would make all of them fail together.
        """
        posed, recipe = self.problems[problem], self.experiment.recipe
        streams = np.random.SeedSequence([self.seed, problem, cycle]).generate_state(len(posed.texts))
        experts = tuple(
            Expert(alignment.checkpoints[cycle], texts, posed.phase.unseen, recipe, int(stream))
            for alignment, texts, stream in zip(self.alignments[problem], posed.texts, streams, strict=True)
        )
        return PhaseRecognizer(posed, experts, recipe)


@one_thread()
def train(experiment: Experiment, seed: int, progress: Progress | None = None) -> Trained:
    """① to ③: put features and texts into the recipe's spaces, and align them in every phase and fold."""
    started = time.perf_counter()
    benchmark, recipe = experiment.benchmark, experiment.recipe
    if benchmark.validation is None:
        raise ConfigError("selection and the gate need validation-unseen classes, but the split holds none out.")
    phases = [benchmark.test, benchmark.validation]
    if "folds" in recipe.gate_training:
        phases += folds(benchmark.test, recipe.fold_classes, HELD_OUT_SHARE, np.random.default_rng(seed))
    tables = [table for of_kind in experiment.texts.values() for table in of_kind]
    kinds = [kind for kind, of_kind in experiment.texts.items() for _ in of_kind]
    weights = text_weights(kinds, tables, phases[1:], recipe)
    problems = [pose(phase, tables, recipe, weights) for phase in phases]
    generator = torch.Generator().manual_seed(seed)
    report = (lambda done, total: progress(f"seed {seed}", done, total)) if progress else None
    aligned = iter(align([pairs for problem in problems for pairs in problem.pairs()], recipe, generator, report))
    alignments = [[next(aligned) for _ in problem.texts] for problem in problems]
    return Trained(experiment, seed, problems, alignments, time.perf_counter() - started, weights)


@one_thread()
def judge(trained: Trained, selection: Selection) -> SeedRecord:
    """④ and ⑤: select a cycle, fit the gate where seen and unseen are known, answer for the test clips, and score."""
    started = time.perf_counter()
    benchmark, recipe = trained.experiment.benchmark, trained.experiment.recipe
    validation, cycle = best([trained.after(1, cycle) for cycle in range(recipe.cycles)])
    test = trained.after(0, cycle)
    if selection == "paper-test-selected":
        test, cycle = best([trained.after(0, cycle) for cycle in range(recipe.cycles)])
    left_out = [trained.after(fold, cycle) for fold in range(2, len(trained.problems))]
    learned_from = left_out + [validation] * ("validation" in recipe.gate_training)
    gate = fit_gate([one.gate_set() for one in learned_from], balanced=recipe.gate_weighting == "balanced")
    seen_by = seen_classifier(recipe, validation)
    threshold = recipe.threshold
    if threshold is None:
        known = [answer(one, gate, 0.5, "nearest-mean") for one in left_out]  # nobody has encoder logits of folds
        threshold = tune_threshold([*known, answer(validation, gate, 0.5, seen_by)])
    answers = answer(test, gate, threshold, seen_by)
    zsl = benchmark.test.test.of(benchmark.test.unseen)
    return SeedRecord(
        seed=trained.seed,
        scores=evaluate(answers, zsl.labels, test.predict_unseen(zsl)),
        seconds=trained.seconds + time.perf_counter() - started,
        answers=answers,
        latents=test.latents(benchmark.test.test),
        text_latents=test.text_latents(),
        curves=trained.alignments[0][0].curves,
        extra={
            "cycle": float(cycle),
            "validation_zsl_accuracy": zsl_accuracy(validation),
            **{f"text_weight_{i}": weight for i, weight in enumerate(trained.text_weights)},
        },
    )


def best(candidates: list[PhaseRecognizer]) -> tuple[PhaseRecognizer, int]:
    """The recognizer with the highest ZSL accuracy on its own phase's test clips, and its cycle; the first of equals.

    On the validation phase this is selection by validation; on the test phase it is the authors' rule, which looks at
    test labels and is only called under the name ``paper-test-selected``.
    """
    cycle = int(np.argmax([zsl_accuracy(candidate) for candidate in candidates]))
    return candidates[cycle], cycle


def zsl_accuracy(one: PhaseRecognizer) -> float:
    """Accuracy on the unseen clips of the recognizer's phase, candidates its unseen classes."""
    phase = one.problem.phase
    clips = phase.test.of(phase.unseen)
    return accuracy(clips.labels, one.predict_unseen(clips))


def seen_classifier(recipe: Recipe, validation: PhaseRecognizer) -> str:
    """Which seen classifier answers: the recipe's, or the one that is right more often on validation's seen clips."""
    if recipe.seen_classifier != "best":
        return recipe.seen_classifier
    clips = validation.problem.phase.test.of(validation.problem.phase.seen)
    by = ("encoder", "nearest-mean")
    return by[int(np.argmax([accuracy(clips.labels, validation.predict_seen(clips, b)) for b in by]))]


def answer(test: PhaseRecognizer, gate: Gate, threshold: float, seen_by: str) -> GzslAnswers:
    """What the method says about the test clips."""
    phase = test.problem.phase
    return GzslAnswers(
        labels=phase.test.labels,
        is_seen=phase.test_is_seen,
        seen_predictions=test.predict_seen(phase.test, seen_by),
        unseen_predictions=test.predict_unseen(phase.test),
        p_seen=gate.p_seen(test.gate_inputs(phase.test)),
        threshold=threshold,
    )


def _header(config: ExperimentConfig, benchmark: Benchmark, seconds: float, folder: RunFolder | None) -> ReportHeader:
    """What the report says about the experiment besides its numbers."""
    return ReportHeader(
        title="Generalized zero-shot skeleton-based action recognition",
        recipe=config.recipe,
        selection=config.selection,
        split=benchmark.split.name,
        texts=config.text,
        data=benchmark.description,
        synthetic=benchmark.synthetic,
        seconds=seconds,
        command=config.command(),
        config_hash=folder.fingerprint if folder else "",
        environment=environment(),
    )
