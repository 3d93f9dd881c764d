"""What the readers share: checked numbers and arrays from files, and the way from an array to a validated clip."""

import errno
import io
import math
import mmap
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Num

from gzssar.errors import ConfigError, DataError, GzssarError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import LAYOUTS, Layout, layout_named
from gzssar.skeletons.readers.missing import complete
from gzssar.skeletons.readers.reader import ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_ONE_HEADER = Lock()
"""Two threads that parse Python literals at the same time may both fail (CPython's issue 106905), and the filters of
warnings are common to all threads."""
LONGEST_HEADER = 2**14
"""Bytes of the header of an array in numpy's format; numpy itself refuses longer ones."""
PICTURE_LAYOUTS = frozenset({"coco17", "openpose18", "openpose25"})
"""Layouts of pose estimators that find people in pictures: x, y and often a score."""
_HIGHEST_LABEL = 2**31
_USUAL_FPS = 30.0
_SAME_FPS = 0.01  # relative: 0.0333 s per frame is 30 frames per second


def required_layout(options: ReadOptions, path: Path) -> Layout:
    """Look up the layout that the options name for a file that does not say.

    Raises:
        ConfigError: the options name no layout, or one that does not exist.
    """
    if options.layout is None:
        raise ConfigError(
            f"{path} does not state its joint layout: name the layout, one of {', '.join(LAYOUTS)}.", option="layout"
        )
    return layout_named(options.layout)


def agreed_layout(options: ReadOptions, says: str, path: Path) -> Layout:
    """Look up the layout that a file has; the options may repeat it.

    Raises:
        ConfigError: the options name another layout than the file has.
    """
    if options.layout not in (None, says):
        raise ConfigError(f"{path} has the joints of layout {says!r}, but the options name {options.layout!r}.")
    return layout_named(says)


def agreed_fps(options: ReadOptions, says: float, path: Path) -> float:
    """Return the frame rate that a file states; the options may repeat it.

    Raises:
        ConfigError: the options name another frame rate than the file does.
    """
    if options.fps is not None and not math.isclose(options.fps, says, rel_tol=_SAME_FPS):
        raise ConfigError(f"{path} states {says:g} frames per second, but the options name {options.fps:g}.")
    return says


def assumed_fps(options: ReadOptions) -> tuple[float, tuple[Doubt, ...]]:
    """The frame rate of a file that states none: what the options say, or 30 and a doubt that says so."""
    if options.fps is not None:
        return options.fps, ()
    sentence = f"The file states no frame rate: {_USUAL_FPS:g} frames per second are assumed; name another with --fps."
    return _USUAL_FPS, (Doubt("frame-rate-assumed", sentence),)


