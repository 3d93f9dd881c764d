"""Frames that come one by one, as JSON lines: the last seconds are recognized again and again.

A line holds ``{"joints": [[x, y, z], ...]}`` or the list alone: V joints in metres, or M bodies of V joints each. Null
or an empty list says that nobody is there; null or NaN in place of a joint or a number, that this joint is not known.
``"time"``, in seconds, may stand beside the joints where frames are not evenly spaced.

Sensors lose people and joints for a moment. Who is lost for no more than :data:`LONGEST_LOSS` moves on a straight line
meanwhile; at the newest end, the last pose is held. Joints move so for as long as they are not known.
"""

import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, NotRequired

import numpy as np
from jaxtyping import Bool, Float

from gzssar.errors import ConfigError, DataError
from gzssar.inference.segments import NOBODY, Answer
from gzssar.recognizer import Prediction
from gzssar.recognizer.prediction import PredictionDict
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.moving import LONGEST_LOSS, movement
from gzssar.skeletons.preprocess import fill_gaps
from gzssar.skeletons.readers.json_files import number_array
from gzssar.skeletons.sequence import SkeletonSequence

WINDOW = 2.0
"""Seconds that count, unless said otherwise."""
_EARLY = 0.5
"""Share of the window that comes before the first answer."""
_TOO_EARLY = Doubt("too-early", "Too few frames have arrived to recognize a movement.")
_ROUNDING = 1e-6
"""Seconds by which a clock that adds up frames may be off."""
LATEST = 1e11
"""Seconds since 1970 of the year 5138: what is later is counted in milliseconds."""
_MOST_BODIES = 6
"""As many as a Kinect v2 reports: the first ones of a frame, of which those that move most are recognized."""
_MOST_FRAMES = 100_000
"""In a window: nearly an hour at 30 frames per second."""
_LONGEST_LINE = 1_000_000
"""Characters; two bodies of 33 joints take some 5,000."""


class LiveAnswerDict(PredictionDict):
    """A :class:`LiveAnswer` as JSON: the fields of the prediction and these."""

    frame: int
    time: float
    skipped: int
    others: NotRequired[list[PredictionDict]]
    """Present if there are other people."""


@dataclass(frozen=True)
class LiveAnswer:
    """The answer for the last seconds."""

    frame: int
    """The number of the last frame, from 0; lines that are not frames do not count."""

    time: float
    """The time of the last frame in seconds: its own time if frames have times, and otherwise the time since the first
    frame."""

    prediction: Prediction | None
    """The answer; None if it is too early, if nobody is there, or if the window cannot be recognized."""

    warning: tuple[Doubt, ...] = ()
    """The reason for no prediction, if it is too early."""

    skipped: int = 0
    """The number of earlier frames that should have had an answer but were skipped because newer frames were
    waiting."""

    others: tuple[Prediction, ...] = ()
    """The answers for the other people, if each person gets an answer; `prediction` is for the person who moves
    most."""

    def as_dict(self) -> LiveAnswerDict:
        """The answer as a dictionary, for JSON; without a prediction, it is an abstention without a ranking."""
        found = replace(NOBODY, warning=self.warning) if self.prediction is None else self.prediction
        told: LiveAnswerDict = {
            "frame": self.frame,
            "time": round(self.time, 4),
            "skipped": self.skipped,
            **found.as_dict(),
            "others": [other.as_dict() for other in self.others],
        }
        if not self.others:
            del told["others"]
        return told


class Frame(NamedTuple):
    """What one line says."""

    bodies: Float[np.ndarray, "M V 3"]
    """Metres; NaN where a joint is not known, zeros where a body has no known joint."""

    time: float | None = None
    """Seconds."""


