"""Scores as tables for the terminal and for Markdown."""

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from gzssar.evaluation.summary import (
    MEAN_CLASS,
    PER_SAMPLE,
    ReportHeader,
    Summary,
    duration,
    spread_covers,
    summary_percent,
)


def rich_table(summary: Summary, header: ReportHeader) -> Table:
    """ZSL, S, U, H and the oracle gate's H in percent, per sample and mean-class."""
    table = _table(header, summary, first="accuracy, %")
    table.caption = _caption(f"{header.split} · {header.texts} · {duration(header.seconds)}", summary, header)
    for name, scores in (("per sample", PER_SAMPLE), ("mean class", MEAN_CLASS)):
        table.add_row(name, *_cells(summary, scores))
    return table


def ablation_table(rows: Mapping[str, Summary], header: ReportHeader) -> Table:
    """One row of per-sample accuracies per text set; the best H stands out.

    Args:
        rows: text set, e.g. ``lb+ad``, to its summary; all under the recipe and the selection rule of `header`.
        header: names recipe, selection rule and split.
    """
    one = next(iter(rows.values()))
    table = _table(header, one, first="texts")
    table.caption = _caption(f"{header.split} · per-sample accuracy, % · {duration(header.seconds)}", one, header)
    best = _best(rows)
    for name, summary in rows.items():
        table.add_row(Text(name), *_cells(summary, PER_SAMPLE), style="bold" if name == best else None)
    return table


def ablation_markdown(rows: Mapping[str, Summary], header: ReportHeader) -> str:
    """The table of :func:`ablation_table` as Markdown, with a line that names recipe, selection rule and seeds, and
    says what ± covers."""
    best, one = _best(rows), next(iter(rows.values()))
    lines = [
        f"{_title(header, one)} · {header.split}. Per-sample accuracy, %. {spread_covers(one, header)}".rstrip(),
        "",
        "| " + " | ".join(("texts", *PER_SAMPLE)) + " |",
        "| --- |" + " ---: |" * len(PER_SAMPLE),
    ]
    for name, summary in rows.items():
        mark = "**" if name == best else ""
        cells = (name, *_cells(summary, PER_SAMPLE))
        lines.append("| " + " | ".join(f"{mark}{cell}{mark}" for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _table(header: ReportHeader, summary: Summary, first: str) -> Table:
    """An empty table with the columns all tables here share."""
    table = Table(
        title=Text(_title(header, summary)),
        box=SIMPLE_HEAD,
        pad_edge=False,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column(first, no_wrap=True)
    for name in PER_SAMPLE:
        table.add_column(name, justify="right", no_wrap=True, style="dim" if name == "oracle H" else None)
    return table


def _caption(facts: str, summary: Summary, header: ReportHeader) -> Text:
    """A line of facts, and below it what ± covers."""
    return Text("\n".join(filter(None, (facts, spread_covers(summary, header)))))


def _title(header: ReportHeader, summary: Summary) -> str:
    count = len(summary["seeds"])
    seeds = "1 seed" if count == 1 else f"{count} seeds, mean ± sd"
    return f"recipe {header.recipe} · selection {header.selection} · {seeds}"


def _cells(summary: Summary, scores: Mapping[str, str]) -> list[str]:
    return [summary_percent(summary, scores[column]) if column in scores else "–" for column in PER_SAMPLE]


def _best(rows: Mapping[str, Summary]) -> str:
    return max(rows, key=lambda name: rows[name]["mean"]["harmonic_mean"])
