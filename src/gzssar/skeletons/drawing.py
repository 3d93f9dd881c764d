"""Clips as pictures: a strip of stick figures or an animation, so that people see whether joints and axes are right.

In space, the vertical is the axis along which heads lie furthest from feet (median over frames), so that a clip with
y up, z up or y down is drawn upright. The front view looks at the body's front along a horizontal axis; the side view
stands at its right. Both assume right-handed axes: where left and right are swapped or one axis is mirrored, the toes
of the side view point left. Somebody who lies for most of a clip is drawn standing. In a picture (2-D) x is to the
right and y is down. Ticks are the clip's own numbers, so an axis may grow to the left: the arrow at its name tells.
"""

import io
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gzssar.errors import ConfigError
from gzssar.files import writing
from gzssar.palette import GRID, INK, MUTED, PAPER, SEEN, UNSEEN, png, quietly
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.oddities import present_bodies
from gzssar.skeletons.resampling import spread
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.skeletons.views import View, Window, choose_views

if TYPE_CHECKING:
    from PIL.Image import Image

LEFT, RIGHT, MIDLINE = SEEN, UNSEEN, "#000000"
"""Okabe–Ito, safe for colour-blind readers."""
_SIDES = {"left limbs": LEFT, "right limbs": RIGHT, "midline": MIDLINE}

_BODY_LINES = ((0.0, ()), (0.0, (2.2, 1.0)), (0.0, (0.9, 0.9)))
"""Solid, dashed and dotted, as matplotlib writes dashes."""
_WIDTH, _NARROWEST_PAGE, _NARROWEST_PANEL, _TALLEST = 9.0, 5.6, 0.66, 2.6
_ABOVE, _BELOW, _BESIDE, _BETWEEN = 1.0, 0.5, 0.75, 0.06
"""Inches: sizes of the strip and its panels, and room around panels and between them."""
_GIF_FRAMES, _GIF_RATE = 120, 50
"""The most frames of an animation, and the most per second that viewers play."""


def stick_figures(sequence: SkeletonSequence, frames: int = 8, numbers: bool = False) -> Figure:
    """Evenly spaced frames of a clip side by side, all at one scale; in space from the front and from the side.

    Bones follow the layout's tree: left limbs blue, right limbs vermilion, the midline black; further bodies dashed and
    dotted. Where bodies travel across, the panels follow them: the ticks tell where they are.

    Args:
        sequence: the clip; bodies that are absent (all zero) are left out.
        frames: how many to show; a shorter clip shows all it has.
        numbers: add one large figure with every joint's number and name.

    Raises:
        ConfigError: `frames` is not positive.
        DataError: positions are too large to be drawn.
    """
    if frames < 1:
        raise ConfigError(f"a strip needs at least one frame, but {frames} were asked for.")
    length = sequence.joints.shape[1]
    shown: list[int] = spread(length, frames).tolist()
    views, present = choose_views(sequence), present_bodies(sequence)
    widest = max(_NARROWEST_PANEL, (_WIDTH - 1.2 * _BESIDE) / len(shown) - _BETWEEN)
    window = Window.around(sequence, views, shown, (widest, _TALLEST), _NARROWEST_PANEL, follow=True)
    width, height = window.inches
    key = max(2.8, 0.08 * sequence.layout.joint_count) if numbers and present[shown].any() else 0.0
    figure, left = _page(sequence, len(shown) * (width + _BETWEEN), len(views) * (height + _BELOW) + key)
    for row, view in enumerate(views):
        for column, frame in enumerate(shown):
            corner = (left + column * (width + _BETWEEN), _ABOVE + row * (height + _BELOW))
            axes = _panel(figure, corner, window, sequence, view, (row, column))
            _pose(_bodies(axes, sequence), sequence, view, frame)
            if not present[frame].any():
                axes.text(0.5, 0.55, "nobody", transform=axes.transAxes, ha="center", fontsize=7, color=MUTED)
            if row == 0:
                axes.set_title(_moment(sequence, frame, "\n"), fontsize=7, color=INK, pad=4)
            if column > 0:
                axes.tick_params(labelleft=False)
                axes.set(xlabel="", ylabel="")
    if key:
        _joint_key(figure, float(figure.get_figheight()) - key, key - 0.1, sequence, views[0], shown)
    return figure