class RecentFrames:
    """The last seconds of a stream, as a clip.

    Args:
        window: seconds.
        layout: what the joints are.
        fps: frames per second, of frames that do not carry their time.
    """

    def __init__(self, window: float, layout: Layout, fps: float) -> None:
        self._frames: deque[tuple[float, Frame]] = deque()
        self._window, self._layout, self._fps = window, layout, fps
        self._clock: tuple[float, float] | None = None  # a frame's own time, and the seconds elapsed when it came
        self._doubted = False  # whether the last frame's own time did not fit
        self.elapsed = 0.0
        """Seconds that all frames so far took, the newest one included."""
        self.step = 0.0
        """Seconds from the frame before to the newest one."""

    def add(self, frame: Frame) -> None:
        """Add a frame; those that are too old go."""
        self.step = self._since_last(frame)
        self.elapsed += self.step
        self._frames.append((self.elapsed, frame))
        longest = self._window - 0.5 / self._fps  # from the oldest frame to the newest
        while len(self._frames) > 1 and (
            self.elapsed - self._frames[0][0] > longest or len(self._frames) > _MOST_FRAMES
        ):
            self._frames.popleft()

    @property
    def span(self) -> float:
        """Seconds that the frames of the window take."""
        return self.elapsed - self._frames[0][0] + 1 / self._fps

    def _since_last(self, frame: Frame) -> float:
        """Seconds by the frames' own times. A time that goes back is passed over; two in a row are a clock that
        starts again."""
        usual = 1 / self._fps
        if frame.time is None:
            return usual
        passed = usual if self._clock is None else frame.time - self._clock[0] - (self.elapsed - self._clock[1])
        fits = passed > 0
        if fits or self._doubted:
            passed = passed if fits else usual
            self._clock = frame.time, self.elapsed + passed
        self._doubted = not (fits or self._doubted)
        return usual if self._doubted else passed

    @property
    def time(self) -> float | None:
        """The newest frame's own time, where it carries one."""
        return self._frames[-1][1].time

    def _times(self) -> Float[np.ndarray, "T"] | None:
        """When the frames came, where they carry times, the newest one at its own where that fits."""
        if any(frame.time is None for _, frame in self._frames):
            return None
        assert self._clock is not None
        return np.array([end for end, _ in self._frames]) + (self._clock[0] - self._clock[1])

    def clip(self) -> SkeletonSequence | None:
        """What is there, without bodies that are absent throughout; None where nobody is left.

        Raises:
            DataError: a joint of somebody is never known.
        """
        bodies = max(len(frame.bodies) for _, frame in self._frames)
        joints = np.zeros((bodies, len(self._frames), self._layout.joint_count, 3), dtype=np.float32)
        for at, (_, frame) in enumerate(self._frames):
            joints[: len(frame.bodies), at] = frame.bodies
        times = self._times()
        starts = np.array([end for end, _ in self._frames]) - 1 / self._fps if times is None else times
        there = (joints != 0).any(axis=(2, 3))
        for body, present in zip(joints, there, strict=True):
            body[_lost(present, np.append(starts, starts[-1] + 1 / self._fps))] = np.nan
        shown = joints[there.any(axis=1)].transpose(3, 1, 2, 0)
        if not shown.shape[3]:
            return None
        fps = self._fps if times is None or len(times) == 1 else 1 / float(np.median(np.diff(times)))
        return SkeletonSequence(fill_gaps(shown), fps, self._layout, times=times)


def _lost(there: Bool[np.ndarray, "T"], starts: Float[np.ndarray, "T+1"]) -> Bool[np.ndarray, "T"]:
    """In which frames somebody who was there is lost for a moment.

    Args:
        there: whether somebody is there in a frame.
        starts: when each frame begins, and when the last one ends, in seconds.
    """
    lost = np.zeros_like(there)
    for before, after in pairwise([*np.flatnonzero(there), len(there)]):
        lost[before + 1 : after] = starts[after] - starts[before + 1] <= LONGEST_LOSS + _ROUNDING
    return lost