def words(joint_name: str) -> tuple[str, ...]:
    """Break a joint's name into sorted lower-case words, so that `LeftShoulder` equals `shoulder_left`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", joint_name).lower().replace("center", "centre")
    return tuple(sorted(re.findall(r"[a-z]+|\d+", spaced)))


def make_clip(
    joints: Num[np.ndarray, "C T V M"],
    options: ReadOptions,
    *,
    name: str,
    fps: float,
    layout: Layout,
    times: Float[np.ndarray, "T"] | None = None,
    visibility: Float[np.ndarray, "T V M"] | None = None,
    doubts: Sequence[Doubt] = (),
    **ids: int | None,
) -> SkeletonSequence:
    """Turn an array into a validated clip of float32, with missing joints filled (:func:`missing.complete`).

    Args:
        joints: positions in metres (C = 3) or pixels (C = 2); NaN or infinite where a joint is missing, or zero. An
            array of float32 becomes the clip's own, and is filled in place, unless it is read-only.
        options: whether to fill gaps. A reader that has used their unit passes them without it.
        name: where the clip comes from.
        fps: frames per second.
        layout: what the V joints are.
        times: of each frame, in seconds, where frames are not evenly spaced.
        visibility: how sure the sensor is of each joint, from 0 to 1, where it says so.
        doubts: what the reader had to assume, or found odd.
        ids: where known the 0-based label, and the ids of subject, camera and setup.

    Raises:
        DataError: joints are missing and the options do not say to fill them, or the clip is malformed.
        ConfigError: the options name a unit that the format rules out.
    """
    if options.unit not in (None, "m"):
        raise ConfigError(
            f"clip {name!r} is in metres or pixels, as its format says, but the options name the unit "
            f"{options.unit!r}.",
            option="unit",
        )
    with np.errstate(over="ignore", invalid="ignore"):  # what leaves the range becomes infinite and is refused
        joints = joints.astype(np.float32, copy=not joints.flags.writeable)  # read-only: of a file, which may change
    joints, filled = complete(joints, visibility, options, layout, name)
    return SkeletonSequence(
        joints, float(fps), layout, name=name, times=times, visibility=visibility, doubts=(*doubts, *filled), **ids
    )


def without_padding(joints: Num[np.ndarray, "C T V M"]) -> Num[np.ndarray, "C _ V _"]:
    """Leave out bodies that are zero in all frames, and the frames after the last one that shows somebody.

    A clip that shows nobody stays as it is.
    """
    there = np.any(joints != 0, axis=(0, 2))
    if not there.any():
        return joints
    return joints[:, : np.flatnonzero(there.any(axis=1))[-1] + 1, :, there.any(axis=0)]


def scores_apart(
    joints: Num[np.ndarray, "_ T V M"], layout: Layout
) -> tuple[Num[np.ndarray, "C T V M"], Float[np.ndarray, "T V M"] | None, tuple[Doubt, ...]]:
    """Take the third number of each joint for its score, where pose estimators write it so, and a fourth always.

    It is one where it lies between 0 and 1 throughout; the third one, where the layout is a pose estimator's in
    pictures, too.

    Returns:
        the positions, the scores if there are any, and a doubt that says so.
    """
    if len(joints) == 4 and ((joints[3] >= 0) & (joints[3] <= 1)).all():
        return joints[:3], joints[3].astype(np.float32), ()
    if layout.name not in PICTURE_LAYOUTS or len(joints) != 3 or not ((joints[2] >= 0) & (joints[2] <= 1)).all():
        return joints, None, ()
    sentence = "The third number of each joint lies between 0 and 1, so it is taken for its score: the clip is 2-D."
    return joints[:2], joints[2].astype(np.float32), (Doubt("third-number-is-score", sentence),)


def as_visibility(scores: Num[np.ndarray, "T V M"]) -> Float[np.ndarray, "T V M"]:
    """Scores of pose estimators as visibility, from 0 to 1: some exceed 1 a little, and NaN is no score."""
    return np.clip(np.nan_to_num(scores.astype(np.float32)), 0, 1)


def one_hot_label(label: np.ndarray | np.generic, where: str) -> int:
    """The class that a file states as a number from 0 on, or as a row of zeros with a single one.

    Raises:
        DataError: it is neither.
    """
    values = np.asarray(label)
    if values.ndim == 0 and values.dtype.kind in "iu" and 0 <= values < _HIGHEST_LABEL:
        return int(values)
    if values.ndim == 1 and values.size > 1 and values.dtype.kind in "iufb":
        ones = np.flatnonzero(values)
        if len(ones) == 1 and values[ones[0]] == 1:
            return int(ones[0])
    raise DataError(
        f"{where} should have one whole number from 0 on as its label, or one 1 among zeros, but it does not."
    )


def ran_out_of_memory(error: GzssarError) -> bool:
    """Whether a reader gave a file up because there was no memory for it. It calls that damage, which it usually is:
    damaged files claim to be huge."""
    cause = error.__cause__
    return isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno == errno.ENOMEM)


def read_bytes(path: Path, limit: int | None = None) -> bytes:
    """Read a whole file.

    Args:
        path: the file.
        limit: the most bytes a file of its kind may have.

    Raises:
        DataError: the file cannot be read or is larger than `limit`.
    """
    if limit is not None:
        check_size(path, limit)
    try:
        return path.read_bytes()
    except (OSError, MemoryError) as error:
        raise DataError(f"{path} should be a file to read, but it cannot be read ({error}).") from error


def check_size(path: Path, largest: int) -> None:
    """Refuse a file before it fills the memory.

    Raises:
        DataError: it has more than `largest` bytes, or cannot be read.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path} should be a file to read, but it cannot be read ({error.strerror}).") from error
    if size > largest:
        raise DataError(f"{path} should have at most {largest} bytes, but it has {size}: split it into several clips.")