def save_picture(sequence: SkeletonSequence, path: Path, frames: int = 8, numbers: bool = False) -> None:
    """Write a clip to `path`, all of it or nothing: the strip of :func:`stick_figures` (.png) or an animation (.gif).

    The animation plays at the true speed, with at most 120 frames.

    Args:
        sequence: the clip.
        path: what to write; its folder is made.
        frames: of the strip; an animation has its own.
        numbers: add every joint's number and name to the strip.

    Raises:
        ConfigError: `path` ends in neither .png nor .gif; `frames` is not positive; an animation should have numbers.
        DataError: positions are too large to be drawn.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", ".gif"):
        raise ConfigError(f"a picture of a clip ends in .png (a strip) or .gif (an animation), but {path} does not.")
    if suffix == ".gif" and numbers:
        raise ConfigError(f"joint numbers need a picture that stands still, but {path} is an animation: name a .png.")
    with quietly():
        content = _animation(sequence) if suffix == ".gif" else png(stick_figures(sequence, frames, numbers))
    with writing(path) as file:
        file.write(content)


def _animation(sequence: SkeletonSequence) -> bytes:
    """A clip as GIF: its views side by side, in a window that holds the whole clip."""
    from PIL import Image

    length = sequence.joints.shape[1]
    shown = list(range(0, length, ceil(max(length / _GIF_FRAMES, sequence.fps / _GIF_RATE))))
    views = choose_views(sequence)
    window = Window.around(sequence, views, shown, (3.4, 3.8), 1.6)
    width, height = window.inches
    above = _ABOVE - 0.3  # no moment stands above each panel
    figure, left = _page(sequence, len(views) * (width + _BESIDE) - _BESIDE, height + _BELOW + above - _ABOVE)
    figure.set_dpi(100)
    moment = figure.text(1 - 0.15 / figure.get_figwidth(), 1, "", ha="right", va="top", fontsize=9, color=INK)
    moving: list[list[tuple[LineCollection, PathCollection]]] = []
    for i, view in enumerate(views):
        axes = _panel(figure, (left + i * (width + _BESIDE), above), window, sequence, view, (i, 0))
        moving.append(_bodies(axes, sequence))

    canvas, palette = FigureCanvasAgg(figure), _palette()
    images: list[Image.Image] = []
    for frame in shown:
        moment.set_text("\n" + _moment(sequence, frame, " · "))
        for bodies, view in zip(moving, views, strict=True):
            _pose(bodies, sequence, view, frame)
        canvas.draw()  # type: ignore[no-untyped-call]
        pixels = np.array(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
        images.append(Image.fromarray(pixels).quantize(palette=palette, dither=Image.Dither.NONE))
    ends = np.round(100 * np.append(shown[1:], length) / sequence.fps).astype(int)  # a GIF counts in 1/100 s
    durations = [10 * int(np.clip(step, 2, 65535)) for step in np.diff(ends, prepend=0)]
    buffer = io.BytesIO()
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0)
    return buffer.getvalue()


def _palette() -> "Image":
    """Every colour of a page, blended with the paper in steps as edges are: one palette for all frames of a GIF."""
    from PIL import Image

    inks = np.array([list(bytes.fromhex(colour[1:])) for colour in (INK, MUTED, *_SIDES.values())])
    blends = 255 + np.linspace(0, 1, 12)[:, None, None] * (inks - 255)
    palette = Image.new("P", (1, 1))
    palette.putpalette(blends.round().astype(np.uint8).tobytes() + bytes.fromhex(GRID[1:]))
    return palette


def _joint_key(
    figure: Figure, top: float, height: float, sequence: SkeletonSequence, view: View, shown: list[int]
) -> None:
    """One large figure in the first frame shown that holds a body, every joint with its number and name beside it."""
    present = present_bodies(sequence)[shown]
    body = int(present.sum(axis=0).argmax())
    frame = shown[int(present[:, body].argmax())]
    points = sequence.joints[[view.across[0], view.up[0]], frame, :, body].T.astype(np.float64)
    page = float(figure.get_figwidth())
    window = Window.around(sequence, (view,), [frame], (0.45 * page, height), page)
    axes = _panel(figure, (0.0, top), window, sequence, view, (0, 0))
    axes.set_axis_off()
    _pose(_bodies(axes, sequence), sequence, view, frame)
    away = (np.ptp(points[:, 0]) * window.scale / 2 + 0.6) / page
    colours = _joint_colours(sequence.layout)
    for side, joints in zip((-1, 1), np.array_split(np.argsort(view.across[1] * points[:, 0]), 2), strict=True):
        downwards = joints[np.argsort(-view.up[1] * points[joints, 1])]
        for joint, place in zip(downwards, np.linspace(0.97, 0.03, len(joints)), strict=True):
            axes.annotate(
                f"{joint} {sequence.layout.joint_names[joint]}",
                (points[joint, 0], points[joint, 1]),
                (0.5 + side * away, place),
                textcoords="axes fraction",
                ha="right" if side < 0 else "left",
                va="center",
                fontsize=7.5,
                color=colours[joint],
                parse_math=False,
                arrowprops={
                    "arrowstyle": "-",
                    "relpos": (1, 0.5) if side < 0 else (0, 0.5),
                    "color": colours[joint],
                    "linewidth": 0.5,
                    "alpha": 0.6,
                    "shrinkA": 1,
                    "shrinkB": 1,
                },
            )


def _page(sequence: SkeletonSequence, width: float, height: float) -> tuple[Figure, float]:
    """A figure with title, legend and room for so many inches of panels, and how far from its left they begin."""
    page = max(_NARROWEST_PAGE, width + 1.2 * _BESIDE)
    figure = Figure(figsize=(page, height + _ABOVE), facecolor=PAPER)
    there = np.flatnonzero(present_bodies(sequence).any(axis=0))
    length = sequence.joints.shape[1]
    facts = (
        f"{sequence.layout.name}, {sequence.layout.joint_count} joints",
        f"{length} frame{'s' if length > 1 else ''}",
        f"{sequence.fps:g} fps",
        f"{len(there)} {'body' if len(there) == 1 else 'bodies'}",
    )
    name, longest = " ".join(sequence.name.split()) or "unnamed clip", int((page - 1.8) / 0.09)
    name = name if len(name) <= longest else f"…{name[1 - longest :]}"
    x, y = 0.15 / page, 1 / figure.get_figheight()
    figure.text(x, 1 - 0.12 * y, name, va="top", fontsize=10, fontweight="bold", color=INK, parse_math=False)
    figure.text(x, 1 - 0.33 * y, " · ".join(facts), va="top", fontsize=8, color=MUTED, parse_math=False)
    handles = [Line2D([], [], color=colour, label=side) for side, colour in _SIDES.items()]
    if len(there) > 1:
        handles += [Line2D([], [], color=MUTED, linestyle=_line(int(m)), label=f"body {m + 1}") for m in there]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(x, 1 - 0.5 * y),
        ncols=8,
        fontsize=8,
        frameon=False,
        labelcolor=INK,
        handlelength=1.8,
        borderpad=0,
        borderaxespad=0,
    )
    return figure, _BESIDE + (page - width - 1.2 * _BESIDE) / 2


def _panel(
    figure: Figure,
    corner: tuple[float, float],
    window: Window,
    sequence: SkeletonSequence,
    view: View,
    place: tuple[int, int],
) -> Axes:
    """Axes with their top left corner so many inches from the figure's, a square grid, and names with arrows."""
    (width, height), (page_width, page_height) = window.inches, figure.get_size_inches()
    left, bottom = corner[0] / page_width, 1 - (corner[1] + height) / page_height
    axes = figure.add_axes((left, bottom, width / page_width, height / page_height))
    middle, half = float(window.middles[place]), window.width / 2
    axes.set_xlim(middle - view.across[1] * half, middle + view.across[1] * half)
    axes.set_ylim(*sorted((window.low, window.low + window.height), reverse=view.up[1] < 0))
    axes.spines[:].set_color(GRID)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7, labelcolor=MUTED, length=0, pad=2)
    axes.set_xticks(*_ticks(middle - half, middle + half, window.scale))
    axes.set_yticks(*_ticks(window.low, window.low + window.height, window.scale))
    unit = "m" if sequence.dimensions == 3 else "px"
    names = (
        f"{'xyz'[axis]} ({unit}) →" if sign > 0 else f"← {'xyz'[axis]} ({unit})"
        for axis, sign in (view.across, view.up)
    )
    axes.set_xlabel(next(names), fontsize=7.5, color=INK, labelpad=1)
    axes.set_ylabel(f"{view.name}\n{next(names)}", fontsize=7.5, color=INK)
    return axes


