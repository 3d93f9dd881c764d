"""What speaks against trusting an answer, though the clip can be read: shown beside the answer, never instead of it."""

from gzssar.skeletons.inspection import ADVICE, find_oddities
from gzssar.skeletons.sequence import SkeletonSequence

_SHORT = 0.5
"""Seconds; the shortest clip of UTD-MHAD, MSR Action3D and NW-UCLA is as long, and none of them is doubted."""
_ODD = ("frozen", "flat", "scale")
"""Findings of `gzssar inspect` with which no encoder can do much; gaps, say, it can."""


def doubts(clip: SkeletonSequence) -> str | None:
    """Sentences on a clip that is very short, without motion, flat, or of a size that people do not have; or None."""
    odd = find_oddities(clip)
    told = [_short(clip)] if clip.joints.shape[1] / clip.fps < _SHORT else []
    told += [f"{ADVICE[name][0]} ({odd[name]}). {ADVICE[name][1]}." for name in _ODD if name in odd]
    return " ".join(told) or None


def _short(clip: SkeletonSequence) -> str:
    frames = clip.joints.shape[1]
    counted = "1 frame" if frames == 1 else f"{frames} frames"
    return (
        f"{counted}, {frames / clip.fps:.2g} s: too short to tell a motion, so the answer is hardly more than a guess."
    )
