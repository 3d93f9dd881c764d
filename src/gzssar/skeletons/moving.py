"""Who moves in a clip, and when: so that a bystander, or a second of standing still, does not become part of an action.

Movement is how far the body gets in half a second, in lengths of its own torso (from the base of the spine to the
spine's shoulder), so that it means the same for a child in metres and an adult in pixels. Joints are averaged over a
fifth of a second first, and of all joints the third fastest counts: sensors shake, and single joints jump.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from gzssar.skeletons.conversion import to_ntu25
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.oddities import present_bodies
from gzssar.skeletons.sequence import SkeletonSequence

MOVING = 0.2
"""Torso lengths in half a second, some 10 cm of an adult, from which a body moves, or half of what the clip gets to
where that is less. In 300 clips each of UTD-MHAD, NW-UCLA and MSR Action3D, every clip gets to .57 or more."""

RESTING = 0.15
"""The same, below which nobody moves. Joints that shake by a centimetre stay below .13; a nod of the synthetic world
gets to .16 or more (95 %)."""

LONGEST_LOSS = 0.25
"""Seconds for which somebody whom the sensor lost still counts as there."""

_SPAN = 0.25
"""Seconds before and after a frame between which movement is measured."""
_SMOOTH = 0.1
"""Seconds before and after a frame over which joints are averaged."""
_FASTEST = 3
"""The rank of the joint that counts."""
_MOST_ACTORS = 2
"""As in NTU RGB+D."""
SHORTEST = 0.5
"""Seconds; a shorter clip tells no motion, and not that there is none. The shortest clip of UTD-MHAD, MSR Action3D and
NW-UCLA is as long."""
_PELVIS, _SHOULDERS = NTU25.joint_names.index("base of spine"), NTU25.joint_names.index("spine shoulder")

REST = "nothing-happens"
"""Code of the doubt that nobody moves."""


def movement(clip: SkeletonSequence) -> Float[np.ndarray, "T M"]:
    """How far each body gets from a quarter of a second before each frame to a quarter after it, in torso lengths.

    0 where a body is absent at one of the two ends; infinite where no body has a torso.
    """
    joints = to_ntu25(clip).joints.astype(np.float64)
    there, seconds = present_bodies(clip), clip.seconds
    frames = np.arange(len(seconds))
    before = np.minimum(np.searchsorted(seconds, seconds - _SPAN), np.maximum(frames - 1, 0))
    after = np.maximum(np.searchsorted(seconds, seconds + _SPAN, "right") - 1, np.minimum(frames + 1, len(frames) - 1))
    with np.errstate(over="ignore", invalid="ignore"):
        smooth = _averaged(joints, there, seconds)
        ways = np.linalg.norm(smooth[:, after] - smooth[:, before], axis=0)
        fastest = np.partition(ways, -_FASTEST, axis=1)[:, -_FASTEST]
        torsos = np.linalg.norm(joints[:, :, _SHOULDERS] - joints[:, :, _PELVIS], axis=0)
        lengths = np.array([np.median(torsos[present, m]) if present.any() else 0 for m, present in enumerate(there.T)])
        measured = np.divide(fastest, lengths, out=np.full_like(fastest, np.inf), where=lengths > 0)
    measured[np.isnan(measured)] = np.inf  # beyond the range of numbers
    if (lengths > 0).any():
        measured[:, lengths == 0] = 0  # what has no torso beside a body that has one is nobody
    return np.where(there[before] & there[after], measured, 0)


class Action(NamedTuple):
    """The part of a clip in which somebody moves."""

    clip: SkeletonSequence
    """That part, with the bodies that move; what was left out is told in its doubts."""

    start: int
    """Its first frame in the whole clip."""


def find_action(clip: SkeletonSequence) -> Action:
    """Cut a clip to where somebody moves, and to the bodies that do, the most moving one first.

    A clip in which nobody moves comes back as it is, with the doubt :data:`REST`. The frames between the first and the
    last movement all stay.
    """
    moved = movement(clip)
    if moved.max() < RESTING:
        if is_too_short(clip) or not present_bodies(clip).any():
            return Action(clip, 0)
        nothing = Doubt(REST, "Nothing is happening: nobody moves by more than a few centimetres in half a second.")
        return Action(replace(clip, doubts=(*clip.doubts, nothing)), 0)
    moves = np.asarray(moved >= min(MOVING, moved.max() / 2))
    start, end = _span(np.asarray(moves.any(axis=1)), clip.seconds)
    whole = (start, end) == (0, len(moves))
    return Action(_actors(clip if whole else clip.part(start, end), moved[start:end], moves), start)


def is_too_short(clip: SkeletonSequence) -> bool:
    """Whether the clip tells no motion, and not that there is none."""
    return clip.duration < SHORTEST


def is_resting(clip: SkeletonSequence) -> bool:
    """Whether :func:`find_action` found nobody who moves."""
    return any(doubt.code == REST for doubt in clip.doubts)


def _actors(
    clip: SkeletonSequence, moved: Float[np.ndarray, "T M"], moves: Bool[np.ndarray, "_ M"]
) -> SkeletonSequence:
    """The bodies that move, two at most, the most moving one first; who was left out is told."""
    there = [body for body in range(moved.shape[1]) if present_bodies(clip)[:, body].any()]
    order = [body for body in _liveliest_first(moved) if moves[:, body].any()][:_MOST_ACTORS]
    if order == list(range(moved.shape[1])):
        return clip
    doubts = clip.doubts
    if left_out := [body for body in there if body not in order]:
        sentence = f"Of {len(there)} bodies, {_named(order)} moved most; left out: {_named(left_out)}."
        doubts = (*doubts, Doubt("bodies-left-out", sentence))
    return replace(clip.of_bodies(order), doubts=doubts)


def liveliest(clip: SkeletonSequence, count: int) -> SkeletonSequence:
    """The clip as it is, or where it has more bodies than `count`, with those that move most."""
    if clip.joints.shape[3] <= count:
        return clip
    return clip.of_bodies(_liveliest_first(movement(clip))[:count])


def _liveliest_first(moved: Float[np.ndarray, "T M"]) -> list[int]:
    return [int(body) for body in np.argsort(-moved.mean(axis=0), kind="stable")]


def _named(bodies: Sequence[int]) -> str:
    return " and ".join(f"body {body + 1}" for body in sorted(bodies))


def _span(moves: Bool[np.ndarray, "T"], seconds: Float[np.ndarray, "T"]) -> tuple[int, int]:
    """From the first to behind the last frame in which somebody moves, half a second at least."""
    first, last = (float(seconds[at]) for at in np.flatnonzero(moves)[[0, -1]])
    widened = max(0.0, SHORTEST - (last - first)) / 2
    start, end = np.searchsorted(seconds, first - widened), np.searchsorted(seconds, last + widened, "right")
    return int(start), int(end)


def _averaged(
    joints: Float[np.ndarray, "C T V M"], there: Bool[np.ndarray, "T M"], seconds: Float[np.ndarray, "T"]
) -> Float[np.ndarray, "C T V M"]:
    """Each joint averaged over the frames around, as far as the body is there."""
    first = np.searchsorted(seconds, seconds - _SMOOTH)
    last = np.searchsorted(seconds, seconds + _SMOOTH, "right")
    sums = np.concatenate([np.zeros_like(joints[:, :1]), np.cumsum(joints, axis=1)], axis=1)
    counts = np.concatenate([np.zeros_like(there[:1], dtype=int), np.cumsum(there, axis=0)])
    number = np.maximum(counts[last] - counts[first], 1)
    return np.asarray((sums[:, last] - sums[:, first]) / number[:, None])
