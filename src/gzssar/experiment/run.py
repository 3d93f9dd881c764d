"""All seeds of an experiment, then the report."""

import time
from dataclasses import dataclass, replace

from gzssar.evaluation.record import SeedRecord
from gzssar.evaluation.summary import ReportHeader, Summary, scores_json, summarise
from gzssar.experiment.config import ExperimentConfig
from gzssar.experiment.data import ExperimentData, Sources
from gzssar.experiment.folder import RunFolder, identity
from gzssar.experiment.seeds import run_seeds
from gzssar.experiment.story import Experiment, run_seed
from gzssar.files import write_json
from gzssar.methods.method import Method
from gzssar.methods.recipe import DEFAULT, Recipe, recipe_for
from gzssar.provenance import environment
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
        data: the experiment's data, if it is at hand; otherwise loaded as `config` says.
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
    folder = RunFolder(config.out, identity(config, recipe, sources.hashes()), how) if config.out else None
    data = data or sources.load(text_kinds(config.text))
    experiment = Experiment(data.benchmark, data.of_set(config.text), recipe, config.selection)
    done = {seed: record for seed in seeds if folder and (record := folder.record(seed))}
    missing = [seed for seed in seeds if seed not in done]
    earlier = sum(record.seconds for record in done.values())  # what other calls of the same command took
    for record in run_seeds(run_seed, experiment, missing, config.jobs, progress):
        done[record.seed] = record
        if folder:
            folder.save(record)
    records = [done[seed] for seed in seeds]
    header = _header(config, recipe, data, earlier + time.perf_counter() - started, folder)
    if folder:
        folder.describe()
        write_json(folder.path / "scores.json", scores_json(records, header))
        write_report(folder.path, records, data.benchmark.split, data.benchmark.class_names, header)
    return Result(records, summarise(records), header)


def _header(
    config: ExperimentConfig, recipe: Recipe, data: ExperimentData, seconds: float, folder: RunFolder | None
) -> ReportHeader:
    """What the report says about the experiment besides its numbers."""
    return ReportHeader(
        title="Generalized zero-shot skeleton-based action recognition",
        recipe=recipe.title,
        selection=config.selection,
        split=data.benchmark.split.name,
        texts=config.text,
        data=data.benchmark.description,
        synthetic=data.benchmark.synthetic,
        encoder_seeded=data.benchmark.encoder_seeded,
        seconds=seconds,
        command=config.command(),
        config_hash=folder.fingerprint if folder else "",
        environment=environment(),
    )
