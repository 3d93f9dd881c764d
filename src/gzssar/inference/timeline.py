"""What happens when in a long recording, as a picture: one row of coloured segments, and the gate's p_seen below.

Seen classes are cold, unseen ones warm, as in the report's pictures; each class has one shade. Unsure stretches are
hatched. The gate's curve stands without a threshold: where a clip counts as seen, the scores of both kinds decide too.
"""

from collections.abc import Sequence
from itertools import cycle, product
from pathlib import Path
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from gzssar.files import writing
from gzssar.inference.segments import Segment, Stretch, clock
from gzssar.palette import GRID, INK, MUTED, PAPER, SEEN, UNSEEN, png

_NOTHING, _HATCHED = "#f1f3f6", "#c3cad4"
_UNSURE = "– unsure"
_COLD = (SEEN, "#7fc4ee", "#0f8f78", "#9db6dc", "#1c4a7c", "#5fb8a8", "#4f83c8", "#a9d8d0")
_WARM = (UNSEEN, "#f2b134", "#b5446e", "#f0a37f", "#8c2d04", "#e07aa6", "#c98500", "#f6c9a8")
_FAMILIES = {True: _COLD, False: _WARM}
_HATCHES = (None, "////", "....", "xxxx")
"""For classes beyond the shades of a family."""

_WIDTH, _LEFT, _RIGHT, _TOP = 9.0, 0.62, 0.62, 0.42
_ROW, _BETWEEN, _CURVE, _AXIS = 0.62, 0.1, 0.9, 0.5
_LEGEND_ROW, _LEGEND_COLUMNS = 0.2, 3
"""Inches, but for the last."""
_DPI = 160
_INCHES_PER_LETTER = 0.068
_LONGEST_TITLE, _LONGEST_NAME = 70, 32
_LONG = 120.0
"""Seconds from which times are minutes."""
_STEPS = (15, 30, 60, 120, 300, 600, 900, 1800, 3600)
"""Seconds between two ticks of a long recording, of which there are ten at most."""
_MANY = 400
"""Windows whose curve is drawn thin, with small dots."""


def timeline(stretches: Sequence[Stretch], segments: Sequence[Segment], name: str) -> Figure:
    """Draw the segments of one recording.

    Args:
        stretches: the windows' answers, which tile the recording.
        segments: made of them.
        name: of the recording.
    """
    fills = _fills(segments)
    legend = -(-len(fills) // _LEGEND_COLUMNS) * _LEGEND_ROW
    height = _TOP + _ROW + _BETWEEN + _CURVE + _AXIS + legend + 0.08
    figure = Figure(figsize=(_WIDTH, height), facecolor=PAPER)

    def panel(above: float, tall: float) -> Axes:
        corner = (_LEFT / _WIDTH, 1 - (above + tall) / height)
        axes = figure.add_axes((*corner, (_WIDTH - _LEFT - _RIGHT) / _WIDTH, tall / height))
        axes.set_xlim(0, stretches[-1].end)
        axes.spines[:].set_color(GRID)
        axes.tick_params(length=0, labelsize=8, labelcolor=MUTED)
        return axes

    row, curve = panel(_TOP, _ROW), panel(_TOP + _ROW + _BETWEEN, _CURVE)
    _draw_segments(row, segments, fills)
    _draw_curve(curve, stretches)
    count = "1 segment" if len(segments) == 1 else f"{len(segments)} segments"
    shown = name if len(name) <= _LONGEST_TITLE else "…" + name[1 - _LONGEST_TITLE :]  # a path's end tells most
    title = f"{shown} · {clock(stretches[-1].end)} · {count}"
    figure.text(_LEFT / _WIDTH, 1 - 0.26 / height, title, fontsize=10, color=INK, parse_math=False)
    _draw_legend(figure, segments, fills, (_LEFT / _WIDTH, (legend + 0.04) / height))
    return figure


def save_timeline(stretches: Sequence[Stretch], segments: Sequence[Segment], name: str, path: Path) -> None:
    """Write the picture of :func:`timeline` as .png, all of it or nothing."""
    with writing(path) as file:
        file.write(png(timeline(stretches, segments, name), _DPI))


def _fills(segments: Sequence[Segment]) -> dict[str, Patch]:
    """How each entry of the legend is filled, in order of appearance."""
    shades = {seen: cycle(product(_HATCHES, family)) for seen, family in _FAMILIES.items()}
    fills: dict[str, Patch] = {}
    for segment in segments:
        entry = _entry(segment)
        if entry in fills:
            continue
        if segment.prediction.label is not None:
            hatch, shade = next(shades[segment.prediction[0]["seen"]])
            fills[entry] = Patch(facecolor=shade, hatch=hatch, edgecolor=PAPER, linewidth=0.8)
        elif segment.moving:
            fills[entry] = Patch(facecolor=PAPER, hatch="//////", edgecolor=_HATCHED, linewidth=0.8)
        else:
            fills[entry] = Patch(facecolor=_NOTHING if segment.prediction.resting else PAPER, edgecolor=GRID)
    return fills


def _entry(segment: Segment) -> str:
    """What the legend calls it: all unsure guesses are one entry."""
    if segment.prediction.label is not None:
        return segment.prediction.label
    return _UNSURE if segment.moving else f"– {segment.prediction.in_words}"


def _draw_segments(axes: Axes, segments: Sequence[Segment], fills: dict[str, Patch]) -> None:
    axes.set(ylim=(0, 1), yticks=[])
    axes.tick_params(labelbottom=False)
    inches_per_second = (_WIDTH - _LEFT - _RIGHT) / axes.get_xlim()[1]
    for segment in segments:
        fill, length = fills[_entry(segment)], segment.end - segment.start
        span = axes.axvspan(segment.start, segment.end, hatch=fill.get_hatch(), linewidth=0.8)
        span.set(facecolor=fill.get_facecolor(), edgecolor=fill.get_edgecolor())
        letters = int((length * inches_per_second - 0.08) / _INCHES_PER_LETTER)
        if segment.moving and (lines := _fitted(segment.prediction.label or segment.prediction.in_words, letters)):
            ink = PAPER if _is_dark(fill) else INK
            middle = segment.start + length / 2
            text = axes.text(middle, 0.5, lines, color=ink, fontsize=8, ha="center", va="center", parse_math=False)
            if segment.prediction.abstained:
                text.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 1.5})


