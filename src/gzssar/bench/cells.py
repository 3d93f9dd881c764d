"""Cells: one method with one seed on one cut. Each is a file of its own, named by a hash of all that decides about it,
so that no cell runs twice, and what another call or another source has left there is never taken for it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.linear_model  # noqa: F401  # here, since the time of a worker's first cell would include it

from gzssar.bench.cuts import Cut
from gzssar.errors import OutputError
from gzssar.evaluation.paired import METRICS, Row
from gzssar.evaluation.protocol import seen_unseen_curve
from gzssar.experiment.data import check_gate
from gzssar.experiment.story import Experiment, run_seed
from gzssar.files import output, write_json
from gzssar.methods.recipe import Recipe

CELLS = "cells"
"""Their folder."""

SEEN_ACCURACIES = np.linspace(0, 1, 101)
"""Where cells keep the unseen accuracy of the seen–unseen curve."""


@dataclass(frozen=True)
class Bench:
    """What runs: every recipe with every seed on every cut."""

    folder: Path
    cuts: Sequence[Cut]
    recipes: Mapping[str, Recipe]
    """By the names that rows have."""
    seeds: int
    program: Mapping[str, Any]
    """What makes the numbers."""

    def path(self, cut: Cut, recipe: Recipe, seed: int) -> Path:
        """Where a cell lies once it is done; the recipe's name does not count."""
        choices = {name: value for name, value in recipe.described().items() if name != "name"}
        who = {"program": self.program, "cut": cut.identity(), "recipe": choices, "seed": seed}
        digest = hashlib.sha256(json.dumps(who, sort_keys=True).encode()).hexdigest()
        return self.folder / CELLS / f"{digest[:32]}.json"

    def missing(self, cut: Cut) -> list[tuple[Recipe, int, Path]]:
        """Cells of a cut that have yet to run."""
        cells = [(recipe, seed) for recipe in self.recipes.values() for seed in range(self.seeds)]
        there = [(recipe, seed, self.path(cut, recipe, seed)) for recipe, seed in cells]
        return [one for one in there if not one[2].exists()]

    def rows(self) -> tuple[list[Row], list[list[float]], list[str]]:
        """Of all cells, which are done: their rows, their unseen accuracies at :data:`SEEN_ACCURACIES`, and the
        machines that they ran on.

        Raises:
            OutputError: a cell's file is damaged.
        """
        rows: list[Row] = []
        curves: list[list[float]] = []
        machines: list[str] = []
        for cut in self.cuts:
            for name, recipe in self.recipes.items():
                for seed in range(self.seeds):
                    cell = _read(self.path(cut, recipe, seed))
                    rows.append({"method": name, "data": cut.data, "split": cut.split, "seed": seed, **cell["scores"]})
                    curves.append(cell["curve"])
                    machines.append(cell["machine"])
        return rows, curves, machines


def run_cut(bench: Bench, number: int, progress: object = None) -> None:
    """Run what is missing of a cut, cell by cell, and keep each. The cut is made once; logits are made, and given, only
    where a method says that it needs them, so that no method's numbers depend on its company.

    Raises:
        GzssarError: a method does not suit the data, or the folder cannot be written.
    """
    cut = bench.cuts[number]
    load = lru_cache(maxsize=1)(cut.load)
    for recipe, seed, path in sorted(bench.missing(cut), key=lambda cell: _needs_logits(cell[0])):
        data = load(_needs_logits(recipe))
        check_gate(data.benchmark.of_seed(seed), recipe)
        record = run_seed(Experiment(data.benchmark, data.texts, recipe), seed)
        numbers = {**asdict(record.scores), "seconds": record.seconds}
        seen, unseen = seen_unseen_curve(record.answers)
        curve = np.interp(SEEN_ACCURACIES, seen[::-1], unseen[::-1], right=0.0)
        told = {name: float(numbers[name]) for name in (*METRICS, "seconds")}
        kept = {"scores": told, "curve": curve.tolist(), "machine": record.machine}
        with output(bench.folder):
            write_json(path, kept)


def _needs_logits(recipe: Recipe) -> bool:
    return bool(getattr(recipe.method, "needs_logits", False))


def _read(path: Path) -> dict[str, Any]:
    try:
        cell: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if cell.keys() >= {"scores", "curve", "machine"} and cell["scores"].keys() >= set(METRICS):
            return cell
    except (OSError, ValueError, AttributeError, RecursionError):
        pass
    raise OutputError(f"{path} should hold the scores of one method on one split, but it does not: delete it.")
