"""All seeds of an experiment, then the report."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gzssar.evaluation.record import SeedRecord
from gzssar.evaluation.summary import ReportHeader, Summary, scores_json, summarise
from gzssar.experiment.config import ExperimentConfig
from gzssar.experiment.data import ExperimentData, Sources
from gzssar.experiment.folder import RunFolder, identity
from gzssar.experiment.seeds import run_seeds
from gzssar.experiment.story import Experiment, run_seed
from gzssar.features.features import Benchmark
from gzssar.files import output, write_json
from gzssar.methods.method import Method
from gzssar.methods.recipe import DEFAULT, Recipe, recipe_for
from gzssar.provenance import environment, several_machines
from gzssar.reports.report import write_report
from gzssar.running import Progress, one_thread
from gzssar.texts.encoding import text_kinds


@dataclass(frozen=True)
class Result:
    """What :func:`run` returns."""

    records: list[SeedRecord]
    """One per seed."""
    summary: Summary
    """Mean and standard deviation over the seeds."""
    header: ReportHeader


@one_thread()
def run(
    config: ExperimentConfig,
    progress: Progress | None = None,
    data: ExperimentData | None = None,
    method: Method | None = None,
) -> Result:
    """Run an experiment: every seed that is not yet in `config.out`, then the report.

    Args:
        config: what to run. With ``out=None`` nothing is written.
        progress: told what is going on.
        data: the experiment's data, if it is at hand; otherwise loaded as `config` says. A folder goes on only with
            equal data, bit by bit, that are handed over too.
        method: takes the place of the recipe's method, and gives the recipe its name. Where `config` asks for no other
            recipe, the harness does for it what it does for every method that is named (:class:`Recipe`).

    Raises:
        GzssarError: something about the inputs, the arguments or the output folder; see :mod:`gzssar.errors`.
    """
    started = time.perf_counter()
    recipe = recipe_for(config.recipe, config.split)
    if method is not None:
        name = getattr(method, "name", recipe.name)
        recipe = Recipe(name, method) if config.recipe == DEFAULT.name else replace(recipe, name=name, method=method)
        config = replace(config, recipe=recipe)
    seeds = range(config.first_seed, config.first_seed + config.seeds)
    sources = Sources(config)
    how = {"seeds": list(seeds), "command": config.command()}
    folder = None
    if config.out:
        inputs = data.hashes(config.text) if data else sources.hashes()
        folder = RunFolder(config.out, identity(config, recipe, inputs), how)
    data = data or sources.load(text_kinds(config.text), progress)
    experiment = Experiment(data.benchmark, data.of_set(config.text), recipe, config.selection)
    done = {seed: record for seed in seeds if folder and (record := folder.record(seed))}
    missing = [seed for seed in seeds if seed not in done]
    earlier = sum(record.seconds for record in done.values())  # what other calls of the same command took
    for record in run_seeds(run_seed, experiment, missing, config.jobs, progress):
        done[record.seed] = record
        if folder:
            folder.save(record)
    records = [done[seed] for seed in seeds]
    machines = [record.machine for record in records]
    header = _header(config, recipe, data.benchmark, earlier + time.perf_counter() - started, folder, machines)
    if folder:
        with output(folder.path):
            folder.describe()
            write_json(folder.path / "scores.json", scores_json(records, header))
            write_report(folder.path, records, data.benchmark.split, data.benchmark.class_names, header)
    return Result(records, summarise(records), header)


def _header(
    config: ExperimentConfig,
    recipe: Recipe,
    benchmark: Benchmark,
    seconds: float,
    folder: RunFolder | None,
    machines: Sequence[str],
) -> ReportHeader:
    """What the report says about the experiment besides its numbers."""
    return ReportHeader(
        title="Generalized zero-shot skeleton-based action recognition",
        recipe=recipe.title,
        selection=config.selection,
        split=benchmark.split.name,
        texts=config.text,
        data=benchmark.description,
        synthetic=benchmark.synthetic,
        seconds=seconds,
        command=config.command(),
        config_hash=folder.fingerprint if folder else "",
        environment={**environment(), "machine": "; ".join(dict.fromkeys(machines))},
        notes=tuple(several_machines(machines, "Seeds")),
    )
