"""Whether a clip's joints are in the order of its layout: bones join neighbours, so the right ones are short.

A layout that fits has bones that are short beside the distances between any two joints, and keep their length; of
shuffled joints, a bone is as long as any distance. The body's size, place and pose hardly matter, nor whether it moves.
"""

import numpy as np
from jaxtyping import Bool, Float

from gzssar.skeletons.layout import LAYOUTS, Layout
from gzssar.skeletons.resampling import spread
from gzssar.skeletons.sequence import SkeletonSequence

_LOOKED_AT = 16
"""Bodies in single frames, spread over the clip: more change nothing but the time it takes."""
_LONGEST = 0.5
"""Mean square of the bones, in that of all distances, above which a layout does not fit. Of the clips of UTD-MHAD, MSR
Action3D and NW-UCLA, three in a thousand have .2 or more and the worst, where tracking was lost, .39; mapped to the
other layouts .49. Of clips with joints in random order, 1 % have less than .55."""
_CLEARLY = 1.15
"""How much longer bones are than another layout's that fits clearly better: of the same clips read as utd20 instead of
kinect20 or the reverse, all but one in a thousand exceed it, and the right layout is never worse than .9."""


def layout_mismatch(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"]) -> str:
    """Which layout the joints do not look like, and which one they fit, in a few words; empty where they do.

    Joints at exactly 0 0 0 count as not seen. Only the layouts in ``LAYOUTS`` are compared.

    Args:
        sequence: a clip, in space or in a picture.
        present: where its bodies are there.
    """
    named = sequence.layout
    if LAYOUTS.get(named.name) != named:
        return ""
    frames, bodies = np.nonzero(present)
    some = spread(len(frames), _LOOKED_AT)
    places = sequence.joints[:, frames[some], :, bodies[some]].astype(np.float64)
    places = places[np.count_nonzero(_seen(places), axis=1) > named.joint_count / 2]
    if not len(places):
        return ""
    rivals = [layout for layout in LAYOUTS.values() if layout.joint_count == named.joint_count and layout != named]
    own, others = _bone_share(places, named), {layout.name: _bone_share(places, layout) for layout in rivals}
    best = min(others, key=others.__getitem__, default=named.name)
    if others and others[best] <= _LONGEST and own > _CLEARLY * others[best]:
        return f"{named.name}, but fit {best}"
    return f"{named.name}, whose bones would be far too long" if own > _LONGEST else ""


def _bone_share(places: Float[np.ndarray, "n C V"], layout: Layout) -> float:
    """Mean square of the bones' lengths, in the mean square of the distances of all joints; median over n.

    Bodies whose joints are all in one place do not count; it is 0 where there are no others.
    """
    children, parents = np.array(layout.bones).T
    seen = _seen(places)
    with np.errstate(all="ignore"):
        bones = _squares(places[..., children] - places[..., parents])
        both = seen[:, children] & seen[:, parents]
        joints = seen.sum(axis=1)
        spread = _squares(places).sum(axis=1) - _squares(places.sum(axis=2)) / joints
        shares = (bones * both).sum(axis=1) / both.sum(axis=1) / (2 * spread / (joints - 1))
    told = shares[~np.isnan(shares)]
    return float(np.median(told)) if len(told) else 0.0


def _squares(vectors: Float[np.ndarray, "n C ..."]) -> Float[np.ndarray, "n ..."]:
    return np.asarray((vectors**2).sum(axis=1))


def _seen(places: Float[np.ndarray, "n C V"]) -> Bool[np.ndarray, "n V"]:
    return np.asarray(np.any(places != 0, axis=1))
