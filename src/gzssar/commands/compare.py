"""`gzssar compare`: two runs on the same test clips."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gzssar.commands.options import OUT
from gzssar.evaluation.summary import PER_SAMPLE

if TYPE_CHECKING:
    from gzssar.evaluation.comparison import Compared


@dataclass(frozen=True)
class CompareConfig:
    """Paired differences of two runs on the same test clips."""

    run_a: Annotated[Path, tyro.conf.Positional]
    """A folder that `gzssar run` wrote."""

    run_b: Annotated[Path, tyro.conf.Positional]
    """Another one, on the same data and the same class split."""

    out: Annotated[Path | None, OUT] = None
    """A JSON file for the same numbers, as fractions in [0, 1]."""


def compare(config: Annotated[CompareConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Compare two runs: differences of ZSL, S, U and H with bootstrap intervals over clips and over classes."""
    from gzssar.evaluation.comparison import RESAMPLES, SHARE, compare as compare_answers
    from gzssar.experiment.folder import finished_records
    from gzssar.files import require_free, write_json

    if config.out:
        require_free(config.out)
    a, b = finished_records(config.run_a), finished_records(config.run_b)
    found = compare_answers([record.answers for record in a], [record.answers for record in b])
    clips = len(a[0].answers.labels)
    seeds = f"{len(a)} and {len(b)} seed{'s' * (len(b) > 1)}"
    told = (
        f"A is {config.run_a}, B is {config.run_b}: means over {seeds}, on {clips} test clips. In brackets: "
        f"{SHARE:.0%} of {RESAMPLES} bootstrap resamples, of clips and of classes, but not of seeds."
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=Text(told), caption_justify="left")
    table.add_column("accuracy, %")
    for head in ("A", "B", "A − B", "over clips", "over classes"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in found:
        table.add_row(*_cells(one))
    Console().print(table)
    if config.out:
        runs = {"a": str(config.run_a), "b": str(config.run_b)}
        how = {"seeds": [[record.seed for record in records] for records in (a, b)], "clips": clips}
        how |= {"share": SHARE, "resamples": RESAMPLES}
        write_json(config.out, {**runs, **how, "differences": [asdict(one) for one in found]})


def _cells(one: "Compared") -> list[str]:
    head = next(head for head, score in PER_SAMPLE.items() if score == one.metric)
    spans = [f"[{_points(low)}, {_points(high)}]" for low, high in (one.over_clips, one.over_classes)]
    return [head, f"{100 * one.a:.1f}", f"{100 * one.b:.1f}", _points(one.difference), *spans]


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−")
