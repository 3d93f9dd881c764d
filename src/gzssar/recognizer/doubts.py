"""What speaks against trusting an answer, though the clip can be read: shown beside the answer, never instead of it."""

from gzssar.skeletons.oddities import body_sizes, counted, find_oddities, present_bodies
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
    count, odd = clip.joints.shape[1], find_oddities(clip)
    told = []
    if count / clip.fps < _SHORT:
        length = f"{counted(count, 'frame')}, {count / clip.fps:.2g} s"
        told.append(f"{length}: too short to tell a motion, so the answer is hardly more than a guess.")
    told += [sentence.format(odd[name]) for name, sentence in _ODD.items() if name in odd]
    if (astray := int((body_sizes(clip) > _WIDEST).any(axis=1).sum())) and "scale" not in odd:
        told.append(f"In {counted(astray, 'frame')} joints lie more than {_WIDEST:g} m apart: tracking was lost there.")
    if (absent := int((~present_bodies(clip).any(axis=1)).sum())) > _MOST_ABSENT * count:
        told.append(f"Nobody is there in {counted(absent, 'frame')} of {count}.")
    return " ".join(told) or None
