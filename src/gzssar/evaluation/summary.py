"""From the records of several seeds to the numbers a paper prints: mean ± sample standard deviation."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict

from gzssar.errors import DataError
from gzssar.evaluation.record import SeedRecord

PER_SAMPLE = {
    "ZSL": "zsl_accuracy",
    "S": "seen_accuracy",
    "U": "unseen_accuracy",
    "H": "harmonic_mean",
    "oracle H": "oracle_gate_harmonic_mean",
}
"""Column heads of per-sample accuracies and the score behind each."""

MEAN_CLASS = {
    "ZSL": "zsl_mean_class_accuracy",
    "S": "seen_mean_class_accuracy",
    "U": "unseen_mean_class_accuracy",
    "H": "mean_class_harmonic_mean",
}
"""The same for mean-class accuracies; the oracle gate is scored per sample only."""


class Summary(TypedDict):
    """What several seeds say together."""

    seeds: list[int]
    mean: dict[str, float]
    """By name: every score, every number in ``extra`` that all seeds have, and ``seconds``."""
    sd: dict[str, float | None]
    """Sample standard deviations (n - 1) under the same names; None for a single seed, whose spread is unknown."""


@dataclass(frozen=True)
class ReportHeader:
    """What a report says about an experiment besides its numbers."""

    title: str
    recipe: str
    """Name of the recipe, e.g. ``default`` or ``paper``."""
    selection: str
    """Rule that chose whatever was chosen, e.g. ``validation``."""
    split: str
    """Name of the class split, e.g. ``ntu60-55-5``."""
    texts: str
    """Fused text sets, e.g. ``lb+ad+md``."""
    data: str
    """One sentence on the clips and where they come from."""
    synthetic: bool = False
    """The clips are made up: the report says so in a banner."""
    encoder_seeded: bool = False
    """The encoder is trained anew with each seed; otherwise one serves all, and no ± tells of another."""
    seconds: float = 0.0
    """Wall-clock time of the whole experiment."""
    command: str = ""
    """Command line that repeats the experiment."""
    config_hash: str = ""
    """Fingerprint of ``config.json``."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Versions and hardware by name."""
    notes: tuple[str, ...] = ()
    """Further lines the reader should know."""


def summarise(records: Sequence[SeedRecord]) -> Summary:
    """Mean and sample standard deviation over seeds of every number the records hold.

    Raises:
        DataError: there are no records.
    """
    if not records:
        raise DataError("a summary needs the record of at least one seed, but there are none.")
    rows = [_numbers(record) for record in records]
    columns = {name: [row[name] for row in rows] for name in rows[0] if all(name in row for row in rows)}
    return Summary(
        seeds=[record.seed for record in records],
        mean={name: statistics.fmean(values) for name, values in columns.items()},
        sd={name: _sample_sd(values) for name, values in columns.items()},
    )


def scores_json(records: Sequence[SeedRecord], header: ReportHeader) -> dict[str, Any]:
    """The content of ``scores.json``: fractions in [0, 1], one entry per seed, then mean and sd; nan becomes None."""
    summary = summarise(records)
    return {
        "recipe": header.recipe,
        "selection": header.selection,
        "split": header.split,
        "texts": header.texts,
        "seeds": [{"seed": record.seed, **_finite(_numbers(record)), "machine": record.machine} for record in records],
        "mean": _finite(summary["mean"]),
        "sd": _finite(summary["sd"]),
        "seconds": float(header.seconds),
    }


def typical(records: Sequence[SeedRecord]) -> SeedRecord:
    """The seed with the median H (the lower one of an even number): what to draw when one seed must do."""
    return sorted(records, key=lambda record: record.scores.harmonic_mean)[(len(records) - 1) // 2]


def percent(mean: float, sd: float | None = None) -> str:
    """``0.613, 0.021`` → ``61.3 ± 2.1``; an unknown spread is left out, an unknown mean is a dash."""
    if not math.isfinite(mean):
        return "–"
    return f"{100 * mean:.1f}" if sd is None else f"{100 * mean:.1f} ± {100 * sd:.1f}"


def summary_percent(summary: Summary, score: str) -> str:
    """One score of `summary` in percent."""
    return percent(summary["mean"][score], summary["sd"][score])


def spread_covers(summary: Summary, header: ReportHeader) -> str:
    """What ± covers, in a sentence; nothing where there is one seed and no ±."""
    if len(summary["seeds"]) == 1:
        return ""
    if header.encoder_seeded:
        return "± covers the training of the encoders and the seeds of method and folds, but not the class split."
    return "± covers the seeds of method and folds, but neither the training of the encoder nor the class split."


def duration(seconds: float) -> str:
    """``133`` → ``2 min 13 s``, in the two units that matter."""
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _numbers(record: SeedRecord) -> dict[str, float]:
    """Every number of one seed by name, as plain floats."""
    numbers = {**asdict(record.scores), **record.extra, "seconds": record.seconds}
    return {name: float(value) for name, value in numbers.items()}


def _sample_sd(values: list[float]) -> float | None:
    if len(values) < 2:
        return None
    return statistics.stdev(values) if all(map(math.isfinite, values)) else math.nan


def _finite(numbers: Mapping[str, float | None]) -> dict[str, float | None]:
    """JSON knows no nan."""
    return {k: v if v is not None and math.isfinite(v) else None for k, v in numbers.items()}