def answer_frames(
    lines: Iterable[str],
    answer: Answer,
    layout: Layout,
    fps: float = 30.0,
    window: float = WINDOW,
    stride: float | None = None,
    on_bad: Callable[[str, DataError], None] | None = None,
    behind: Callable[[], bool] | None = None,
) -> Iterator[LiveAnswer]:
    """Give answers for frames as they come.

    Before half of the window has come, it is too early for an answer. If the stream ends before that, its last frame
    gets an answer from all frames that came. The same is true if the last frames were skipped, or if the stream ends
    between two answers.

    Args:
        lines: one frame on each line; empty lines are skipped.
        answer: the function that recognizes clips.
        layout: the joint layout.
        fps: frames per second, for frames that do not have a time.
        window: the number of seconds that are recognized; at the start, as many as have come.
        stride: seconds from answer to answer; None for an answer for each frame.
        on_bad: called with each line that is not a frame, or window that cannot be recognized, and the reason; it is
            then skipped.
        behind: called before each answer; if it says that newer frames are waiting, this answer is skipped.

    Raises:
        ConfigError: `fps` is not a positive number.
        DataError: a line is not a frame or a window cannot be recognized, and `on_bad` is None; or no line is a frame.
    """
    return answer_each(_frames(lines, layout, on_bad), answer, layout, fps, window, stride, on_bad, behind)


def answer_each(
    numbered: Iterable[tuple[int, Frame]],
    answer: Answer,
    layout: Layout,
    fps: float = 30.0,
    window: float = WINDOW,
    stride: float | None = None,
    on_bad: Callable[[str, DataError], None] | None = None,
    behind: Callable[[], bool] | None = None,
    apart: bool = False,
) -> Iterator[LiveAnswer]:
    """Answer frames as they come, as :func:`answer_frames` does with lines.

    Args:
        numbered: frames, each with the number of its line.
        answer: what recognizes clips.
        layout: what the joints are.
        fps: frames per second, of frames that do not carry their time.
        window: seconds that are recognized.
        stride: seconds from answer to answer; None for one per frame.
        on_bad: told of windows that cannot be recognized.
        behind: asked before each answer whether newer frames wait already.
        apart: whether each body is answered on its own, as if it were alone, the one who moves most first.

    Raises:
        ConfigError: `fps` is no positive number.
        DataError: a window cannot be recognized, and `on_bad` is None.
    """
    if not (np.isfinite(fps) and fps > 0):
        raise ConfigError(f"frames should come at a positive rate, but --fps is {fps:g}.")
    recent = RecentFrames(window, layout, fps)
    frames = skipped = line = 0
    due, answered = _next(0.0, stride, fps), False

    def found(line: int, warning: tuple[Doubt, ...] = ()) -> LiveAnswer:
        time = (frames - 1) / fps if recent.time is None else recent.time
        people = () if warning else tuple(_answered(recent, line, answer, on_bad, apart))
        return LiveAnswer(frames - 1, time, people[0] if people else None, warning, skipped, people[1:])

    for line, frame in numbered:
        recent.add(frame)
        frames += 1
        if recent.elapsed < due:
            continue
        if recent.step > max(window, 1 / fps):
            sentence = f"Frames are {recent.step:.3g} s apart, but a window lasts {window:g} s: give times in seconds."
            yield found(line, (Doubt("gap", sentence),))
        elif recent.span < _EARLY * window - _ROUNDING:
            yield found(line, (_TOO_EARLY,))
        elif behind is not None and behind():
            skipped += 1
            continue
        else:
            yield found(line)
            answered, skipped = True, 0
        due = _next(recent.elapsed, stride, fps)
    if frames and (skipped or not answered):
        skipped = max(0, skipped - 1)  # the last frame is answered after all
        yield found(line)


def _frames(
    lines: Iterable[str], layout: Layout, on_bad: Callable[[str, DataError], None] | None
) -> Iterator[tuple[int, Frame]]:
    """Frames and the numbers of their lines, without those that are no frames where somebody listens."""
    first_bad, any_frame = "", False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            frame = parse_frame(line, layout)
        except DataError as error:
            first_bad = first_bad or f"line {number} of standard input {error}"
            if on_bad is None:
                raise DataError(first_bad) from error
            on_bad(f"line {number}", error)
        else:
            any_frame = True
            yield number, frame
    if first_bad and not any_frame:
        raise DataError(f"no line was a frame: {first_bad}")


