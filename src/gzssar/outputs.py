"""The folder of a run: what was asked, what came out, and how to go on after a kill."""

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gzssar.config import ExperimentConfig, Recipe
from gzssar.errors import OutputError
from gzssar.evaluation.record import SeedRecord, load_record, save_record
from gzssar.files import write_json


def identity(config: ExperimentConfig, recipe: Recipe, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What must be equal for two runs to be the same experiment; the number of seeds, of jobs and the folder may
    differ."""
    asked = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(config).items()
        if name not in ("out", "jobs", "seeds", "first_seed")
    }
    return {"gzssar": version("gzssar"), "experiment": asked, "recipe": asdict(recipe), "inputs": dict(inputs)}


def environment() -> dict[str, str]:
    """Versions and hardware."""
    packages = {name: version(name) for name in ("gzssar", "torch", "numpy", "scikit-learn")}
    cores = f"{os.cpu_count()} cores, one thread per seed"
    return {"python": platform.python_version(), **packages, "machine": f"{_processor()}, {cores}"}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


class RunFolder:
    """An output folder that belongs to one experiment."""

    def __init__(self, path: Path, who: Mapping[str, Any]) -> None:
        """Take the folder, or go on in it if the same experiment began there.

        Args:
            path: made where it does not exist.
            who: the experiment's identity.

        Raises:
            OutputError: it holds another run or other files, or cannot be written.
        """
        self.path = path
        self.fingerprint = hashlib.sha256(json.dumps(who, sort_keys=True).encode()).hexdigest()[:12]
        if path.exists() and not path.is_dir():
            raise OutputError(f"{path} should be a folder for the results, but it is a file: name another one.")
        if path.is_dir() and any(path.iterdir()):
            self._check_same(who)
            return
        try:
            write_json(path / "config.json", {**who, "fingerprint": self.fingerprint, "environment": environment()})
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({error}): name another folder.") from error

    def _check_same(self, who: Mapping[str, Any]) -> None:
        config = self.path / "config.json"
        try:
            there = json.loads(config.read_text())
        except FileNotFoundError:
            raise OutputError(f"{self.path} holds files that are no run: name another folder with --out.") from None
        except (OSError, ValueError) as error:
            raise OutputError(f"{config} cannot be read ({error}): name another folder.") from error
        if differs := [key for key in who if there.get(key) != json.loads(json.dumps(who[key]))]:
            raise OutputError(
                f"{self.path} holds another run, which differs in {' and '.join(map(str, differs))} (see its "
                "config.json): name another folder with --out, or delete this one."
            )

    def record(self, seed: int) -> SeedRecord | None:
        """A finished seed's record, or None where it has yet to run."""
        path = self._seed_path(seed)
        return load_record(path) if path.exists() else None

    def save(self, record: SeedRecord) -> None:
        """Keep a finished seed."""
        save_record(self._seed_path(record.seed), record)

    def _seed_path(self, seed: int) -> Path:
        return self.path / "seeds" / f"{seed}.npz"
