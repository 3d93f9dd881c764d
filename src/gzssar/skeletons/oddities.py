"""How large the bodies of one clip are, when they are there, and what looks wrong. Nothing is changed or refused."""

import numpy as np
from jaxtyping import Bool, Float

from gzssar.skeletons.facing import toes_and_nose_ahead
from gzssar.skeletons.joint_order import layout_mismatch
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.skeletons.sizes import LIKELY_HEIGHTS, METRES, POSSIBLE_HEIGHTS, UNIT_NAMES

_STILL = {2: 0.5, 3: 0.001}
"""Pixels in a picture, metres in space: what moves or spreads no more than this stands still or is flat."""
_LONGEST_STANDSTILL = 1.0
"""Seconds for which a recorded body may repeat a frame exactly."""
_SMALLEST_PICTURE = 2.0
"""Pixels: a body no larger than this is given in shares of the picture."""

_LEAP, _BACK_AND_FORTH, _FASTEST = 0.5, 15.0, 40.0
"""Metres out and back within one frame, at so many metres per second, and metres per second that no joint of a person
makes: in 400 clips each of UTD-MHAD, NW-UCLA and MSR Action3D, two leap so far, and the fastest joint makes 31 m/s."""
_BEHIND = -0.02
"""Torso lengths by which toes and nose point backwards in a mirrored clip; of 400 clips each of the same sets, less
than 1 % get there unmirrored."""
_COARSE = 0.001
"""Metres between two numbers of 32 bits, above which positions are too coarse: from 16 km on."""
_UNSEEN = 0.5
"""Visibility below which a joint is invented, and share of the frames from which it counts as never seen."""

_LEGS = ("left knee", "right knee", "left ankle", "right ankle")

ADVICE: dict[str, tuple[str, str]] = {
    "no body": ("No frame has a body", "Leave these clips out"),
    "gaps": ("Some frames have no body", "Cut such frames off at the ends, or fill them in"),
    "partly absent": (
        "A body is missing in frames that have another body",
        "The zeros of a missing body are not positions: track each body over time, or keep only the first one",
    ),
    "flat": (
        "A coordinate never changes",
        "If this coordinate is the depth, the clips have no depth: read them as 2-D",
    ),
    "frozen": ("Nothing moves", "Leave these clips out, or check how their frames were written"),
    "frozen run": (
        "One frame is repeated for more than a second",
        "Tracking stalled, or the clip was padded: remove the repeated frames",
    ),
    "scale": ("The skeletons have an unlikely size", "Convert to metres, or to pixels if they are 2-D"),
    "far": (
        "The body is so far from the origin that its positions are imprecise",
        "Subtract the position of the hips in the first frame from all positions before you save them",
    ),
    "layout": (
        "The joints do not match their layout",
        "Give the --layout in which they were recorded, or put them in the order of the layout",
    ),
    "mirrored": (
        "The feet or the nose point backwards relative to the shoulders",
        "Left and right are swapped, or the axes are left-handed: negate x, or swap the sides",
    ),
    "jumps": ("A joint jumps impossibly far", "Tracking was lost there, or joints are missing: fill them in"),
    "legs unseen": (
        "The sensor did not see the legs",
        "Film the body from head to feet: the positions of unseen joints are guesses",
    ),
}
"""Each kind of finding: what it is, and what to do about it."""


def present_bodies(sequence: SkeletonSequence) -> Bool[np.ndarray, "T M"]:
    """Where a body is there: any of its coordinates in a frame is not zero."""
    return np.asarray(np.any(sequence.joints != 0, axis=(0, 2)))


def body_sizes(sequence: SkeletonSequence) -> Float[np.ndarray, "T M"]:
    """The longest side of each body's bounding box, frame by frame, in the joints' unit; 0 where the body is absent."""
    joints_last = np.ascontiguousarray(np.moveaxis(sequence.joints, 2, -1))  # takes half the time
    return np.asarray(_spread(joints_last, -1).max(axis=0))


def find_oddities(sequence: SkeletonSequence) -> dict[str, str]:
    """What is odd in one clip: keys of :data:`ADVICE`, each with a few words of detail."""
    present = present_bodies(sequence)
    somebody = np.asarray(present.any(axis=1))
    if not somebody.any():
        return {"no body": _frames(len(present))}
    missing = (somebody[:, None] & ~present)[:, present.any(axis=0)].any(axis=1)
    scale, mismatch = unlikely_size(sequence, present), layout_mismatch(sequence, present)
    still = 0.0 if scale else _STILL[sequence.dimensions]  # in an unknown unit only no motion is no motion
    frozen = len(present) > 1 and _motion(sequence, present) <= still
    run = _longest_run(sequence, somebody)
    stalled = not frozen and run > _LONGEST_STANDSTILL * sequence.fps
    found = {
        "gaps": _frames(int((~somebody).sum())),
        "partly absent": _frames(int(missing.sum())),
        "flat": _flat_coordinates(sequence, present, still),
        "frozen": _frames(len(present)) if frozen else "",
        "frozen run": f"{_frames(run)}, {run / sequence.fps:.1f} s" if stalled else "",
        "scale": scale,
        "far": "" if scale or sequence.dimensions == 2 else _coarse(sequence),
        "layout": mismatch,
        "mirrored": "" if scale or mismatch else _mirrored(sequence),
        "jumps": "" if scale or sequence.dimensions == 2 else _jumps(sequence, present),
        "legs unseen": _legs_unseen(sequence, present),
    }
    return {oddity: detail for oddity, detail in found.items() if detail}