def _draw_curve(axes: Axes, stretches: Sequence[Stretch]) -> None:
    middles = np.array([(stretch.start + stretch.end) / 2 for stretch in stretches])
    p_seen = np.array([stretch.prediction.p_seen for stretch in stretches], dtype=float)  # NaN where not judged
    if len(middles) == 1:  # one window is a line over the whole recording
        middles, p_seen = np.array([stretches[0].start, stretches[0].end]), p_seen.repeat(2)
    width, dot = (1.2, 4.0) if len(middles) < _MANY else (0.6, 1.5)  # a window between two pauses is a dot alone
    axes.plot(middles, p_seen, color=INK, linewidth=width, marker=".", markersize=dot)
    axes.set(ylim=(0, 1), yticks=[0, 1])
    if np.isnan(p_seen).all():
        axes.text(0.5, 0.5, "not judged", color=MUTED, fontsize=8, ha="center", va="center", transform=axes.transAxes)
    axes.set_ylabel("p_seen", fontsize=9, color=INK)
    for height, word, colour in ((1, "seen", SEEN), (0, "unseen", UNSEEN)):
        axes.text(1.008, height, word, color=colour, fontsize=8, ha="left", va="center", transform=axes.transAxes)
    end = float(axes.get_xlim()[1])
    if end < _LONG:
        axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 5, 10]))
        axes.set_xlabel("seconds", fontsize=8.5, color=INK, labelpad=2)
        return
    step = next((step for step in _STEPS if end <= 10 * step), max(_STEPS[-1], end / 10))
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda second, _: clock(second, tenths=False)))
    axes.set_xlabel("hours:minutes:seconds" if end >= 3600 else "minutes:seconds", fontsize=8.5, color=INK, labelpad=2)


def _draw_legend(
    figure: Figure, segments: Sequence[Segment], fills: dict[str, Patch], corner: tuple[float, float]
) -> None:
    """Every class with its time, and the time without a label."""
    totals = dict.fromkeys(fills, 0.0)
    for segment in segments:
        totals[_entry(segment)] += segment.end - segment.start
    handles, names = list(fills.values()), [f"{_short(label)}  {clock(total)}" for label, total in totals.items()]
    drawn = figure.legend(
        handles,
        names,
        loc="upper left",
        bbox_to_anchor=corner,
        ncols=_LEGEND_COLUMNS,
        fontsize=8,
        frameon=False,
        labelcolor=INK,
        handlelength=1.4,
        borderpad=0,
        borderaxespad=0,
    )
    for text in drawn.get_texts():
        text.set_parse_math(False)


def _fitted(label: str, letters: int) -> str:
    """A label on up to three lines of so many letters; nothing where it does not fit."""
    if letters < 3 or max(map(len, label.split()), default=0) > letters:
        return ""
    lines = wrap(label, letters)
    return "\n".join(lines) if len(lines) <= 3 else ""


def _is_dark(fill: Patch) -> bool:
    red, green, blue = np.asarray(fill.get_facecolor())[:3]
    return bool(0.299 * red + 0.587 * green + 0.114 * blue < 0.55)


def _short(label: str) -> str:
    line = " ".join(label.split())
    return line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 1].rstrip() + "…"
