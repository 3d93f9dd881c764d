"""What speaks against trusting an answer, though the clip can be read: shown beside the answer, never instead of it."""

import numpy as np
from jaxtyping import Float

from gzssar.skeletons.inspection import find_oddities
from gzssar.skeletons.sequence import SkeletonSequence

_SHORT = 0.5
"""Seconds; the shortest clip of UTD-MHAD, MSR Action3D and NW-UCLA is as long. One of their 2815 clips is doubted."""
_WIDEST = 3.0
"""Metres between two joints of one body."""
_MOST_ABSENT = 0.25
"""Share of the frames without anybody."""
_ODD = {
    "frozen": "Nothing moves ({}).",
    "flat": "A coordinate never changes ({}): is this a recording in two dimensions?",
    "scale": "The skeleton has an unlikely size ({}): positions should be in metres.",
}
"""Findings of `gzssar inspect` with which no encoder can do much, and what is said."""


def doubts(clip: SkeletonSequence) -> str | None:
    """Sentences on a clip that is very short, without motion, flat, of a size that people do not have, or badly
    tracked; None where nothing speaks against it."""
    count, odd, sizes = clip.joints.shape[1], find_oddities(clip), _sizes(clip)
    told = []
    if count / clip.fps < _SHORT:
        length = f"{_frames(count)}, {count / clip.fps:.2g} s"
        told.append(f"{length}: too short to tell a motion, so the answer is hardly more than a guess.")
    told += [sentence.format(odd[name]) for name, sentence in _ODD.items() if name in odd]
    if (astray := int((sizes > _WIDEST).any(axis=1).sum())) and "scale" not in odd:
        told.append(f"In {_frames(astray)} joints lie more than {_WIDEST:g} m apart: tracking was lost there.")
    if (absent := int((sizes == 0).all(axis=1).sum())) > _MOST_ABSENT * count:
        told.append(f"Nobody is there in {_frames(absent)} of {count}.")
    return " ".join(told) or None


def _sizes(clip: SkeletonSequence) -> Float[np.ndarray, "T M"]:
    """The longest side of each body's bounding box in each frame; 0 where the body is absent."""
    with np.errstate(over="ignore"):
        return np.asarray(np.ptp(clip.joints, axis=2).max(axis=0))


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"
