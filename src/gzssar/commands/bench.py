"""`gzssar bench`: a comparison of methods on many class splits, with the arguments :class:`BenchConfig`."""

from typing import Annotated

import tyro
from rich.console import Console

from gzssar.bench.config import BenchConfig
from gzssar.commands.console import progress_bar, warn


def bench(config: Annotated[BenchConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Compare methods on many class splits: means, standard errors over splits, and paired differences."""
    from gzssar.bench.run import bench as run_bench
    from gzssar.reports.bench import bench_tables

    with progress_bar() as progress:
        rows = run_bench(config, warn, progress)
    Console().print(bench_tables(rows))
    print(f"Tables: {config.out}/bench.md, bench.json, bench.csv; pictures: {config.out}/figures")
