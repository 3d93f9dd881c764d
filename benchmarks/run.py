"""Runs the rows under ``rows/`` and keeps one file per row, recipe and seed under ``results/``; a kill loses one seed.

    python benchmarks/run.py [--data ../shared/data] [--only mix43-s11 …] [--recipes default paper] [--seeds 5]
    python benchmarks/report.py            # writes RESULTS.md

Seeds that the present source has done are not run again. A row names a data folder below ``--data``; a row whose folder
is absent is skipped by name. Both selection rules are judged on one training, since they differ only afterwards.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from gzssar.experiment.config import ExperimentConfig
from gzssar.experiment.data import Sources
from gzssar.experiment.story import Experiment, judge, train
from gzssar.methods.recipe import recipe_for
from gzssar.texts.encoding import text_kinds
from results import HERE, SELECTIONS, is_present, origin, read, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--only", nargs="*", help="rows to run; all of them without it")
    parser.add_argument("--recipes", nargs="*", default=list(SELECTIONS))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for path in sorted((HERE / "rows").glob("*.json")):
        row = json.loads(path.read_text())
        if arguments.only and path.stem not in arguments.only:
            continue
        if not (arguments.data / row["data"]).is_dir():
            print(f"{path.stem}: skipped, {arguments.data / row['data']} is not there")
            continue
        for recipe in row["recipes"]:
            if recipe in arguments.recipes:
                run_row(path.stem, row, recipe, arguments.data, arguments.seeds)


def run_row(name: str, row: dict[str, str], recipe: str, data_root: Path, seeds: int) -> None:
    """Every seed of one row and recipe that has no result of the present source yet."""
    missing = [seed for seed in range(seeds) if not is_present("run", read(place(name, recipe, seed)) or {})]
    if not missing:
        return
    words = recipe == "default" and row.get("texts")  # the others read no words, and vectors as published
    config = ExperimentConfig(
        data_root / row["data"],
        () if words else (data_root / row["text_features"],),
        str(data_root / row["texts"]) if words else None,
        split=row["split"],
        text=row["text"],
        recipe=recipe,
    )
    data = Sources(config).load(text_kinds(config.text))
    experiment = Experiment(data.benchmark, data.of_set(config.text), recipe_for(recipe, config.split))
    about = origin("run")
    for seed in missing:
        trained = train(experiment, seed)
        result = dict(about)
        for selection in SELECTIONS[recipe]:
            record = judge(trained, selection)
            gate = {"median_p_seen": np.median(record.answers.routing), "largest_p_seen": record.answers.routing.max()}
            numbers = {**asdict(record.scores), **record.extra, **gate, "seconds": record.seconds}
            result[selection] = {key: float(value) for key, value in numbers.items()}
        write(place(name, recipe, seed), result)
        print(name, recipe, seed, *(f"{s}: H {result[s]['harmonic_mean']:.3f}" for s in SELECTIONS[recipe]))


def place(name: str, recipe: str, seed: int) -> str:
    """Where a result lies."""
    return f"{name}-{recipe}/{seed}"


if __name__ == "__main__":
    main()
