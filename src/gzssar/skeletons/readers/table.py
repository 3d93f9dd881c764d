"""Plain clips of any sensor: a CSV table, whose layout the user names.

One row per frame with V * C numbers, separated by commas: x, y and z of joint 0, then of joint 1, and so on, in metres;
without z they are pixels. A first row of names is optional, and checked where its names end in x, y and z. A missing
coordinate is NaN, or an empty cell.
"""

from functools import partial
from pathlib import Path

import numpy as np

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.arrays import (
    assumed_fps,
    make_clip,
    parse_numbers,
    read_lines,
    required_layout,
    words,
)
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.units import in_metres
from gzssar.skeletons.sequence import SkeletonSequence

_FEWEST_CELLS = 12  # six joints in 2D; tables of names and labels have fewer columns


class CsvReader:
    """Clips as comma-separated numbers, one row per frame."""

    kind = "CSV table of joint positions"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the first or second line has many cells, at least half of them numbers."""
        if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
            return False  # JSON is full of numbers and commas, too
        rows = [line.split(",") for line in start.decode("utf-8-sig", "replace").splitlines()[:2]]
        return any(len(row) >= _FEWEST_CELLS and sum(map(_is_number, row)) * 2 >= len(row) for row in rows)

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file. Frames per second are 30 unless the options say otherwise.

        Raises:
            ConfigError: the options name no layout, or one that does not exist.
        """
        read = partial(_read_csv, path, required_layout(options, path), options)
        return ClipSource(self.kind, [ClipEntry(path.name, read)])


def _clip(joints: np.ndarray, path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    """Make a clip from M T V C."""
    fps, doubts = assumed_fps(options)
    positions, options = in_metres(joints.transpose(3, 1, 2, 0), options)
    return make_clip(positions, options, name=path.name, fps=fps, layout=layout, doubts=doubts)


def _read_csv(path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    lines = read_lines(path)
    while lines and not lines[-1].strip():
        lines.pop()
    rows = [line.split(",") for line in lines]
    header = rows.pop(0) if rows and not any(map(_is_number, rows[0])) else None
    if not rows:
        raise DataError(f"{path} should have a row of numbers for every frame, but has none.")
    columns, first = len(rows[0]), 1 if header is None else 2
    if columns not in (2 * layout.joint_count, 3 * layout.joint_count):
        raise DataError(
            f"{path}, line {first}, should have {3 * layout.joint_count} numbers (x, y, z) or {2 * layout.joint_count} "
            f"(x, y) for the {layout.joint_count} joints of layout {layout.name!r}, but has {columns}."
        )
    if header is not None:
        _check_header(header, columns // layout.joint_count, layout, path)
    numbers = [_row(row, columns, f"{path}, line {line},") for line, row in enumerate(rows, start=first)]
    return _clip(np.array(numbers).reshape(1, len(rows), layout.joint_count, -1), path, layout, options)


def _row(cells: list[str], columns: int, where: str) -> list[float]:
    if len(cells) != columns:
        raise DataError(f"{where} should have {columns} numbers as the first row has, but has {len(cells)}.")
    return parse_numbers(cells, where)


def _check_header(header: list[str], dimensions: int, layout: Layout, path: Path) -> None:
    """Refuse names that tell of another order than x, y, z of joint 0, of joint 1 and so on."""
    names = [name.strip().strip('"') for name in header]
    axes = [name[-1:].lower() for name in names]
    if not set(axes) <= set("xyz"):
        return
    joints = [words(name[:-1]) for name in names]
    known = [words(joint) for joint in layout.joint_names for _ in range(dimensions)]
    if axes != list("xyz"[:dimensions]) * layout.joint_count or (sorted(joints) == sorted(known) and joints != known):
        raise DataError(
            f"{path}, line 1, should name x, y and z of each joint of layout {layout.name!r} in its order "
            f"({layout.joint_names[0]}, {layout.joint_names[1]}, ...), but names another order: sort the columns."
        )


def _is_number(cell: str) -> bool:
    """Whether a cell is a number; an empty one stands for a missing number."""
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True
