"""The section of RESULTS.md on class splits drawn at random."""

import json
import math
from pathlib import Path
from typing import Any

from gzssar.evaluation.paired import METRICS
from gzssar.reports.bench import covers, score_tables
from results import RESULTS, heading, origins

_GIVEN = (
    " The features of mix43 came with the benchmark, and we do not have the weights that made them. The features that "
    "`benchmarks/mix43.py` computes with published weights give a mean H that is 5 to 8 points lower on the five named "
    "splits (docs/reproducing.md)."
)
UNSET = ("None", "()")
"""How bench.json names what was not asked."""


def random_splits() -> list[str]:
    """A part for each ``results/bench-NAME.json``."""
    parts = [line for path in sorted(RESULTS.glob("bench-*.json")) for line in _bench(path)]
    about = (
        "`gzssar bench` ([the commands](../docs/reproducing.md#random-class-splits)); "
        "`python benchmarks/keep_bench.py` stores its results. ± is the standard error over splits."
    )
    return ["## Random class splits", "", about, "", *parts] if parts else []


def _bench(path: Path) -> list[str]:
    result = json.loads(path.read_text())
    rows = bench_rows(result)
    names = list(dict.fromkeys(row["data"] for row in rows))
    lines = [
        *heading(path.stem.removeprefix("bench-"), "bench", result, level=3),
        f"{covers(rows)}{_GIVEN if 'mix43' in names else ''}",
        "",
        *score_tables(rows),
    ]
    for name in names if len(names) > 1 else []:
        lines += [f"#### {name}", "", *score_tables([row for row in rows if row["data"] == name])]
    asked = [f"--{name.replace('_', '-')} {value}" for name, value in result["arguments"].items() if value not in UNSET]
    return [*lines, f"- asked: `{' '.join(asked)}`", *origins(result), ""]


def bench_rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of a bench that was kept; those of the default first, as the others are subtracted from it."""
    return sorted(cells(result), key=lambda row: row["method"] != "default")


def cells(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of a bench that was kept, as they came."""
    unknown = dict.fromkeys(METRICS, math.nan)  # an older bench measured less
    return [unknown | dict(zip(result["columns"], values, strict=True)) for values in result["rows"]]
