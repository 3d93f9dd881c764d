"""All seeds of an experiment, then the report."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gzssar.evaluation.record import SeedRecord
from gzssar.evaluation.summary import ReportHeader, Summary, scores_json, summarise
from gzssar.experiment.config import ExperimentConfig, Selection
from gzssar.experiment.data import ExperimentData, Sources
from gzssar.experiment.folder import RunFolder, identity
from gzssar.experiment.seeds import run_seeds
from gzssar.experiment.story import Experiment, run_seed_by_each
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
    """The scores and answers of each seed."""
    summary: Summary
    """Means and standard deviations over the seeds, as fractions in [0, 1]: ``summary["mean"]["harmonic_mean"]``."""
    header: ReportHeader
    """What the report says about the experiment besides its scores, such as recipe, split and texts."""
    peeking: "Result | None" = None
    """If the selection is `both`: the result of the same trainings by the rule ``paper-test-selected``. The other
    fields are by the rule ``validation``."""


@dataclass(frozen=True)
class _Judged:
    """The seeds as one rule of selection judges them."""

    selection: Selection
    folder: RunFolder | None
    done: dict[int, SeedRecord]

    def keep(self, record: SeedRecord) -> None:
        self.done[record.seed] = record
        if self.folder:
            self.folder.save(record)


@one_thread()
def run(
    config: ExperimentConfig,
    progress: Progress | None = None,
    data: ExperimentData | None = None,
    method: Method | None = None,
) -> Result:
    """Run an experiment: each seed that is not yet in `config.out`, then the report.

    Args:
        config: the arguments. With ``out=None``, nothing is written.
        progress: called with what is being done, the number of finished steps and the number of all steps.
        data: the data of the experiment; by default, they are loaded as `config` says. A run in a folder can be
            continued only with the same data, bit for bit, and only if they are passed again.
        method: replaces the method of the recipe, and the recipe gets its name. If `config` has the default recipe, the
            harness has the default settings of :class:`Recipe`.

    Raises:
        GzssarError: an input, an argument or the output folder is wrong; see :mod:`gzssar.errors`.
    """
    started = time.perf_counter()
    recipe = recipe_for(config.recipe, config.split)
    if method is not None:
        name = getattr(method, "name", recipe.name)
        recipe = Recipe(name, method) if config.recipe == DEFAULT.name else replace(recipe, name=name, method=method)
        config = replace(config, recipe=recipe)
    seeds = range(config.first_seed, config.first_seed + config.seeds)
    sources = Sources(config)
    inputs = {} if config.out is None else data.hashes(config.text) if data else sources.hashes()
    judged = [_judged(config, selection, recipe, inputs, seeds) for selection in config.selections]
    data = data or sources.load(text_kinds(config.text))
    experiment = Experiment(data.benchmark, data.of_set(config.text), recipe, config.selections)
    missing = [seed for seed in seeds if any(seed not in one.done for one in judged)]
    # what other calls of the same command took
    earlier = sum(record.seconds for seed, record in judged[0].done.items() if seed not in missing)
    for records in run_seeds(run_seed_by_each, experiment, missing, config.jobs, progress):
        for one, record in zip(judged, records, strict=True):
            one.keep(record)
    seconds = earlier + time.perf_counter() - started
    result, *peeking = [_report(config, recipe, data, seconds, one, seeds) for one in judged]
    return replace(result, peeking=peeking[0]) if peeking else result


def _judged(
    config: ExperimentConfig, selection: Selection, recipe: Recipe, inputs: Mapping[str, str], seeds: Sequence[int]
) -> _Judged:
    """What is there of a rule's seeds: in the experiment's folder or, for the second rule, in a folder inside."""
    if config.out is None:
        return _Judged(selection, None, {})
    path = config.out if selection == config.selections[0] else config.out / selection
    how = {"seeds": list(seeds), "command": config.command()}
    folder = RunFolder(path, identity(replace(config, selection=selection), recipe, inputs), how)
    return _Judged(selection, folder, {seed: record for seed in seeds if (record := folder.record(seed))})


def _report(
    config: ExperimentConfig,
    recipe: Recipe,
    data: ExperimentData,
    seconds: float,
    judged: _Judged,
    seeds: Sequence[int],
) -> Result:
    """Summarise all seeds and, where there is a folder, write its scores and its report."""
    folder = judged.folder
    records = [judged.done[seed] for seed in seeds]
    machines = [record.machine for record in records]
    header = ReportHeader(
        title="Generalized zero-shot skeleton-based action recognition",
        recipe=recipe.title,
        selection=judged.selection,
        split=data.benchmark.split.name,
        texts=config.text,
        data=data.benchmark.description,
        synthetic=data.benchmark.synthetic,
        encoder_seeded=data.benchmark.encoder_seeded,
        seconds=seconds,
        command=config.command(),
        config_hash=folder.fingerprint if folder else "",
        environment={**environment(), "machine": "; ".join(dict.fromkeys(machines))},
        notes=tuple(several_machines(machines, "Seeds")),
    )
    if folder:
        with output(folder.path):
            folder.describe()
            write_json(folder.path / "scores.json", scores_json(records, header))
            write_report(folder.path, records, data.benchmark.split, data.benchmark.class_names, header)
    return Result(records, summarise(records), header)