def _ticks(low: float, high: float, scale: float) -> tuple[list[float], list[str]]:
    """Multiples of 1, 2 or 5 times a power of ten, at least 0.4 inches apart; those at the ends go without a label."""
    rough = 0.4 / scale
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    ticks = [float(k * step) for k in range(ceil(low / step), floor(high / step) + 1)]
    edge = 0.12 / scale
    return ticks, [f"{tick:g}".replace("-", "−") if low + edge < tick < high - edge else "" for tick in ticks]


def _bodies(axes: Axes, sequence: SkeletonSequence) -> list[tuple[LineCollection, PathCollection]]:
    """Bones and joints of each body, to be posed."""
    colours = _joint_colours(sequence.layout)
    nowhere = np.zeros(len(colours))
    drawn = []
    for body in range(sequence.joints.shape[3]):
        bones = [colours[child] for child, _ in sequence.layout.bones]
        lines = LineCollection([], colors=bones, linestyles=[_line(body)], linewidths=1.5, capstyle="round")
        axes.add_collection(lines, autolim=False)
        drawn.append((lines, axes.scatter(nowhere, nowhere, s=6, c=colours, linewidths=0, zorder=3)))
    return drawn


def _pose(
    bodies: list[tuple[LineCollection, PathCollection]], sequence: SkeletonSequence, view: View, frame: int
) -> None:
    """Move the bodies to where they are in a frame; absent ones vanish."""
    bones = np.array(sequence.layout.bones, dtype=int).reshape(-1, 2)
    for body, (lines, dots) in enumerate(bodies):
        joints = sequence.joints[:, frame, :, body]
        points = joints[[view.across[0], view.up[0]]].T
        lines.set_segments(list(points[bones]))
        dots.set_offsets(points)
        for artist in (lines, dots):
            artist.set_visible(bool(joints.any()))


def _joint_colours(layout: Layout) -> list[str]:
    left, right = ({pair[side] for pair in layout.left_right} for side in (0, 1))
    return [LEFT if v in left else RIGHT if v in right else MIDLINE for v in range(layout.joint_count)]


def _line(body: int) -> tuple[float, tuple[float, ...]]:
    return _BODY_LINES[body % len(_BODY_LINES)]


def _moment(sequence: SkeletonSequence, frame: int, separator: str) -> str:
    return f"{frame / sequence.fps:.2f} s{separator}frame {frame}"
