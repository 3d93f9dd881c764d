"""A clip at another frame rate: networks see motion per frame, so they read clips at the rate they learned from."""

from dataclasses import replace

import numpy as np
from jaxtyping import Int

from gzssar.errors import ConfigError
from gzssar.skeletons.sequence import SkeletonSequence

_SAME = 0.01
"""Relative: rates that differ by no more are one rate, such as 29.97 and 30."""
_MOST_FRAMES = 18_000
"""Ten minutes at 30 frames per second. A clip is not lengthened beyond it: networks read a few hundred frames of it."""


def spread(count: int, most: int) -> Int[np.ndarray, "_"]:
    """Which of `count` frames, or of other things in a row, stand for all: `most` at even distances, the first and the
    last included, or all where there are no more."""
    return np.linspace(0, count - 1, min(most, count)).round().astype(int)


def resample(clip: SkeletonSequence, fps: float) -> SkeletonSequence:
    """Bring a clip to a frame rate by the times of its frames. A clip that has it comes back as it is, so that its
    features do not change.

    Between two frames, joints move on straight lines: on UTD-MHAD retimed to 10 and 15 frames per second, features came
    nearer to the original's than with cubic splines. Where a body comes or goes between two frames, the nearer one
    counts, so that no body is half there. What the sensor says of its joints' visibility does not come along.

    Args:
        clip: of any rate, with frames at even distances or at times of their own.
        fps: frames per second of the result.

    Raises:
        ConfigError: `fps` is not positive.
    """
    if not (np.isfinite(fps) and fps > 0):
        raise ConfigError(f"a clip needs a positive frame rate to be resampled to, but fps is {fps}.")
    if clip.times is None and abs(clip.fps / fps - 1) <= _SAME:
        return clip
    seconds = clip.seconds
    last = len(seconds) - 1
    if not last:
        return replace(clip, fps=float(fps), times=None, visibility=None)
    step = max(1 / fps, seconds[-1] / max(last, _MOST_FRAMES))
    at = np.minimum(np.arange(int(seconds[-1] / step + 1e-6) + 1) * step, seconds[-1])
    before = np.minimum(np.searchsorted(seconds, at + 1e-9, "right") - 1, last - 1)
    share = ((at - seconds[before]) / (seconds[before + 1] - seconds[before])).astype(clip.joints.dtype)
    there = np.asarray(clip.joints.any(axis=(0, 2)))
    stays = there[before] & there[before + 1]
    weight = np.where(stays, share[:, None], share[:, None] > 0.5)[None, :, None].astype(clip.joints.dtype)
    joints = clip.joints[:, before] * (1 - weight) + clip.joints[:, before + 1] * weight
    return replace(clip, joints=joints, fps=float(min(fps, 1 / step)), times=None, visibility=None)
