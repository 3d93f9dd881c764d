"""Long recordings: a window slides over the clip, its answers become labelled segments.

Stillness splits a recording: windows slide over each stretch in which somebody moves. A window answers for the frames
that lie nearer to its middle than to any other window's, so that the answers tile the stretch. Neighbours of one label
make one segment. Windows that abstain or show nobody leave a gap, and so do answers for less than half a second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import fmean
from typing import NamedTuple

import numpy as np

from gzssar.errors import ConfigError
from gzssar.recognizer import Prediction
from gzssar.running import Steps
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.moving import RESTING, movement
from gzssar.skeletons.resampling import resample
from gzssar.skeletons.sequence import SkeletonSequence

Answer = Callable[[Sequence[SkeletonSequence]], Sequence[Prediction]]
"""What recognizes clips: a recognizer with its options settled."""

_PAUSE = 0.75
"""Seconds of stillness that split a recording; people rest for a moment within an action."""
_SHORTEST = 0.5
"""Seconds; a shorter segment is left out."""


@dataclass(frozen=True)
class Stretch:
    """One window's share of a recording, and its answer."""

    start: float
    """Seconds."""

    end: float
    """Seconds."""

    prediction: Prediction | None
    """None where nobody is there, or nobody moves."""

    @property
    def label(self) -> str | None:
        """None where nobody is there, nobody moves, or the recognizer abstains."""
        return None if self.prediction is None else self.prediction.label


@dataclass(frozen=True)
class Segment:
    """Neighbouring windows that gave one label."""

    start: float
    """Seconds."""

    end: float
    """Seconds."""

    label: str
    seen: bool
    """Whether the class was trained on clips."""

    score: float
    """Mean over the windows."""

    p_seen: float
    """Mean over the windows."""

    windows: int
    """How many."""

    warning: tuple[Doubt, ...] = ()
    """What speaks against trusting some of the windows, each kind of doubt once."""


def find_segments(stretches: Sequence[Stretch]) -> list[Segment]:
    """Join neighbours of one label. Those without one are left out, and so are those of less than half a second; where
    such a short one interrupts another label, that label goes on."""
    runs = [list(run) for _, run in groupby(stretches, key=lambda stretch: stretch.label)]
    long = [run for run in runs if _seconds(run) >= _SHORTEST]
    joined: list[list[Stretch]] = []
    for run in long:
        near = bool(joined) and run[0].start - joined[-1][-1].end < _SHORTEST
        if near and joined[-1][0].label == run[0].label:
            joined[-1] += run
        else:
            joined.append(run)
    return [_segment(run) for run in joined if run[0].label is not None]


def _seconds(run: Sequence[Stretch]) -> float:
    return run[-1].end - run[0].start


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
        clip: of any length; where it is shorter than the window, it is one window.
        answer: what recognizes clips.
        window: seconds.
        stride: seconds from window to window; None for half a window. The last window ends with the recording.
        batch_size: windows recognized at a time.
        steps: told how many windows are done.
        split: let no window reach over stillness, and answer none within it.

    Raises:
        ConfigError: window or stride is no positive number, or the stride is longer than the window.
        DataError: the clip cannot be recognized.
    """
    stride = window / 2 if stride is None else stride
    if not (np.isfinite(window) and 0 < stride <= window):
        raise ConfigError(
            f"a window should be a positive number of seconds, and its stride at most as many, but they are {window:g} "
            f"and {stride:g}."
        )
    clip = clip if clip.times is None else resample(clip, clip.fps)
    still, moving = _split(clip) if split else ([], [(0, clip.joints.shape[1])])
    shares = [share for stretch in moving for share in _shares(*stretch, window * clip.fps, stride * clip.fps)]
    cut = [_cut(clip, *share.window) for share in shares]
    answers = [*_answers(cut, answer, batch_size, steps), *(None for _ in still)]
    ends = [share.answers for share in shares] + [(float(first), float(end)) for first, end in still]
    stretches = [
        Stretch(start / clip.fps, end / clip.fps, one) for (start, end), one in zip(ends, answers, strict=True)
    ]
    return sorted(stretches, key=lambda stretch: stretch.start)


Span = tuple[int, int]
"""The first frame, and the one behind the last."""


def _split(clip: SkeletonSequence) -> tuple[list[Span], list[Span]]:
    """The stretches of a recording in which nobody moves for a while, and the others."""
    moves = np.asarray((movement(clip) >= RESTING).any(axis=1))
    bounds = [0, *(np.flatnonzero(np.diff(moves)) + 1).tolist(), len(moves)]
    still, start = [], 0
    moving: list[Span] = []
    for first, end in pairwise(bounds):
        if not moves[first] and end - first > _PAUSE * clip.fps:
            still.append((first, end))
            if first > start:
                moving.append((start, first))
            start = end
    if start < len(moves):
        moving.append((start, len(moves)))
    return still, moving


class _Share(NamedTuple):
    """A window, and the frames for which it answers."""

    window: Span
    answers: tuple[float, float]


def _shares(first: int, end: int, window: float, stride: float) -> list[_Share]:
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
) -> list[Prediction | None]:
    predictions: list[Prediction | None] = []
    for start in range(0, len(windows), batch_size):
        batch = windows[start : start + batch_size]
        there = [window for window in batch if window is not None]
        given = map(of_window, answer(there) if there else [])
        predictions += [None if window is None else next(given) for window in batch]
        if steps:
            steps(len(predictions), len(windows))
    return predictions


def of_window(prediction: Prediction) -> Prediction:
    """Without the doubt that a window is shorter or longer than the training clips: its length is chosen."""
    kept = tuple(doubt for doubt in prediction.warning if doubt.code != "unlike-training-length")
    return replace(prediction, warning=kept)


def _segment(run: Sequence[Stretch]) -> Segment:
    predictions = [stretch.prediction for stretch in run if stretch.prediction is not None]
    best = predictions[0].ranking[0]
    return Segment(
        start=run[0].start,
        end=run[-1].end,
        label=best["label"],
        seen=best["seen"],
        score=fmean(prediction.ranking[0]["score"] for prediction in predictions),
        p_seen=fmean(prediction.p_seen for prediction in predictions),
        windows=len(run),
        warning=tuple({doubt.code: doubt for one in reversed(predictions) for doubt in one.warning}.values()),
    )
