"""The section of RESULTS.md on the steps from `paper` to `default`."""

import json
from pathlib import Path

from gzssar.evaluation.paired import Row, differences, estimates
from gzssar.evaluation.summary import percent
from gzssar.reports.bench import HEADS, covers, points
from report_bench import cells
from results import RESULTS, heading, origins


def ablation() -> list[str]:
    """A part for each ``results/ablation-NAME.json``."""
    parts = [line for path in sorted(RESULTS.glob("ablation-*.json")) for line in _steps(path)]
    about = (
        "`python benchmarks/ablation.py`: each row changes a field, or a few, and keeps all changes of the rows above "
        "it, from `paper` to `msf` and then from `ridge` to `default`. *step's H* is the paired difference in H to the "
        "row above, in points, with its standard error. The script says what each step changes. A step shows the "
        "effect of a field in this order, not its effect alone. For example, `constant` gives the KL terms their full "
        "weight from the first step of training. So the posteriors collapse, and ZSL falls to chance, until "
        "`likelihood` gives the reconstruction more weight. `seen means` gives the gate scores that it cannot use "
        "until `best scores`."
    )
    return ["## From paper to default", "", about, "", *parts] if parts else []


def _steps(path: Path) -> list[str]:
    result = json.loads(path.read_text(encoding="utf-8"))
    rows: list[Row] = list(cells(result))
    steps = estimates(rows)
    later = differences(rows[::-1])
    gains = {(one["a"], one["b"]): one for one in later if one["metric"] == HEADS["H"]}
    lines = [*heading(path.stem.removeprefix("ablation-"), "bench", result, level=3), covers(rows), ""]
    lines += [f"| step | {' | '.join(HEADS)} | step's H | seconds |", "|---|" + "---:|" * (len(HEADS) + 2)]
    above = None
    for step, one in steps.items():
        scores = [percent(one["mean"][metric], one["se"][metric]) for metric in HEADS.values()]
        gain = points(gains[step, above]) if above else "–"
        lines.append(f"| {step} | {' | '.join(scores)} | {gain} | {one['mean']['seconds']:.1f} |")
        above = step
    return [*lines, "", *origins(result), ""]
