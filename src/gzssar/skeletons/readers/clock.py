"""From the times of frames, in whatever unit, to seconds and frames per second."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.readers.arrays import agreed_fps, assumed_fps
from gzssar.skeletons.readers.headers import unit_of_time
from gzssar.skeletons.readers.reader import ReadOptions

Clock = tuple[float, Float[np.ndarray, "T"] | None, tuple[Doubt, ...]]
"""Frames per second, the time of each frame in seconds where frames are uneven or timed, and doubts."""

_UNITS = (
    (1.0, 1.0, "seconds"),
    (1e3, 1e-3, "milliseconds"),
    (1e5, 1e-6, "microseconds"),
    (1e6, 1e-7, "tenths of a microsecond"),  # as Kinect's SDK counts them
    (np.inf, 1e-9, "nanoseconds"),
)
"""Up to which step between two frames a time without a unit is taken for which, and its seconds."""
_RATES = (0.1, 1000.0)
"""Frames per second between which a recording of people may lie."""
_EVEN = 0.1
"""Share of a step by which steps differ that were even before somebody rounded them."""


def untimed(options: ReadOptions) -> Clock:
    """Frames that come evenly, as often as the options say, or 30 times a second with a doubt."""
    fps, doubts = assumed_fps(options)
    return fps, None, doubts


def stated(fps: float, options: ReadOptions, path: Path) -> Clock:
    """Frames that come evenly, as often as the file says.

    Raises:
        DataError: no recording of people has that rate.
        ConfigError: the options name another frame rate.
    """
    if not _RATES[0] <= fps <= _RATES[1]:
        raise DataError(
            f"{path} should have between {_RATES[0]:g} and {_RATES[1]:g} frames per second, but states {fps:.4g}: "
            "correct it."
        )
    return agreed_fps(options, fps, path), None, ()


def timed(values: Float[np.ndarray, "T"], name: str, options: ReadOptions, path: Path) -> Clock:
    """Read the times of frames.

    Args:
        values: in the unit that `name` says, or else in a plausible one.
        name: of the column or key they come from.
        options: they may repeat the frame rate.
        path: the file, for messages.

    Raises:
        DataError: they do not ascend, or the unit cannot be the one that the name says.
        ConfigError: the options name another frame rate.
    """
    steps = _steps(values, name, path)
    unit = unit_of_time(name)
    if not len(steps) or (unit is None and (steps == 1).all()):  # a count of frames
        return untimed(options)
    step = float(np.mean(steps) if np.ptp(steps) < _EVEN * np.median(steps) else np.median(steps))
    doubts: tuple[Doubt, ...] = ()
    if unit is None:
        unit, called = next((seconds, called) for most, seconds, called in _UNITS if step <= most)
        sentence = f"{name!r} states no unit, so {called} are assumed: 1 frame takes {step:.4g}."
        doubts = () if unit == 1 else (Doubt("time-unit-assumed", sentence),)
    fps = 1 / (step * unit)
    if not _RATES[0] <= fps <= _RATES[1]:
        raise DataError(
            f"{path} should have the times of its frames in {name!r}, but they make {fps:.4g} frames per second: "
            "correct them, or the unit in the name."
        )
    return agreed_fps(options, fps, path), values * unit, doubts


def counted(numbers: Float[np.ndarray, "T"], name: str, options: ReadOptions, path: Path) -> Clock:
    """Read the numbers of frames: where they jump, frames are missing, and time goes on.

    Args:
        numbers: of the frames.
        name: of the column or key they come from.
        options: they may name the frame rate.
        path: the file, for messages.

    Raises:
        DataError: they do not ascend.
    """
    steps = _steps(numbers, name, path)
    fps, _, doubts = untimed(options)
    if not len(steps) or np.median(steps) != 1 or (steps == 1).all():
        return fps, None, doubts
    sentence = f"Frames are missing: their numbers in {name!r} jump in {int((steps != 1).sum())} places."
    return fps, numbers / fps, (*doubts, Doubt("frames-missing", sentence))


def _steps(values: Float[np.ndarray, "T"], name: str, path: Path) -> Float[np.ndarray, "_"]:
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.diff(values)
    late = np.flatnonzero(~((steps > 0) & np.isfinite(steps)))
    if not np.isfinite(values).all() or len(late):
        row = int(late[0]) + 2 if len(late) else 1
        raise DataError(
            f"{path} should have one row per frame, in order, but {name!r} does not ascend at row {row}: write one "
            "file per clip and person, or leave it out."
        )
    return steps
