"""From the rows of a table to the frames of a clip: a row holds a frame, or one joint of it."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.clock import Clock, counted, stated, timed, untimed
from gzssar.skeletons.readers.columns import Columns, check_depth, known_joints
from gzssar.skeletons.readers.delimited import TextTable, number_of, numbers_in
from gzssar.skeletons.readers.headers import Header, Joint, joint_words
from gzssar.skeletons.readers.mocap import Weights, blended, used_in
from gzssar.skeletons.readers.reader import ReadOptions

_MOST_NAMES = 1000
"""Joints that a table may name; meshes of faces have half as many."""
_SPARSEST = 2
"""Times as many joints in a clip as rows in its table: a few rows must not claim hours."""


@dataclass(frozen=True, eq=False)
class Frames:
    """What a table holds of one body."""

    joints: Float[np.ndarray, "T V C"]
    """Positions; NaN where one is missing."""

    visibility: Float[np.ndarray, "T V"] | None
    """As the table states it."""

    layout: Layout
    """What the joints are."""

    unit: str | None
    """What positions are counted in, where the table says so."""

    clock: Clock
    """When the frames were taken."""

    doubts: tuple[Doubt, ...]
    """What had to be assumed."""


def read_wide(table: TextTable, header: Header, columns: Columns, options: ReadOptions) -> Frames:
    """Read a table with one row per frame.

    Raises:
        DataError: a row is malformed, or frames are out of order.
        ConfigError: the options contradict the times.
    """
    numbers, scores, clock = array("f"), array("f"), array("d")
    doubts = list(columns.doubts)
    timing = [at for at in (header.time, header.frame) if at is not None and table.holds_numbers(at)][:1]
    for row in table.rows(doubts):
        numbers.extend(numbers_in(row, columns.coordinates))
        scores.extend(numbers_in(row, columns.visibility))
        clock.extend(numbers_in(row, timing))
    joints = np.frombuffer(numbers, np.float32).reshape(-1, columns.joint_count, columns.dimensions)
    visibility = np.frombuffer(scores, np.float32).reshape(joints.shape[:2]) if columns.visibility else None
    times = _clock(table, header, {at: np.frombuffer(clock) for at in timing}, options)
    frames = Frames(joints, visibility, columns.layout, columns.unit, times, tuple(doubts))
    return _blended(frames, columns.weights)


def read_long(table: TextTable, header: Header, options: ReadOptions) -> Frames:
    """Read a table with one row per frame and joint, in any order.

    Raises:
        DataError: a row is malformed, a joint comes twice in a frame, or the joints are not those of the layout.
        ConfigError: neither the joints' names nor the options tell the layout, or the options contradict the table.
    """
    parts = {column.part: at for at, column in header.parts.items() if not column.joint}
    axes = [parts[axis] for axis in "xyz" if axis in parts]
    timing = [at for at in (header.frame, header.time) if at is not None and table.holds_numbers(at)]
    scored = [parts["visibility"]] if "visibility" in parts else []
    if not timing:
        raise DataError(f"{table.path} should number the frames of its rows, or time them, but does not: add them.")
    columns = [*axes, *scored]
    numbers, codes, numbered = array("f"), array("i"), array("i")
    names: dict[str, int] = {}
    clock: dict[float, tuple[int, list[float]]] = {}  # of each frame, by the first of its stamps
    doubts: list[Doubt] = []
    for row in table.rows(doubts):
        if len(names) > _MOST_NAMES:
            raise DataError(f"{row.where} should name a joint, but there are more than {_MOST_NAMES} names before.")
        codes.append(names.setdefault(row.cells[header.joint or 0].strip(), len(names)))
        numbers.extend(numbers_in(row, columns))
        stamps = numbers_in(row, timing)
        if not math.isfinite(stamps[0]):
            raise DataError(f"{row.where} should have the number or the time of its frame, but has none: write it.")
        numbered.append(clock.setdefault(stamps[0], (len(clock), stamps))[0])
    joints = [_joint(name) for name in names]
    known = known_joints(dict(zip(joints, names, strict=True)), options, table.path)
    check_depth(len(axes), bool(scored), known.layout, table.path)
    places = np.array([known.order.index(joint) if joint in known.order else -1 for joint in joints], np.int32)[codes]
    values = np.frombuffer(numbers, np.float32).reshape(len(codes), -1)
    frames, used = np.frombuffer(numbered, np.int32), places >= 0
    if not used.all():
        sentence = f"Rows of other joints than those of layout {known.layout.name!r} were left out."
        doubts.append(Doubt("joints-unused", sentence))
        values, frames, places = values[used], frames[used], places[used]
    held = np.zeros(len(clock), dtype=bool)
    held[frames] = True
    stamped = np.array([stamps for _, stamps in clock.values()])
    in_order = np.argsort(stamped[:, 0])
    in_order = in_order[held[in_order]]
    rank = np.zeros(len(clock), dtype=int)
    rank[in_order] = np.arange(len(in_order))
    clip = _by_frame(rank[frames], len(in_order), places, values, len(known.order), table)
    times = _clock(table, header, dict(zip(timing, stamped[in_order].T, strict=True)), options)
    visibility = clip[..., len(axes)] if scored else None
    doubts = [*known.doubts, *doubts]
    unit = header.parts[axes[0]].unit
    whole = Frames(clip[..., : len(axes)], visibility, known.layout, unit, times, tuple(doubts))
    return _blended(whole, known.weights)


def _blended(frames: Frames, weights: Sequence[Weights]) -> Frames:
    """The layout's joints, where they are means of the file's: each as sure as the least sure of its sources."""
    if not weights:
        return frames
    scores = frames.visibility
    if scores is not None:
        scores = np.stack([scores[:, list(joint)].min(axis=1) for joint in weights], axis=1)
    return replace(frames, joints=blended(weights, used_in(weights), frames.joints), visibility=scores)


def _by_frame(
    frames: Int[np.ndarray, "rows"],
    frame_count: int,
    places: Int[np.ndarray, "rows"],
    values: Float[np.ndarray, "rows _"],
    joints: int,
    table: TextTable,
) -> Float[np.ndarray, "T V _"]:
    """The rows' values by frame and joint; NaN where there is no row."""
    count = frame_count * joints
    if count > _SPARSEST * len(values):
        raise DataError(
            f"{table.path} should have a row for each joint of each frame, but has {len(values)} rows for {count}: "
            "leave out frames in which most joints are missing."
        )
    at = frames * joints + places
    filled = np.zeros(count, dtype=bool)
    filled[at] = True
    if filled.sum() < len(at):
        raise DataError(
            f"{table.path} should have one row for each joint of each frame, but some come twice: write one file per "
            "clip and person."
        )
    clip = np.full((count, values.shape[1]), np.nan, np.float32)
    clip[at] = values
    return clip.reshape(frame_count, joints, -1)


def _clock(table: TextTable, header: Header, stamps: dict[int, Float[np.ndarray, "T"]], options: ReadOptions) -> Clock:
    """When the frames were taken: by their times, or else by their numbers."""
    if header.time in stamps:
        return timed(stamps[header.time], header.names[header.time], options, table.path)
    if table.fps is not None:
        options = replace(options, fps=stated(table.fps, options, table.path)[0])
    fps, times, doubts = untimed(options)
    if header.frame in stamps:
        fps, times, doubts = counted(stamps[header.frame], header.names[header.frame], options, table.path)
    if header.time is not None:
        sentence = f"The times in {header.named([header.time])} are no plain numbers and were left out."
        doubts = (*doubts, Doubt("times-unread", sentence))
    return fps, times, doubts


def _joint(name: str) -> Joint:
    number = number_of(name)
    return (str(int(number)),) if number is not None and 0 <= number < _MOST_NAMES else joint_words(name) or ("?",)
