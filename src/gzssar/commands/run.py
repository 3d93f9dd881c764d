"""`gzssar run` and `gzssar ablate`: experiments, whose arguments are :class:`ExperimentConfig`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from gzssar.commands.console import progress_bar, warn
from gzssar.errors import ConfigError, OutputError
from gzssar.experiment.config import ExperimentConfig
from gzssar.texts.encoding import TEXT_SETS

Config = Annotated[ExperimentConfig, tyro.conf.OmitArgPrefixes]


def run(config: Config) -> None:
    """Run a generalized zero-shot experiment; without arguments, on the embedded synthetic motion world."""
    from gzssar.experiment.run import run as run_experiment
    from gzssar.reports.terminal import rich_table

    config = _with_folder(config)
    with progress_bar() as progress:
        result = run_experiment(config, progress)
    console = Console()
    for one in (result, result.peeking):
        if one:
            console.print(rich_table(one.summary, one.header))
    for note in result.header.notes:
        warn(note)
    if result.header.synthetic:
        print("Synthetic data: made-up performers, no recordings. Real data: --synse DIR --text-features DIR")
    print(f"Report: {config.out}/report.html")
    if result.peeking:
        print(f"Report: {config.out}/{result.peeking.header.selection}/report.html")


def ablate(config: Config) -> None:
    """Run the paper's ablation over text sets: lb, ad, md, ad+md and lb+ad+md in one table."""
    from gzssar.experiment.data import Sources
    from gzssar.experiment.run import run as run_experiment
    from gzssar.files import write_text
    from gzssar.reports.terminal import ablation_markdown, ablation_table

    if config.selection == "both":
        raise ConfigError(
            "--selection both works only with gzssar run: an ablation writes one table, for one of the two rules."
        )
    folder = _with_folder(config, "ablation").out
    assert folder is not None  # _with_folder named one
    if (folder / "config.json").exists():
        raise OutputError(f"{folder} holds a single run: name another folder for the ablation with --out.")
    with progress_bar() as progress:
        seeds = range(config.first_seed, config.first_seed + config.seeds)
        data = Sources(config).load(("lb", "ad", "md")).encoded(seeds, config.jobs, progress)
        results = {
            text: run_experiment(replace(config, text=text, out=folder / text), progress, data) for text in TEXT_SETS
        }
    rows = {text: result.summary for text, result in results.items()}
    seconds = sum(result.header.seconds for result in results.values())
    header = replace(results[TEXT_SETS[-1]].header, seconds=seconds)
    write_text(folder / "ablation.md", ablation_markdown(rows, header))
    console = Console()
    console.print(ablation_table(rows, header))
    for note in dict.fromkeys(note for result in results.values() for note in result.header.notes):
        warn(note)
    print(f"Table: {folder}/ablation.md; one report per row beside it")


def _with_folder(config: ExperimentConfig, kind: str | None = None) -> ExperimentConfig:
    """The experiment with an output folder: the given one, or one in ``runs/`` whose name says what ran."""
    if config.out is not None:
        return config
    data = config.synse.resolve().name if config.synse else "synthetic"
    recipe = config.recipe if isinstance(config.recipe, str) else config.recipe.name
    parts = [data, config.split, recipe, kind or config.text]
    if config.selection != "validation":
        parts.append(config.selection)
    return replace(config, out=Path("runs") / "-".join(part for part in parts if part))
