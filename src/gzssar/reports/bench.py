"""A bench as tables and pictures: bench.md, bench.csv, figures/."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from gzssar.evaluation.paired import METRICS, Difference, Estimate, Row, differences, estimates, of_splits
from gzssar.evaluation.summary import percent
from gzssar.files import write_all
from gzssar.palette import GRID, INK, MUTED, PAPER, png, shorten

HEADS = dict(
    zip(("ZSL", "S", "U", "H", "oracle H", "AUSUC", "gate AUC", "gate ECE", "class-mean H"), METRICS, strict=True)
)
"""Column heads, and the metric behind each."""
_PAIRED = ("ZSL", "H", "AUSUC")
_NARROW = ("ZSL", "S", "U", "H", "AUSUC")
"""What fits into 80 columns."""
_COLOURS = ("#000000", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
"""Of Okabe and Ito, told apart with any colour vision; with four styles of line they are enough for 32 methods."""
_STYLES = ("-", "--", ":", "-.")

Curves = tuple[np.ndarray, Mapping[str, np.ndarray]]
"""Seen accuracies, and each method's unseen accuracy at them."""


def write_bench_report(folder: Path, rows: Sequence[Row], curves: Curves, notes: Sequence[str] = ()) -> None:
    """Write bench.md, bench.csv and two pictures; all of them or, where there is no room, none.

    Args:
        folder: made where it does not exist.
        rows: of all cells.
        curves: the mean seen–unseen curve of each method.
        notes: what else the reader should know, in sentences.
    """
    pictures = {"intervals": intervals(rows), "curves": seen_unseen_curves(rows, curves)}
    drawn = {f"figures/{name}.png": png(figure) for name, figure in pictures.items()}
    lines = io.StringIO()
    table = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_all(folder, {**drawn, "bench.csv": lines.getvalue(), "bench.md": bench_markdown(rows, notes)})


def covers(rows: Sequence[Row]) -> str:
    """What every ± is, in sentences."""
    data = {row["data"]: len({one["split"] for one in rows if one["data"] == row["data"]}) for row in rows}
    seeds = len({row["seed"] for row in rows})
    splits = " and ".join(f"{count} of {name}" for name, count in data.items())
    per_split = f"averaged over {seeds} seeds" if seeds > 1 else "with one seed"
    several = " All benchmarks have the same weight and are held fixed." if len(data) > 1 else ""
    return (
        f"Per-sample accuracy in %, as mean ± standard error over class splits ({splits}), each {per_split}.{several} "
        "± covers the choice of unseen classes. It does not cover the encoder, the performers who train, or the words "
        "of the texts."
    )


def bench_tables(rows: Sequence[Row]) -> Group:
    """For the terminal: the methods' scores, where the best H stands out, then the differences to the first method."""
    first, paired = _paired(rows)
    below = Table(box=SIMPLE_HEAD, pad_edge=False, caption="Over the same splits, in points.", caption_justify="left")
    below.add_column("difference")
    for head in _PAIRED:
        below.add_column(head, justify="right", no_wrap=True)
    for other in dict.fromkeys(b for b, _ in paired):
        name = Text(f"{shorten(first, 14)} − {shorten(other, 14)}")
        below.add_row(name, *(points(paired[other, HEADS[head]]) for head in _PAIRED))
    return Group(_scores(rows), *([below] if paired else []))


def _paired(rows: Sequence[Row]) -> tuple[str, dict[tuple[str, str], Difference]]:
    """The first method, and its differences to each other method, by that and by metric."""
    first = rows[0]["method"]
    return first, {(one["b"], one["metric"]): one for one in differences(rows) if one["a"] == first}


