"""What speaks against trusting an answer, though the clip can be read: shown beside the answer, never instead of it."""

from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.moving import is_resting, is_too_short
from gzssar.skeletons.oddities import body_sizes, counted, find_oddities, present_bodies
from gzssar.skeletons.sequence import SkeletonSequence

_WIDEST = 3.0
"""Metres between two joints of one body."""
_MOST_ABSENT = 0.25
"""Share of the frames without anybody."""
_LONGEST_GAP = 0.5
"""Seconds between two frames."""
_ODD = {
    "frozen": "Nothing moves ({}).",
    "flat": "A coordinate never changes ({}): the recording may have only two dimensions.",
    "scale": "The skeleton has an unlikely size ({}): positions should be in metres.",
    "far": "The body is far from the origin ({}): subtract the position of the hips before you save the clip.",
    "layout": "The joints do not look like {}: give the --layout in which they were recorded.",
    "mirrored": "Left and right are swapped, or the axes are left-handed ({}): negate x, or swap the sides.",
    "jumps": "A joint jumps impossibly far ({}): tracking was lost there, or joints are missing.",
    "legs unseen": "The sensor did not see the legs ({}): the positions of their joints are guesses.",
}
"""Findings of `gzssar inspect` with which no encoder can do much, and what is said."""


def clip_doubts(clip: SkeletonSequence) -> tuple[Doubt, ...]:
    """What the clip's reader noticed, and then: that it is very short, without motion, flat, of a size that people do
    not have, far from the origin, of another layout, mirrored, badly tracked or full of gaps, or that its
    legs were not seen."""
    count, odd = clip.joints.shape[1], find_oddities(clip)
    told = list(clip.doubts)
    if is_too_short(clip):
        length = f"{counted(count, 'frame')} and lasts {clip.duration:.2g} s"
        sentence = f"It has {length}, which is too short to show a motion: the answer is little more than a guess."
        told.append(Doubt("too-short", sentence))
    told += [Doubt(name.replace(" ", "-"), text.format(odd[name])) for name, text in _ODD.items() if name in odd]
    if is_resting(clip):  # which says it better
        told = [doubt for doubt in told if doubt.code != "frozen"]
    metric = clip.dimensions == 3 and "scale" not in odd
    if metric and (astray := int((body_sizes(clip) > _WIDEST).any(axis=1).sum())):
        sentence = f"In {counted(astray, 'frame')}, joints are more than {_WIDEST:g} m apart: tracking was lost there."
        told.append(Doubt("astray", sentence))
    if (absent := int((~present_bodies(clip).any(axis=1)).sum())) > _MOST_ABSENT * count:
        told.append(Doubt("absent", f"Nobody is there in {absent} of {counted(count, 'frame')}."))
    if (
        clip.times is not None
        and len(clip.times) > 1
        and (gap := float(max(clip.times[1:] - clip.times[:-1]))) > max(_LONGEST_GAP, 2 / clip.fps)
    ):
        told.append(Doubt("gap", f"No frame came for {gap:.1f} s: what happened in this gap is unknown."))
    return tuple(told)