def _next(elapsed: float, stride: float | None, fps: float) -> float:
    """When the next answer is due: at the frame that is nearest to a stride from now."""
    return 0.0 if stride is None else elapsed + stride - 0.5 / fps


def _answered(
    recent: RecentFrames,
    number: int,
    answer: Answer,
    on_bad: Callable[[str, DataError], None] | None,
    apart: bool,
) -> Sequence[Prediction]:
    """The answer to a window, or to each body of it; none where nobody is there any more, or it cannot be recognized
    and somebody listens."""
    try:
        clip = recent.clip()
        if clip is None or not clip.joints[:, -1].any():
            return []
        return answer(_bodies_apart(clip) if apart else [clip])
    except DataError as error:
        if on_bad is None:
            raise
        on_bad(f"the window that ends in line {number}", error)
        return []


def _bodies_apart(clip: SkeletonSequence) -> list[SkeletonSequence]:
    """A clip of each body that is there at the end, the one who moves most first."""
    order = np.argsort(-movement(clip).mean(axis=0), kind="stable")
    return [clip.of_bodies([int(body)]) for body in order if clip.joints[:, -1, :, body].any()]


def parse_frame(line: str, layout: Layout) -> Frame:
    """Read one frame; without bodies where nobody is there.

    Of more than six bodies the first six count.

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
    time = None
    if isinstance(content, dict):
        if "joints" not in content:
            raise DataError(f'should be {{"joints": …}} with {wanted}, but its keys are {str(list(content))[:80]}.')
        content, time = content["joints"], _seconds(content.get("time"))
    if content is None or content == []:
        return Frame(np.zeros((0, layout.joint_count, 3), dtype=np.float32), time)
    return Frame(_positions(content, layout, wanted)[:_MOST_BODIES], time)


def _seconds(time: object) -> float | None:
    if time is None:
        return None
    if isinstance(time, bool) or not isinstance(time, int | float) or not abs(time) < LATEST:
        raise DataError(f"should have its time as a number of seconds, but it is {str(time)[:40]!r}.")
    return float(time)


def _positions(content: object, layout: Layout, wanted: str) -> Float[np.ndarray, "M V 3"]:
    numbers = number_array(_spelled_out(content, layout.joint_count))
    if numbers is None:
        raise DataError(f"should hold {wanted}, but not all of them are lists of three numbers.")
    with np.errstate(over="ignore"):  # what leaves the range becomes infinite and is refused
        joints = numbers.astype(np.float32)
    if joints.ndim == 2:
        joints = joints[None]
    if joints.ndim != 3 or joints.shape[1:] != (layout.joint_count, 3):
        raise DataError(f"should hold {wanted}, for one body or several, but its shape is {joints.shape}.")
    if np.isinf(joints).any():
        raise DataError(f"should hold {wanted} as finite numbers, but some are infinite.")
    joints[np.isnan(joints).any(axis=2)] = np.nan
    joints[np.isnan(joints).all(axis=(1, 2))] = 0
    return joints


def _spelled_out(content: object, joint_count: int) -> object:
    """One body or several, with three unknown numbers for each joint that is null."""
    if not isinstance(content, list) or len(content) == joint_count:
        return _known_or_nan(content, joint_count)
    return [_known_or_nan(body, joint_count) for body in content]


def _known_or_nan(body: object, joint_count: int) -> object:
    if not isinstance(body, list) or len(body) != joint_count:
        return body
    return [[math.nan] * 3 if joint is None else _coordinates(joint) for joint in body]


def _coordinates(joint: object) -> object:
    if not isinstance(joint, list):
        return joint
    return [math.nan if number is None else number for number in joint]
