"""Long recordings: a window slides over the clip, its answers become labelled segments.

A window answers for the frames that lie nearer to its middle than to any other window's, so that the answers tile the
recording. Neighbours of one label make one segment. Windows that abstain or show nobody leave a gap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import fmean

import numpy as np

from gzssar.errors import ConfigError
from gzssar.recognizer import Prediction
from gzssar.running import Steps
from gzssar.skeletons.sequence import SkeletonSequence

Answer = Callable[[Sequence[SkeletonSequence]], Sequence[Prediction]]
"""What recognizes clips: a recognizer with its options settled."""


@dataclass(frozen=True)
class Stretch:
    """One window's share of a recording, and its answer."""

    start: float
    """Seconds."""

    end: float
    """Seconds."""

    prediction: Prediction | None
    """None where nobody is there."""

    @property
    def label(self) -> str | None:
        """None where nobody is there or the recognizer abstains."""
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


def find_segments(stretches: Sequence[Stretch]) -> list[Segment]:
    """Join neighbours of one label; those without one are left out."""
    runs = [list(run) for _, run in groupby(stretches, key=lambda stretch: stretch.label)]
    return [_segment(run) for run in runs if run[0].label is not None]


def slide(
    clip: SkeletonSequence,
    answer: Answer,
    window: float,
    stride: float | None = None,
    batch_size: int = 32,
    steps: Steps | None = None,
) -> list[Stretch]:
    """Recognize every window of a recording.

    Args:
        clip: of any length; where it is shorter than the window, it is one window.
        answer: what recognizes clips.
        window: seconds.
        stride: seconds from window to window; None for half a window. The last window ends with the recording.
        batch_size: windows recognized at a time.
        steps: told how many windows are done.

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
    length = clip.joints.shape[1]
    width, step = (max(1, round(min(seconds * clip.fps, length))) for seconds in (window, stride))
    starts = _starts(length, width, step)
    middles = [start + width / 2 for start in starts]
    edges = [0.0, *((before + after) / 2 for before, after in pairwise(middles)), float(length)]
    predictions = _answers([_cut(clip, start, width) for start in starts], answer, batch_size, steps)
    return [
        Stretch(start / clip.fps, end / clip.fps, prediction)
        for (start, end), prediction in zip(pairwise(edges), predictions, strict=True)
    ]


def _starts(length: int, width: int, step: int) -> list[int]:
    """First frames of the windows; the last one ends with the recording."""
    starts = list(range(0, length - width + 1, step))
    return starts if starts[-1] == length - width else [*starts, length - width]


def _cut(clip: SkeletonSequence, start: int, width: int) -> SkeletonSequence | None:
    """A window without the bodies that are absent from it; None where nobody is left."""
    joints = clip.joints[:, start : start + width]
    present = joints.any(axis=(0, 1, 2))
    if not present.any():
        return None
    return replace(clip, joints=joints if present.all() else joints[..., present])


def _answers(
    windows: Sequence[SkeletonSequence | None], answer: Answer, batch_size: int, steps: Steps | None
) -> list[Prediction | None]:
    predictions: list[Prediction | None] = []
    for start in range(0, len(windows), batch_size):
        batch = windows[start : start + batch_size]
        there = [window for window in batch if window is not None]
        given = iter(answer(there) if there else [])
        predictions += [None if window is None else next(given) for window in batch]
        if steps:
            steps(len(predictions), len(windows))
    return predictions


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
    )
