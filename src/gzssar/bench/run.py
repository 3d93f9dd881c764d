"""All cells of a bench, then its files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from gzssar.bench.cells import CELLS, SEEN_ACCURACIES, Bench, run_cut
from gzssar.bench.config import BenchConfig
from gzssar.bench.cuts import Warn, find_cuts
from gzssar.bench.program import program
from gzssar.errors import MissingExtraError
from gzssar.evaluation.paired import Row, differences, estimates
from gzssar.experiment.seeds import run_seeds
from gzssar.files import output, require_free, require_writable, write_json
from gzssar.methods.recipe import Recipe
from gzssar.provenance import environment, several_machines
from gzssar.reports.bench import write_bench_report
from gzssar.running import Progress, one_thread


@one_thread()
def bench(
    config: BenchConfig, warn: Warn, progress: Progress | None = None, recipes: Mapping[str, Recipe] | None = None
) -> list[Row]:
    """Run every method with every seed on every split, as far as that is not done, and write what came out.

    Args:
        config: what to run.
        warn: told what the user should know about the data.
        progress: told how many splits are done.
        recipes: instead of those that `config` names; a method of one's own comes in ``Recipe(name, method)``.

    Returns:
        The rows, which bench.json holds too.

    Raises:
        GzssarError: something about the inputs, the arguments or the output folder; see :mod:`gzssar.errors`.
    """
    require_writable(config.out)
    if not (config.out / CELLS).is_dir():
        require_free(config.out, folder=True)
    notes: list[str] = []
    cuts = find_cuts(config, notes.append)
    for note in notes:
        warn(note)
    work = Bench(config.out, cuts, recipes or config.recipes(), config.seeds, program())
    pending = [number for number, cut in enumerate(work.cuts) if work.missing(cut)]
    for done, _ in enumerate(_run(work, pending, config), start=1):
        if progress:
            progress("splits", done, len(pending))
    rows, curves, machines = work.rows()
    for note in several_machines(machines, "Cells"):
        notes.append(note)
        warn(note)
    owners = np.array([row["method"] for row in rows])
    means = {name: np.asarray(curves)[owners == name].mean(axis=0) for name in work.recipes}
    with output(config.out):
        write_json(config.out / "bench.json", {**_as_json(rows, config, work, machines), "notes": notes})
        write_bench_report(config.out, rows, (SEEN_ACCURACIES, means), notes)
    return rows


def _run(work: Bench, pending: Sequence[int], config: BenchConfig) -> Iterator[None]:
    """Run the cuts that are pending, one after the other, on several cores, or on the nodes of a cluster."""
    if config.engine == "loop":
        return run_seeds(run_cut, work, pending, config.jobs, None, "split")
    return _on_ray(run_cut, work, pending)


def _as_json(rows: Sequence[Row], config: BenchConfig, work: Bench, machines: Sequence[str]) -> dict[str, Any]:
    """The content of bench.json: fractions in [0, 1]; where there are several benchmarks, each by itself, too."""
    data = dict.fromkeys(row["data"] for row in rows)
    by_data = {name: [row for row in rows if row["data"] == name] for name in data}
    return {
        "rows": rows,
        "methods": estimates(rows),
        "paired": differences(rows),
        "by_data": {name: {"methods": estimates(of), "paired": differences(of)} for name, of in by_data.items()},
        "recipes": {name: recipe.described() for name, recipe in work.recipes.items()},
        "program": work.program,
        "environment": {**environment(), "machine": "; ".join(dict.fromkeys(machines))},
        "arguments": {name: str(value) for name, value in asdict(config).items()},
    }


def _on_ray(one: Callable[..., None], work: Bench, numbers: Sequence[int]) -> Iterator[None]:
    """Ray Data maps over the numbers of the cuts; each actor gets the work once."""
    try:
        import ray
    except ImportError:
        raise MissingExtraError('the engine ray needs Ray Data: pip install "gzssar[ray]".') from None
    if numbers:
        there = ray.data.from_items([{"number": number} for number in numbers])
        there.map_batches(
            _RayWorker, fn_constructor_args=(one, work), batch_size=1, concurrency=(1, len(numbers))
        ).materialize()
    yield from (None for _ in numbers)


class _RayWorker:
    """An actor on some machine of the cluster."""

    def __init__(self, one: Callable[..., None], work: Bench) -> None:
        self.one, self.work = one, work

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for number in batch["number"]:
            self.one(self.work, int(number))
        return batch