def height(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"]) -> float:
    """Median over frames and bodies of the longest side of a body's bounding box."""
    return float(np.median(body_sizes(sequence)[present]))


def unlikely_size(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"]) -> str:
    """What is unlikely about the size of the bodies; empty where nothing is."""
    size = height(sequence, present)
    if sequence.dimensions == 2:
        return f"{size:.3g} pixels tall, perhaps in shares of the picture" if size <= _SMALLEST_PICTURE else ""
    if POSSIBLE_HEIGHTS[0] <= size <= POSSIBLE_HEIGHTS[1]:
        return ""
    low, high = LIKELY_HEIGHTS
    likely = (UNIT_NAMES[unit] for unit, metres in METRES.items() if unit != "m" and low <= size * metres <= high)
    guess = next((f", perhaps in {name}" for name in likely), "")
    return f"{size:.{0 if size >= 10 else 2}f} m tall{guess}"


def _coarse(sequence: SkeletonSequence) -> str:
    """How far away the body is, where 32 bits tell places there only roughly."""
    farthest = np.float32(np.abs(sequence.joints).max())
    step = float(np.spacing(farthest))
    return f"{farthest / 1000:.0f} km, where positions have steps of {100 * step:.2g} cm" if step > _COARSE else ""


def _mirrored(sequence: SkeletonSequence) -> str:
    """How far toes and nose point backwards for the shoulders, where all of them do that the layout has."""
    if sequence.dimensions == 2 or LAYOUTS.get(sequence.layout.name) != sequence.layout:
        return ""
    ahead = toes_and_nose_ahead(sequence)
    if not ahead or max(ahead.values()) > _BEHIND:
        return ""
    return f"the {' and the '.join(ahead)} point backwards"


def _jumps(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"]) -> str:
    """Frames in which a joint leaps out and back, or moves faster than anybody can."""
    joints, seconds = sequence.joints.astype(np.float64), sequence.seconds
    if len(seconds) < 2:
        return ""
    waits = np.diff(seconds)[:, None, None]
    steps = np.where((present[1:] & present[:-1])[:, None], _length(np.diff(joints, axis=1)), 0)
    odd = np.asarray((steps > _FASTEST * waits).any(axis=(1, 2)))
    across = _length(joints[:, 2:] - joints[:, :-2])
    least = np.maximum(_LEAP, _BACK_AND_FORTH * np.maximum(waits[1:], waits[:-1]))
    leaps = (np.minimum(steps[1:], steps[:-1]) - across > least).any(axis=(1, 2))
    odd[1:] |= leaps & ~odd[:-1]
    return _frames(int(odd.sum()))


def _length(vectors: Float[np.ndarray, "C T V M"]) -> Float[np.ndarray, "T V M"]:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.linalg.norm(vectors, axis=0))


def _legs_unseen(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"]) -> str:
    """In which share of the frames the sensor says of knees and ankles that it did not see them."""
    if sequence.visibility is None:
        return ""
    names = sequence.layout.joint_names
    legs = [names.index(joint) for joint in _LEGS if joint in names]
    if not legs:
        return ""
    unseen = sequence.visibility[:, legs].max(axis=1)[present] < _UNSEEN
    return f"in {np.mean(unseen):.0%} of the frames" if np.mean(unseen) > _UNSEEN else ""


def _flat_coordinates(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"], still: float) -> str:
    """Letters of the coordinates in which the joints of all bodies and frames spread no more than `still`."""
    spreads = _spread(np.swapaxes(sequence.joints, 2, 3)[:, present], (1, 2))
    return " and ".join(name for name, spread in zip("xyz", spreads, strict=False) if spread <= still)


def _motion(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"]) -> float:
    """How far, along any axis, the joint that moves most gets over the clip."""
    bodies = (sequence.joints[..., body][:, there] for body, there in enumerate(present.T) if there.any())
    return max(float(_spread(body, 1).max()) for body in bodies)


def _spread(positions: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Largest minus smallest; infinite where that leaves the range of numbers."""
    with np.errstate(over="ignore"):
        return np.asarray(np.ptp(positions, axis=axis))


def _longest_run(sequence: SkeletonSequence, somebody: Bool[np.ndarray, "T"]) -> int:
    """Frames in the longest run of equal frames that hold a body."""
    same = np.asarray(sequence.joints[:, 1:] == sequence.joints[:, :-1]).all(axis=(0, 2, 3)) & somebody[1:]
    starts = np.flatnonzero(np.concatenate([[True], ~same, [True]]))
    return int(np.diff(starts).max())


def counted(number: int, what: str) -> str:
    """A number and what it counts: 1 clip, 2 clips."""
    return f"{number} {what if number == 1 else what + 's'}"


def _frames(number: int) -> str:
    return counted(number, "frame") if number else ""
