"""The folder of a run: what was asked, what came out, and how to go on after a kill."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gzssar.errors import DataError
from gzssar.evaluation.record import SeedRecord, load_record, save_record
from gzssar.experiment.config import ExperimentConfig
from gzssar.files import output, require_free, require_same, require_writable, write_json
from gzssar.methods.recipe import Recipe
from gzssar.provenance import environment, source_hash, versions
from gzssar.texts.encoding import text_kinds


def identity(config: ExperimentConfig, recipe: Recipe, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What must be equal for two runs to be the same experiment; the number of seeds, of jobs and the folder may
    differ."""
    hashed = ("synse", "text_features", "texts", "class_names")
    apart = ("recipe", "out", "jobs", "seeds", "first_seed", *hashed)
    asked = {name: value for name, value in asdict(replace(config, recipe="default")).items() if name not in apart}
    asked["text"] = "+".join(text_kinds(config.text))
    program = {"versions": versions(), "source": source_hash()}
    return {**program, "experiment": asked, "recipe": recipe.described(), "inputs": dict(inputs)}


class RunFolder:
    """An output folder that belongs to one experiment."""

    def __init__(self, path: Path, who: Mapping[str, Any], how: Mapping[str, Any]) -> None:
        """Name the folder, or go on in it if the same experiment began there. Nothing is written before the first
        seed is saved, so that wrong inputs leave no trace.

        Args:
            path: made where it does not exist.
            who: the experiment's identity.
            how: what may differ between two runs of the same experiment, such as the seeds; kept for the record.

        Raises:
            OutputError: it holds another run or other files, or cannot be written.
        """
        self.path, self.who, self.how = path, who, how
        self.fingerprint = hashlib.sha256(json.dumps(who, sort_keys=True).encode()).hexdigest()[:12]
        require_writable(path)
        if (config := path / "config.json").exists():
            require_same(config, who)
        else:
            require_free(path, folder=True)

    def record(self, seed: int) -> SeedRecord | None:
        """A finished seed's record, or None where it has yet to run."""
        path = self._seed_path(seed)
        return load_record(path) if path.exists() else None

    def describe(self) -> None:
        """Write ``config.json``: what the run is, and how it was last called."""
        about = {"fingerprint": self.fingerprint, **self.how, "environment": environment()}
        write_json(self.path / "config.json", {**self.who, **about})

    def save(self, record: SeedRecord) -> None:
        """Keep a finished seed, and what the run is.

        Raises:
            OutputError: the folder cannot be written.
        """
        with output(self.path):
            self.describe()
            save_record(self._seed_path(record.seed), record)

    def _seed_path(self, seed: int) -> Path:
        return self.path / "seeds" / f"{seed}.npz"


def finished_records(path: Path) -> list[SeedRecord]:
    """What the seeds of a run's folder left behind, in order of seed.

    Raises:
        DataError: it is no folder of a run, or a record is damaged.
    """
    found = [load_record(file) for file in (path / "seeds").glob("*.npz")]
    if not found:
        raise DataError(f"{path} should be a folder that gzssar run wrote, but it holds no seeds/*.npz.")
    return sorted(found, key=lambda record: record.seed)
