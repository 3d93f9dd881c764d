"""What speaks against trusting an answer, though the clip can be read: shown beside the answer, never instead of it."""

from gzssar.skeletons.inspection import find_oddities
from gzssar.skeletons.sequence import SkeletonSequence

_SHORT = 0.5
"""Seconds; the shortest clip of UTD-MHAD, MSR Action3D and NW-UCLA is as long, and none of them is doubted."""
_ODD = {
    "frozen": "Nothing moves ({}).",
    "flat": "A coordinate never changes ({}): is this a recording in two dimensions?",
    "scale": "The skeleton has an unlikely size ({}): positions should be in metres.",
}
"""Findings of `gzssar inspect` with which no encoder can do much, and what is said; with gaps, say, it can."""


def doubts(clip: SkeletonSequence) -> str | None:
    """Sentences on a clip that is very short, without motion, flat, or of a size that people do not have; or None."""
    odd = find_oddities(clip)
    told = [_short(clip)] if clip.joints.shape[1] / clip.fps < _SHORT else []
    told += [sentence.format(odd[name]) for name, sentence in _ODD.items() if name in odd]
    return " ".join(told) or None


def _short(clip: SkeletonSequence) -> str:
    frames = clip.joints.shape[1]
    counted = "1 frame" if frames == 1 else f"{frames} frames"
    return (
        f"{counted}, {frames / clip.fps:.2g} s: too short to tell a motion, so the answer is hardly more than a guess."
    )
