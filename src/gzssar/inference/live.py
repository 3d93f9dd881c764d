"""Frames that come one by one, as JSON lines: the last seconds are recognized again and again.

A line holds ``{"joints": [[x, y, z], ...]}`` or the list alone: V joints in metres, or M bodies of V joints each. Null
or an empty list says that nobody is there.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gzssar.errors import ConfigError, DataError
from gzssar.inference.segments import Answer
from gzssar.recognizer import Prediction
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.sequence import SkeletonSequence

_MOST_BODIES = 2
_MOST_FRAMES = 100_000
"""In a window, and from answer to answer: nearly an hour at 30 frames per second."""
_LONGEST_LINE = 1_000_000
"""Characters; two bodies of 33 joints take some 5,000."""


@dataclass(frozen=True)
class LiveAnswer:
    """What the last seconds show."""

    frame: int
    """Of the last frame, from 0; lines that are no frames do not count."""

    time: float
    """Seconds from the first frame to the last."""

    prediction: Prediction | None
    """None where nobody is there, or the window cannot be recognized."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it; nobody is an abstention without a ranking."""
        nobody: dict[str, Any] = {"label": None, "p_seen": None, "abstained": True, "warning": None, "ranking": []}
        found = nobody if self.prediction is None else self.prediction.as_dict()
        return {"frame": self.frame, "time": round(self.time, 4), **found}


class RecentFrames:
    """The last frames of a stream, as a clip."""

    def __init__(self, count: int, layout: Layout, fps: float) -> None:
        self._frames: deque[Float[np.ndarray, "M V C"]] = deque(maxlen=count)
        self._layout, self._fps = layout, fps

    def add(self, frame: Float[np.ndarray, "M V C"]) -> None:
        """Add a frame; the oldest one goes when there are too many."""
        self._frames.append(frame)

    def clip(self) -> SkeletonSequence | None:
        """What is there, without bodies that are absent throughout; None where nobody is left."""
        bodies = max(len(frame) for frame in self._frames)
        joints = np.zeros((bodies, len(self._frames), self._layout.joint_count, 3), dtype=np.float32)
        for at, frame in enumerate(self._frames):
            joints[: len(frame), at] = frame
        joints = joints[joints.any(axis=(1, 2, 3))]
        return SkeletonSequence(joints.transpose(3, 1, 2, 0), self._fps, self._layout) if len(joints) else None


def answer_frames(
    lines: Iterable[str],
    answer: Answer,
    layout: Layout,
    fps: float = 30.0,
    window: float = 2.0,
    stride: float | None = None,
    on_bad: Callable[[str, DataError], None] | None = None,
) -> Iterator[LiveAnswer]:
    """Answer frames as they come.

    Args:
        lines: one frame each; empty ones are passed over.
        answer: what recognizes clips.
        layout: what the joints are.
        fps: frames per second.
        window: seconds that are recognized; at the start, what there is of them.
        stride: seconds from answer to answer; None for one per frame.
        on_bad: told of each line that is no frame or window that cannot be recognized, and why; it is then passed over.

    Raises:
        ConfigError: `fps` is no positive number.
        DataError: a line is no frame or a window cannot be recognized, and `on_bad` is None; or no line is a frame.
    """
    if not (np.isfinite(fps) and fps > 0):
        raise ConfigError(f"frames should come at a positive rate, but --fps is {fps:g}.")
    recent = RecentFrames(max(1, round(min(window * fps, _MOST_FRAMES))), layout, fps)
    step = 1 if stride is None else max(1, round(min(stride * fps, _MOST_FRAMES)))
    frames, first_bad = 0, ""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            recent.add(parse_frame(line, layout))
        except DataError as error:
            first_bad = first_bad or f"line {number} of standard input {error}"
            if on_bad is None:
                raise DataError(first_bad) from error
            on_bad(f"line {number}", error)
            continue
        frames += 1
        if frames % step == 0:
            yield LiveAnswer(frames - 1, (frames - 1) / fps, _answered(recent.clip(), number, answer, on_bad))
    if first_bad and not frames:
        raise DataError(f"no line was a frame: {first_bad}")


def _answered(
    clip: SkeletonSequence | None, number: int, answer: Answer, on_bad: Callable[[str, DataError], None] | None
) -> Prediction | None:
    """The answer to a window; None where nobody is there, or it cannot be recognized and somebody listens."""
    try:
        return None if clip is None else answer([clip])[0]
    except DataError as error:
        if on_bad is None:
            raise
        on_bad(f"the window that ends in line {number}", error)
        return None


def parse_frame(line: str, layout: Layout) -> Float[np.ndarray, "M V 3"]:
    """Read one frame; without bodies where nobody is there.

    Of more than two bodies the first two count.

    Raises:
        DataError: the line is no JSON or holds something else; the message goes on after "line 7".
    """
    wanted = f"{layout.joint_count} joints [x, y, z] of layout {layout.name!r}"
    if len(line) > _LONGEST_LINE:
        raise DataError(f"should be a frame of {wanted}, but it has {len(line)} characters.")
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = re.sub(r":? line 1 column", " at character", str(error).splitlines()[0]).partition(" (char")[0]
        raise DataError(f"should be a frame as JSON, but it cannot be read ({reason}).") from error
    if isinstance(content, dict):
        if "joints" not in content:
            raise DataError(f'should be {{"joints": …}} with {wanted}, but its keys are {str(list(content))[:80]}.')
        content = content["joints"]
    if content is None or content == []:
        return np.zeros((0, layout.joint_count, 3), dtype=np.float32)
    return _positions(content, layout, wanted)[:_MOST_BODIES]


def _positions(content: object, layout: Layout, wanted: str) -> Float[np.ndarray, "M V 3"]:
    try:
        with np.errstate(over="ignore"):  # what leaves the range becomes infinite and is refused
            joints = np.array(content, dtype=np.float32)
    except (ValueError, TypeError, OverflowError):
        raise DataError(f"should hold {wanted}, but not all of them are lists of three numbers.") from None
    if joints.ndim == 2:
        joints = joints[None]
    if joints.ndim != 3 or joints.shape[1:] != (layout.joint_count, 3):
        raise DataError(f"should hold {wanted}, for one body or several, but its shape is {joints.shape}.")
    if not np.isfinite(joints).all():
        raise DataError(f"should hold {wanted} as finite numbers, but some are missing, NaN or infinite.")
    return joints
