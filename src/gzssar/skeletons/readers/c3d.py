"""Points as motion capture systems write them (``.c3d``), where the points are joints by name.

The format is that of c3d.org: binary, with the names of the points, their unit and rate as parameters. The library c3d
reads it: pure Python, so that a damaged file raises an exception instead of ending the process.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError, MissingExtraError
from gzssar.skeletons.readers.arrays import agreed_fps, make_clip, map_file
from gzssar.skeletons.readers.markers import joints_of_markers
from gzssar.skeletons.readers.mocap import frames_doubt, placed, used_in
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.units import metres_per_unit
from gzssar.skeletons.sequence import SkeletonSequence

if TYPE_CHECKING:
    import c3d

_MAGIC = 0x50
_LONGEST_HEADER = 64  # blocks of 512 bytes: the parameters' place is written in one byte, in practice the second block
_MOST_LABELS = 1000


class C3dReader:
    """Points of motion capture systems."""

    kind = "C3D motion capture"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this has a header of C3D: the block of the parameters, the format's number, and parameters there."""
        return (
            len(start) >= 512
            and start[1] == _MAGIC
            and 2 <= start[0] <= _LONGEST_HEADER
            and _processor(path, start[0]) in (84, 85, 86)
        )

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file."""
        return ClipSource(self.kind, [ClipEntry(path.name, partial(_read, path, options))])


def _processor(path: Path, block: int) -> int:
    """The number of the processor whose numbers the file has: Intel 84, DEC 85, SGI 86."""
    try:
        with path.open("rb") as file:
            file.seek((block - 1) * 512 + 3)
            return int.from_bytes(file.read(1), "little")
    except OSError:
        return 0


def _read(path: Path, options: ReadOptions) -> SkeletonSequence:
    try:
        import c3d
    except ImportError as error:
        raise MissingExtraError(
            f"{path} is a C3D file, and reading it needs c3d: pip install 'gzssar[c3d]'."
        ) from error
    data = map_file(path)
    with _refusing_damage(path):
        file = c3d.Reader(data)
        names, unit, fps, stated = _names(file), _unit(file), float(file.point_rate), float(file.frame_count)
    layout, chosen, doubts = joints_of_markers(names, options, path)
    scale = metres_per_unit(options, unit, path)
    if scale is None:
        raise DataError(f"{path} does not state the unit of its positions: name the unit.", option="unit")
    used = used_in(chosen)
    with _refusing_damage(path):
        joints, turned = placed(chosen, used, _points(file, used), scale, layout)
    frames = joints.shape[1]
    if not frames or not (math.isfinite(fps) and fps > 0):
        raise DataError(
            f"{path} should have frames and a positive number of them per second, but has {frames} at {fps:g}."
        )
    doubts += turned + frames_doubt(stated, frames)
    return make_clip(
        joints,
        replace(options, unit=None),
        name=path.name,
        fps=agreed_fps(options, fps, path),
        layout=layout,
        doubts=doubts,
    )


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    """Turn whatever the library raises into our own error, and keep its warnings: we say ourselves what is odd."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # it meets damage with every exception that Python has
        raise DataError(
            f"{path} should be a C3D file, but it is damaged ({str(error)[:200]}): export it again."
        ) from error


def _names(file: "c3d.Reader") -> list[str]:
    labels = file.get("POINT:LABELS")
    if not (0 < labels.num_elements == len(labels.bytes)) or math.prod(labels.dimensions[1:]) > _MOST_LABELS:
        raise ValueError("the names of its points are cut off")  # the library itself would go on with empty ones
    names = [str(name).strip() for name in np.ravel(labels.string_array)]
    return names[: int(file.point_used)]


def _unit(file: "c3d.Reader") -> str | None:
    unit = file.get("POINT:UNITS")
    return (str(unit.string_value).strip("\0 ") or None) if unit else None


def _points(file: "c3d.Reader", used: list[int]) -> Iterator[Float[np.ndarray, "n 3"]]:
    """The used points frame by frame in the file's unit, NaN where one is not seen."""
    for _, points, _ in file.read_frames(copy=False):
        seen = points[used, 3] >= 0
        yield np.where(seen[:, None], points[used, :3], np.float32(np.nan))
