"""Positions of markers as OpenSim, Pose2Sim and OpenCap write them (``.trc``), where the markers are joints by name.

Text with tabs: a line ``PathFileType``, the names and the values of the header (DataRate, Units, …), the names of the
markers, X1 Y1 Z1 X2 …, and then per frame its number, its time in seconds and three numbers per marker; a cell without
a number is a marker that is not seen. Format: OpenSim's documentation, "Marker (.trc) Files".
"""

import math
from array import array
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.readers.arrays import agreed_fps, make_clip, parse_numbers
from gzssar.skeletons.readers.density import check_density
from gzssar.skeletons.readers.markers import joints_of_markers
from gzssar.skeletons.readers.mocap import frames_doubt, placed, text_lines, used_in
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.units import metres_per_unit
from gzssar.skeletons.sequence import SkeletonSequence

_MAGIC = b"PathFileType"
_MOST_MARKERS = 1000
_UNEVEN = 0.1
"""Shares of the usual step between frames by which a step may differ from it."""
_HEADER_LINES = 5
_OFTEN = 256
"""Rows after which the density of the file is looked at."""


class TrcReader:
    """Marker positions of OpenSim and its kin."""

    kind = "TRC marker positions"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the file starts with the word PathFileType."""
        return start.removeprefix(b"\xef\xbb\xbf").startswith(_MAGIC)

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file."""
        return ClipSource(self.kind, [ClipEntry(path.name, partial(_read, path, options))])


def _read(path: Path, options: ReadOptions) -> SkeletonSequence:
    lines = text_lines(path)
    header, names = _header([line.rstrip("\r\n").split("\t") for line in islice(lines, _HEADER_LINES)], path)
    layout, chosen, doubts = joints_of_markers(names, options, path)
    scale = metres_per_unit(options, header.get("units") or None, path)
    if scale is None:
        raise DataError(f"{path}, line 3, should state the Units of positions, but states none.", option="unit")
    rows = _Rows(path, 2 + 3 * len(names))
    used = used_in(chosen)
    joints, turned = placed(chosen, used, rows.places(lines, used), scale, layout)
    times = rows.times()
    stated = _number(header, "numframes", path)
    doubts += turned + (frames_doubt(stated, len(times), rows.cut) if math.isfinite(stated) else ())
    fps, even, said = _rate(times, _number(header, "datarate", path), path)
    return make_clip(
        joints,
        replace(options, unit=None),
        name=path.name,
        fps=agreed_fps(options, fps, path),
        layout=layout,
        times=None if even else times,
        doubts=doubts + said,
    )


def _header(lines: list[list[str]], path: Path) -> tuple[dict[str, str], list[str]]:
    """The values of the header by their names in lower case, and the names of the markers."""
    if len(lines) < _HEADER_LINES:
        raise DataError(f"{path} should have a header of {_HEADER_LINES} lines, but has {len(lines)}: it is cut off.")
    _, keys, values, markers, axes = lines
    header = {key.strip().lower(): value.strip() for key, value in zip(keys, values, strict=False)}
    names = [cell.strip() for cell in markers[2::3] if cell.strip()]
    others = [cell for column, cell in enumerate(markers) if column >= 2 and column % 3 != 2 and cell.strip()]
    if [markers[0].strip(), *(cell.strip() for cell in markers[1:2])] != ["Frame#", "Time"] or not names or others:
        raise DataError(
            f"{path}, line 4, should have Frame#, Time and the names of markers three tabs apart, but it does not: the "
            "file is damaged."
        )
    wanted = [f"{axis}{number}" for number in range(1, len(names) + 1) for axis in "XYZ"]
    if len(names) > _MOST_MARKERS or [cell.strip().upper() for cell in axes if cell.strip()] != wanted:
        raise DataError(
            f"{path}, line 5, should name X, Y and Z of each of the {len(names)} markers of line 4 (at most "
            f"{_MOST_MARKERS}), but does not: the file is damaged."
        )
    return header, names


def _number(header: dict[str, str], key: str, path: Path) -> float:
    return parse_numbers([header.get(key, "")], f"{path}, line 3,")[0]


class _Rows:
    """The frames of a file."""

    def __init__(self, path: Path, columns: int) -> None:
        self.cut = False
        """Whether the file ends within its last row."""
        self._path, self._columns, self._times = path, columns, array("d")

    def places(self, lines: Iterator[str], used: list[int]) -> Iterator[list[float]]:
        """Per frame x, y and z of each used marker in the file's unit, NaN where one is not seen.

        Raises:
            DataError: a row is malformed.
        """
        columns = [2 + 3 * marker + axis for marker in used for axis in range(3)]
        for row in self._rows(lines):
            self._times.append(row[1])
            if len(self._times) % _OFTEN == 0:
                check_density(self._path, len(self._times) * self._columns)
            yield [row[column] for column in columns]

    def times(self) -> Float[np.ndarray, "T"]:
        """In seconds, of the frames that were read.

        Raises:
            DataError: there are none, or they do not ascend.
        """
        at = np.frombuffer(self._times)
        if not len(at) or not np.isfinite(at).all() or (np.diff(at) <= 0).any():
            raise DataError(
                f"{self._path} should have frames whose times ascend, but it has no frames, or the times do not ascend."
            )
        return at

    def _rows(self, lines: Iterator[str]) -> Iterator[list[float]]:
        short: DataError | None = None
        for number, line in enumerate(lines, start=_HEADER_LINES + 1):
            if line.isspace():
                continue
            if short is not None:
                raise short
            cells = line.rstrip("\r\n").split("\t")
            while len(cells) > self._columns and not cells[-1].strip():
                cells.pop()
            place = f"{self._path}, line {number},"
            if len(cells) != self._columns:
                short = DataError(f"{place} should have {self._columns} cells parted by tabs, but has {len(cells)}.")
                if len(cells) > self._columns:
                    raise short
            else:
                yield parse_numbers(cells, place)
        self.cut = short is not None


def _rate(times: Float[np.ndarray, "T"], stated: float, path: Path) -> tuple[float, bool, tuple[Doubt, ...]]:
    """Frames per second, whether frames are evenly spaced, and a doubt where the header says another rate."""
    if len(times) < 2:
        return _positive(stated, path), True, ()
    steps = np.diff(times)
    usual = float(np.median(steps))
    even = bool((np.abs(steps - usual) <= _UNEVEN * usual).all())
    fps = (len(times) - 1) / float(times[-1] - times[0]) if even else 1 / usual
    if math.isfinite(stated) and abs(fps - stated) > _UNEVEN * fps:
        sentence = f"The header states {stated:g} frames per second, but the times say {fps:.4g}: the times are taken."
        return fps, even, (Doubt("frame-rate-contradicted", sentence),)
    return (stated if math.isfinite(stated) else fps), even, ()


def _positive(stated: float, path: Path) -> float:
    if not (math.isfinite(stated) and stated > 0):
        raise DataError(f"{path}, line 3, should state a positive DataRate, but it is {stated:g}.")
    return stated
