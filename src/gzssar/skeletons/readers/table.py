"""Plain clips of any sensor as tables in text: one row per frame, or one per frame and joint.

The names of the columns say what they hold, in any order: x, y and z of joints, in metres or without z in pixels; their
visibility; the number or the time of the frame. Where names are missing or tell nothing, the numbers are x, y and z of
joint 0, then of joint 1, and so on. A missing coordinate is NaN, or an empty cell.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import MEDIAPIPE33
from gzssar.skeletons.readers.arrays import as_visibility, make_clip, scores_apart
from gzssar.skeletons.readers.columns import Columns, columns_of
from gzssar.skeletons.readers.delimited import TextTable, share_of_numbers
from gzssar.skeletons.readers.headers import Header
from gzssar.skeletons.readers.mediapipe import upright
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.table_frames import Frames, read_long, read_wide
from gzssar.skeletons.readers.units import in_metres, metres_per_unit, unit_by_body
from gzssar.skeletons.sequence import SkeletonSequence

_FEWEST_CELLS = 12  # six joints in 2D; tables of names and labels have fewer columns
_FEWEST_NUMBERS = 0.5  # of the cells of a row
_LOOK = 2**18  # bytes, which hold the names and the first row of any table with joints
_HIGHEST_SCORE = 1.01  # some exceed 1 a little


class CsvReader:
    """Clips as numbers in text."""

    kind = "CSV table of joint positions"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the first row has many cells, mostly numbers, or the columns' names tell of joints."""
        table = TextTable.of(path, start)
        if table is None:
            return False
        numbers = share_of_numbers(table.sample) >= _FEWEST_NUMBERS
        if table.separator is None:  # lists of whole numbers are none
            numbers &= any("." in cell or "," in cell for cell in table.sample)
        header = Header.of(table.names)
        named = sum(column.part in "xyz" for column in header.parts.values()) >= _FEWEST_CELLS
        return named or (numbers and (header.is_long or table.width >= _FEWEST_CELLS))

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file.

        Raises:
            DataError: the columns do not fit the layout.
            ConfigError: neither the names of the columns nor the options tell the layout, or they contradict.
        """
        table = _look(path)
        header = Header.of(table.names)
        columns = None if header.is_long else columns_of(table, header, options)
        return ClipSource(self.kind, [ClipEntry(path.name, partial(_read, table, header, columns, options))])


def _look(path: Path) -> TextTable:
    try:
        with path.open("rb") as file:
            table = TextTable.of(path, file.read(_LOOK))
    except OSError as error:
        raise DataError(f"{path} should be a file to read, but it cannot be read ({error}).") from error
    if table is None:
        raise DataError(f"{path} should have a row of numbers for every frame, but has none.")
    return table


def _read(table: TextTable, header: Header, columns: Columns | None, options: ReadOptions) -> SkeletonSequence:
    frames = read_wide(table, header, columns, options) if columns else read_long(table, header, options)
    fps, times, timing = frames.clock
    in_space = frames.layout is MEDIAPIPE33 and frames.joints.shape[2] == 3
    upright_joints, turned = upright(frames.joints) if in_space else (frames.joints, ())
    joints, visibility = upright_joints.transpose(2, 0, 1)[..., None], None
    scored: tuple[Doubt, ...] = ()
    if frames.visibility is not None:
        visibility, scored = _visibility(frames.visibility)
    elif not header.has_axes:
        _check_third_number(frames, table.path)
        joints, visibility, scored = scores_apart(joints, frames.layout)
    metres_per_unit(options, frames.unit, table.path)  # or the two disagree
    stated = replace(options, unit=options.unit or frames.unit)
    joints, options, sized = in_metres(joints, stated, unit_by_body(joints))
    known = partial(make_clip, joints, options, name=table.path.name, fps=fps, layout=frames.layout)
    return known(times=times, visibility=visibility, doubts=(*timing, *frames.doubts, *turned, *scored, *sized))


def _check_third_number(frames: Frames, path: Path) -> None:
    """Refuse what looks like a visibility in the place of z; MediaPipe's z has both signs around the hips."""
    third = frames.joints[..., 2:]
    if frames.layout is MEDIAPIPE33 and third.size and ((third >= 0) & (third <= 1)).all():
        raise DataError(
            f"{path} should have x, y and z of each joint, but the third number lies between 0 and 1 throughout, as a "
            "visibility does: name the columns in a first row."
        )


def _visibility(scores: Float[np.ndarray, "T V"]) -> tuple[Float[np.ndarray, "T V 1"] | None, tuple[Doubt, ...]]:
    if ((scores < 0) | (scores > _HIGHEST_SCORE)).any():
        sentence = "The visibility of the joints should lie between 0 and 1, but it does not, so it was left out."
        return None, (Doubt("visibility-left-out", sentence),)
    return as_visibility(scores[..., None]), ()