def _scores(rows: Sequence[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=Text(covers(rows)), caption_justify="left")
    table.add_column("method", no_wrap=True)
    for head in _NARROW:
        table.add_column(head, justify="right", no_wrap=True)
    of = estimates(rows)
    best = max(of, key=lambda name: of[name]["mean"]["harmonic_mean"])
    for name, estimate in of.items():
        table.add_row(Text(shorten(name, 14)), *_cells(estimate, _NARROW), style="bold" if name == best else None)
    return table


def bench_markdown(rows: Sequence[Row], notes: Sequence[str] = ()) -> str:
    """All tables: of all benchmarks together, then of each, where there are several."""
    names = list(dict.fromkeys(row["data"] for row in rows))
    lines = ["# Bench", "", covers(rows), "", *(f"- {note}" for note in notes), *[""] * bool(notes)]
    lines += score_tables(rows)
    for name in names if len(names) > 1 else []:
        lines += [f"## {name}", "", *score_tables([row for row in rows if row["data"] == name])]
    lines += ["![Intervals](figures/intervals.png)", "", "![Seen–unseen curves](figures/curves.png)", ""]
    return "\n".join(lines)


def score_tables(rows: Sequence[Row]) -> list[str]:
    """Lines of Markdown: each method's scores, and of the first method's differences to the others."""
    lines = _markdown(
        ("method", *HEADS, "seconds"),
        [(name, *_cells(one, tuple(HEADS)), f"{one['mean']['seconds']:.1f}") for name, one in estimates(rows).items()],
    )
    first, paired = _paired(rows)
    others = dict.fromkeys(b for b, _ in paired)
    if others:
        lines += ["Paired differences over the same splits, in points:", ""]
        cells = [
            (
                f"{first} − {b}",
                *(points(paired[b, HEADS[head]]) for head in _PAIRED),
                str(paired[b, METRICS[0]]["splits"]),
            )
            for b in others
        ]
        lines += _markdown(("", *_PAIRED, "splits"), cells)
    return lines


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def _cells(one: Estimate, heads: Sequence[str]) -> list[str]:
    return [percent(one["mean"][HEADS[head]], one["se"][HEADS[head]]) for head in heads]


def points(one: Difference) -> str:
    """A difference with its sign: ``+3.4 ± 1.3``."""
    return ("+" if one["mean"] >= 0 else "") + percent(one["mean"], one["se"]).replace("-", "−")


def intervals(rows: Sequence[Row]) -> Figure:
    """ZSL, H and AUSUC side by side: a method's mean ± standard error, above a faint dot for each split."""
    of = estimates(rows)
    figure = Figure(figsize=(9, 1.1 + 0.32 * len(of)), layout="constrained", facecolor=PAPER)
    panels = figure.subplots(1, len(_PAIRED), sharey=True, squeeze=False)[0]
    for axes, head in zip(panels, _PAIRED, strict=True):
        metric = HEADS[head]
        for y, (name, one) in enumerate(of.items()):
            splits = list(of_splits(rows, name, metric).values())
            axes.scatter(splits, np.full(len(splits), y + 0.27), s=8, color=MUTED, alpha=0.45, linewidths=0)
            axes.errorbar(
                one["mean"][metric], y, xerr=one["se"][metric] or 0, fmt="o", color=INK, markersize=5, capsize=4
            )
        axes.set_title(head, fontsize=10, color=INK, loc="left")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8, colors=MUTED, labelcolor=INK)
        axes.grid(axis="x", color=GRID, linewidth=0.7)
    panels[0].set_yticks(range(len(of)), [shorten(name, 26) for name in of], parse_math=False)
    panels[0].set_ylim(len(of) - 0.5, -0.5)
    figure.supxlabel("mean ± standard error over class splits; below it, a dot for each split", fontsize=8, color=MUTED)
    return figure


def seen_unseen_curves(rows: Sequence[Row], curves: Curves) -> Figure:
    """Unseen accuracy over seen accuracy for all thresholds, a mean curve per method; a dot where its own threshold
    puts it; faint lines of equal H."""
    seen, unseen = curves
    of = estimates(rows)
    figure = Figure(figsize=(9, 6), layout="constrained", facecolor=PAPER)
    axes = figure.subplots()
    for h in np.arange(0.1, 1, 0.1):
        x = h / 2 + np.geomspace(h / (2 - h) - h / 2, 1 - h / 2, 100)
        axes.plot(x, h * x / (2 * x - h), color=GRID, linewidth=0.8, zorder=0)
        axes.annotate(f"H {h:.0%}", (1, h / (2 - h)), fontsize=7, color=MUTED, va="center")
    for k, (name, values) in enumerate(unseen.items()):
        colour, style = _COLOURS[k % len(_COLOURS)], _STYLES[k // len(_COLOURS) % len(_STYLES)]
        axes.plot(seen, values, style, color=colour, linewidth=1.5, label=shorten(name, 26))
        mean = of[name]["mean"]
        axes.plot(mean["seen_accuracy"], mean["unseen_accuracy"], "o", color=colour, markersize=6)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors=MUTED, labelcolor=INK)
    axes.set_xlabel("S, seen accuracy", fontsize=9, color=INK)
    axes.set_ylabel("U, unseen accuracy", fontsize=9, color=INK)
    figure.legend(loc="outside right upper", fontsize=8, frameon=False, labelcolor=INK)
    return figure