def map_bytes(path: Path) -> memoryview:
    """The bytes of a file, as :func:`map_file` has them."""
    return memoryview(map_file(path))


def map_file(path: Path) -> mmap.mmap:
    """A file to read, of which only those bytes come into memory that somebody looks at.

    Raises:
        DataError: the file cannot be read or is empty.
    """
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} should be a file to read, but it cannot be read ({error}).") from error


def read_lines(path: Path) -> list[str]:
    """Read a text file in UTF-8 (with or without a byte order mark) as lines without their ends.

    Raises:
        DataError: the file cannot be read or is no text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} should be text in UTF-8, but its byte {error.start} is not: save it again.") from error


def parse_numbers(cells: Sequence[str], where: str) -> list[float]:
    """Parse numbers as text; an empty cell is NaN.

    Args:
        cells: the texts.
        where: file and line, for the error's sentence.

    Raises:
        DataError: a cell is no number; the message names it.
    """
    try:
        if "_" not in "".join(cells):
            return list(map(float, cells))
    except ValueError:
        pass  # a cell is empty, or no number
    numbers = []
    for column, cell in enumerate(cells, start=1):
        try:
            number = float(cell) if cell.strip() else math.nan
        except ValueError:
            number = None
        if number is None or "_" in cell:  # Python takes 1_000 for a number, files do not
            raise DataError(f"{where} should hold numbers, but value {column} is {cell[:40]!r}.")
        numbers.append(number)
    return numbers


class NpyHeader(NamedTuple):
    """What the start of a file in numpy's format says."""

    shape: tuple[int, ...]
    column_major: bool
    dtype: np.dtype[Any]
    offset: int
    """Where the numbers begin."""


def npy_header(data: bytes | memoryview, where: str, size: int | None = None) -> NpyHeader:
    """Read the header of one plain array in numpy's format.

    Args:
        data: the whole file, or its first :data:`LONGEST_HEADER` bytes.
        where: the file, for the error's sentence.
        size: bytes of the file, where `data` is not all of it.

    Raises:
        DataError: the bytes are no such array, hold Python objects, or are fewer than the array needs.
    """
    file = io.BytesIO(bytes(data[:LONGEST_HEADER]))
    try:
        with _ONE_HEADER, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers written by Python 2 are fine
            shape, column_major, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
    except Exception as error:  # the header is a Python literal: a damaged one fails in every way that Python has
        raise DataError(f"{where} should be a plain numpy array, but its header is damaged: save it again.") from (
            None if isinstance(error, MemoryError) else error  # of the literal's parser, not of the system
        )
    if dtype.kind == "O":
        raise DataError(
            f"{where} should be an array of numbers or text, but it holds Python objects: load it where you trust it, "
            "and save only the joints as an array."
        )
    if dtype.kind not in "biufSU" or dtype.itemsize == 0:
        raise DataError(f"{where} should be an array of numbers or text, but its type is {str(dtype)[:60]}.")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > (size or len(data)) - file.tell():
        raise DataError(
            f"{where} should hold an array of shape {str(shape)[:60]}, but has too few bytes: it is cut off."
        )
    return NpyHeader(shape, column_major, dtype, file.tell())


def parse_npy(data: bytes | memoryview, where: str) -> np.ndarray:
    """Read one plain array in numpy's format, without copying it.

    Args:
        data: the whole file.
        where: the file, for the error's sentence.

    Returns:
        An array of numbers, truth values or text.

    Raises:
        DataError: as in :func:`npy_header`.
    """
    header = npy_header(data, where)
    try:
        return np.ndarray(header.shape, header.dtype, data, header.offset, order="F" if header.column_major else "C")
    except (ValueError, TypeError) as error:
        raise DataError(f"{where} should be a plain numpy array, but it is damaged ({error}).") from error
