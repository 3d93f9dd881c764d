"""What one seed leaves behind: its scores and the evidence the report draws, in plain numpy, in one file."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from gzssar.errors import DataError
from gzssar.evaluation.protocol import GzslAnswers, Scores
from gzssar.files import writing


@dataclass(frozen=True)
class SeedRecord:
    """Scores and evidence of one seed; enough to draw every picture without a model."""

    seed: int
    scores: Scores
    seconds: float
    """Wall-clock time of this seed."""
    answers: GzslAnswers
    latents: np.ndarray
    """(N, Z): where the GZSL test clips lie in the method's space; Z = 0 where it shows none."""
    text_latents: np.ndarray
    """(K, Z): where the class texts lie there."""
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Loss curves by name, e.g. ``"skeleton reconstruction"``: one value per logged step, of equal length; the entry
    ``"step"`` holds the step numbers."""
    extra: Mapping[str, float] = field(default_factory=dict)
    """Further numbers worth a column in scores.json, e.g. the chosen cycle, the temperature."""
    machine: str = ""
    """Where it ran: processor, cores and instructions; empty where that was not noted."""


_ANSWERS = ("labels", "is_seen", "seen_predictions", "unseen_predictions", "routing")


_UNREADABLE = (KeyError, ValueError, TypeError, EOFError, OSError, RuntimeError, BadZipFile, zlib.error)
"""What numpy, zip and JSON raise on files that are not records, or no longer."""


def save_record(path: Path, record: SeedRecord) -> None:
    """Write `record` to `path` (.npz); a kill leaves the old file or the new one, never half of one."""
    header = {
        "seed": record.seed,
        "seconds": record.seconds,
        "scores": asdict(record.scores),
        "threshold": record.answers.threshold,
        "extra": dict(record.extra),
        "machine": record.machine,
    }
    arrays = {name: getattr(record.answers, name) for name in _ANSWERS}
    arrays |= {"latents": record.latents, "text_latents": record.text_latents}
    arrays |= {f"curve {name}": values for name, values in record.curves.items()}
    with writing(path) as file:
        np.savez_compressed(file, header=np.array(json.dumps(header)), **arrays)


def load_record(path: Path) -> SeedRecord:
    """Read what :func:`save_record` wrote.

    Raises:
        DataError: the file is not a record.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            header = json.loads(str(data["header"]))
            return SeedRecord(
                seed=header["seed"],
                scores=Scores(**header["scores"]),
                seconds=header["seconds"],
                answers=GzslAnswers(**{name: data[name] for name in _ANSWERS}, threshold=header["threshold"]),
                latents=data["latents"],
                text_latents=data["text_latents"],
                curves={k.removeprefix("curve "): data[k] for k in data.files if k.startswith("curve ")},
                extra=header["extra"],
                machine=header.get("machine", ""),
            )
    except _UNREADABLE as error:
        raise DataError(f"{path} should hold the record of one seed, but it does not ({error}): delete it.") from error
