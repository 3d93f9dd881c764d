"""Long recordings: a window slides over the clip, its answers become labelled segments.

Stillness and absence split a recording: windows slide over each stretch in which somebody moves. A window answers for
the frames that lie nearer to its middle than to any other window's, so that the answers tile the stretch. Neighbours of
one answer make one segment, be it a label, an unsure guess, rest or nobody, so that the segments tile the recording.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, pairwise
from math import fsum
from operator import itemgetter
from statistics import fmean
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from gzssar.errors import ConfigError
from gzssar.recognizer import Prediction
from gzssar.recognizer.prediction import PredictionDict, RankedClass
from gzssar.running import Steps
from gzssar.skeletons.moving import LONGEST_LOSS, RESTING, movement
from gzssar.skeletons.oddities import present_bodies
from gzssar.skeletons.recordings import LENGTH_CODES
from gzssar.skeletons.resampling import resample
from gzssar.skeletons.sequence import SkeletonSequence

Answer = Callable[[Sequence[SkeletonSequence]], Sequence[Prediction]]
"""What recognizes clips: a recognizer with its options settled."""

NOBODY = Prediction((), None, abstained=True)
"""Nobody is there."""
AT_REST = Prediction((), None, resting=True)
"""Nobody moves for a while; no class is asked for."""

_PAUSE = 0.75
"""Seconds of stillness that split a recording; people rest for a moment within an action."""
_SHORTEST = 0.5
"""Seconds; a shorter interruption does not part a movement."""


@dataclass(frozen=True)
class Stretch:
    """A part of a recording and the answer for it."""

    start: float
    """In seconds."""

    end: float
    """In seconds."""

    prediction: Prediction
    """The answer; it has no ranking if nobody is there or nobody moves."""

    @property
    def answer(self) -> tuple[str | None, str | None, bool]:
        """The key by which neighbours become one segment: a label, an unsure guess, rest or nobody."""
        return self.prediction.label, self.prediction.best_guess, self.prediction.resting

    @property
    def moving(self) -> bool:
        """Whether somebody moves in this part."""
        return self.prediction not in (AT_REST, NOBODY)


class SegmentDict(PredictionDict):
    """A :class:`Segment` as JSON: the fields of the prediction and these."""

    start: float
    end: float
    windows: int


@dataclass(frozen=True)
class Segment(Stretch):
    """Neighbouring windows with the same answer: the means of their scores and p_seen, and each kind of doubt once."""

    windows: int
    """The number of windows; a pause counts as one."""

    def as_dict(self) -> SegmentDict:
        """The segment as a dictionary, for JSON."""
        return {
            "start": round(self.start, 6),
            "end": round(self.end, 6),
            "windows": self.windows,
            **self.prediction.as_dict(),
        }


def find_segments(stretches: Sequence[Stretch]) -> list[Segment]:
    """Join neighbours with the same answer. If other answers interrupt a movement for less than half a second, the
    movement continues."""
    runs: list[list[Stretch]] = []
    for run in (list(run) for _, run in groupby(stretches, key=lambda stretch: stretch.answer)):
        back = _interrupted(runs, run)
        if back is None:
            runs.append(run)
        else:
            runs[back:] = [runs[back] + run]
    return [
        Segment(run[0].start, run[-1].end, _mean([stretch.prediction for stretch in run]), len(run)) for run in runs
    ]


def _interrupted(runs: Sequence[Sequence[Stretch]], run: Sequence[Stretch]) -> int | None:
    """Which movement goes on with this run, if any."""
    for k in reversed(range(len(runs))):
        if run[0].start - runs[k][-1].end >= _SHORTEST:
            return None
        if run[0].moving and runs[k][0].answer == run[0].answer:
            return k
    return None


def _mean(predictions: Sequence[Prediction]) -> Prediction:
    """The mean of predictions of one answer; a class that one of them does not rank scores 0 there."""
    ranked: dict[str, list[RankedClass]] = {}
    for one in chain.from_iterable(predictions):
        ranked.setdefault(one["label"], []).append(one)
    means = [
        RankedClass(label=label, score=fsum(one["score"] for one in ones) / len(predictions), seen=ones[0]["seen"])
        for label, ones in ranked.items()
    ]
    judged = [one.p_seen for one in predictions if one.p_seen is not None]
    unsure = 2 * sum(one.unsure for one in predictions) >= len(predictions)
    return replace(
        predictions[0],
        unsure=unsure,
        ranking=tuple(sorted(means, key=itemgetter("score"), reverse=True)[: len(predictions[0])]),
        p_seen=fmean(judged) if judged else None,
        warning=tuple({doubt.code: doubt for one in reversed(predictions) for doubt in one.warning}.values()),
    )


def slide(
    clip: SkeletonSequence,
    answer: Answer,
    window: float,
    stride: float | None = None,
    batch_size: int = 32,
    steps: Steps | None = None,
    split: bool = True,
) -> list[Stretch]:
    """Recognize every window of a recording.

    Args:
        clip: a recording of any length; if it is shorter than the window, it is one window.
        answer: the function that recognizes clips.
        window: the length of a window in seconds.
        stride: seconds from window to window; None for half a window. The last window ends with the recording.
        batch_size: the number of windows that are recognized at a time.
        steps: called with the number of finished windows.
        split: if true, no window contains a pause, in which nobody moves or nobody is there, and nothing is recognized
            in a pause.

    Raises:
        ConfigError: the window or the stride is not a positive number, or the stride is longer than the window.
        DataError: the clip cannot be recognized.
    """
    stride = window / 2 if stride is None else stride
    if not (np.isfinite(window) and 0 < stride <= window):
        raise ConfigError(
            f"a window should be a positive number of seconds, and its stride at most as many, but they are {window:g} "
            f"and {stride:g}."
        )
    clip = clip if clip.times is None else resample(clip, clip.fps)
    parts = _parts(clip) if split else [_Part(0, clip.joints.shape[1], None)]
    shares = [share for part in parts for share in _shares(part, window * clip.fps, stride * clip.fps)]
    cut = [_cut(clip, *share.window) for share in shares if share.known is None]
    given = iter(_answers(cut, answer, batch_size, steps))
    return [
        Stretch(start / clip.fps, end / clip.fps, next(given) if known is None else known)
        for _, (start, end), known in shares
    ]


class _Part(NamedTuple):
    """From a frame to before another one, and what is known of it."""

    start: int
    end: int
    known: Prediction | None
    """None where somebody moves, which is to be recognized."""


def _parts(clip: SkeletonSequence) -> list[_Part]:
    """A recording cut to where nobody is there, where nobody moves, and where somebody does."""
    parts: list[_Part] = []
    there = np.asarray(present_bodies(clip).any(axis=1))
    for start, end, away in _pauses(~there, LONGEST_LOSS * clip.fps):
        if away:
            parts.append(_Part(start, end, NOBODY))
            continue
        moves = np.asarray((movement(clip.part(start, end)) >= RESTING).any(axis=1))
        for first, last, resting in _pauses(~moves, _PAUSE * clip.fps):
            parts.append(_Part(start + first, start + last, AT_REST if resting else None))
    return parts


def _pauses(quiet: Bool[np.ndarray, "T"], longest: float) -> list[tuple[int, int, bool]]:
    """Cut frames into pauses, which are quiet for more than `longest` frames, and what lies between."""
    bounds = [0, *(np.flatnonzero(np.diff(quiet)) + 1).tolist(), len(quiet)]
    pause = np.zeros_like(quiet)
    for first, end in pairwise(bounds):
        pause[first:end] = quiet[first] and end - first > longest
    bounds = [0, *(np.flatnonzero(np.diff(pause)) + 1).tolist(), len(pause)]
    return [(first, end, bool(pause[first])) for first, end in pairwise(bounds)]


Span = tuple[int, int]
"""The first frame, and the one behind the last."""


class _Share(NamedTuple):
    """A window, and the frames for which it answers."""

    window: Span
    answers: tuple[float, float]
    known: Prediction | None = None
    """The answer, where none is to be asked for."""


def _shares(part: _Part, window: float, stride: float) -> list[_Share]:
    first, end, known = part
    if known is not None:
        return [_Share((first, end), (float(first), float(end)), known)]
    length = end - first
    width, step = (max(1, round(min(frames, length))) for frames in (window, stride))
    starts = [first + start for start in _starts(length, width, step)]
    middles = [start + width / 2 for start in starts]
    edges = [float(first), *((before + after) / 2 for before, after in pairwise(middles)), float(end)]
    return [_Share((start, start + width), span) for start, span in zip(starts, pairwise(edges), strict=True)]


def _starts(length: int, width: int, step: int) -> list[int]:
    """First frames of the windows; the last one ends with the recording."""
    starts = list(range(0, length - width + 1, step))
    return starts if starts[-1] == length - width else [*starts, length - width]


def _cut(clip: SkeletonSequence, start: int, end: int) -> SkeletonSequence | None:
    """A window without the bodies that are absent from it; None where nobody is left."""
    window = clip.part(start, end)
    present = window.joints.any(axis=(0, 1, 2))
    if not present.any():
        return None
    return window if present.all() else window.of_bodies(np.flatnonzero(present).tolist())


def _answers(
    windows: Sequence[SkeletonSequence | None], answer: Answer, batch_size: int, steps: Steps | None
) -> list[Prediction]:
    predictions: list[Prediction] = []
    for start in range(0, len(windows), batch_size):
        batch = windows[start : start + batch_size]
        there = [window for window in batch if window is not None]
        given = map(of_window, answer(there) if there else [])
        predictions += [NOBODY if window is None else next(given) for window in batch]
        if steps:
            steps(len(predictions), len(windows))
    return predictions


def of_window(prediction: Prediction) -> Prediction:
    """Without the doubt that a window is shorter or longer than the training clips: its length is chosen. Of rest,
    nothing else is told."""
    if prediction.resting:
        return AT_REST
    return replace(prediction, warning=tuple(doubt for doubt in prediction.warning if doubt.code not in LENGTH_CODES))


def clock(seconds: float, tenths: bool = True) -> str:
    """A time as hours (if there are any), minutes and seconds: ``1:02:05.0``."""
    minutes, rest = divmod(round(seconds, 1 if tenths else 0), 60)
    hours, minutes = divmod(int(minutes), 60)
    last = f"{rest:04.1f}" if tenths else f"{rest:02.0f}"
    return f"{hours}:{minutes:02d}:{last}" if hours else f"{minutes}:{last}"
