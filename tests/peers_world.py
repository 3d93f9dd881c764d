"""The peers, quick enough for a toy world, and that world."""

from dataclasses import fields, replace
from pathlib import Path

from gzssar.experiment.story import Experiment
from gzssar.features.features import Benchmark
from gzssar.features.synse import read_synse
from gzssar.methods import METHODS, method_named
from gzssar.methods.method import Method, Texts
from gzssar.methods.recipe import Recipe
from gzssar.texts.features import read_text_tables
from synse_folder import write_synse_folder

OURS = ("msf", "ridge")
PEERS = [name for name in METHODS if name not in OURS]
LEARNERS = [name for name in PEERS if name != "chance"]

QUICK = {"cycles": 2, "steps": 50, "batch_size": 32, "learning_rate": 1e-2, "width": 32, "depth": 1}
"""Of methods that have such fields."""


def quick(name: str, **changes: float) -> Method:
    """A method of few steps; changes where it has such fields."""
    method = method_named(name)
    assert method is not None
    known = {one.name for one in fields(method)}
    return replace(method, **{key: value for key, value in (QUICK | changes).items() if key in known})


CLASSES = 24


def toy_world(folder: Path) -> tuple[Benchmark, Texts]:
    """More classes than the usual toy world has: a text that is an average of others needs others near it."""
    root = write_synse_folder(folder, CLASSES)
    tables = read_text_tables(root / "texts", ("lb", "ad", "md"), CLASSES)
    return read_synse(root), {kind: (table,) for kind, table in tables.items()}


def experiment(name: str, benchmark: Benchmark, texts: Texts, **changes: float) -> Experiment:
    """Few folds, each of which is one more task to train."""
    return Experiment(benchmark, texts, Recipe(name, quick(name, **changes), fold_classes=10))
