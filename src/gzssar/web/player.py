"""What the player draws: the 25 joints of NTU RGB+D over time, upright, in a unit cube, and few enough numbers."""

import numpy as np
from jaxtyping import Bool, Float

from gzssar.errors import DataError
from gzssar.skeletons.conversion import to_ntu25
from gzssar.skeletons.layout import MEDIAPIPE33, NTU25
from gzssar.skeletons.oddities import present_bodies
from gzssar.skeletons.poses import HALF_TURN, Pose, bodies_of
from gzssar.skeletons.resampling import spread
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.skeletons.views import choose_views
from gzssar.web.schemas import Filmed, ShownClip, as_doubts

_MOST_FRAMES, _MOST_BODIES = 300, 2
_DIGITS = 4
_LONGEST_S = 86_400.0

SIDES = tuple(
    "left" if name.startswith("left") else "right" if name.startswith("right") else "middle"
    for name in NTU25.joint_names
)
"""For each joint, the performer's own side."""


def playback(sequence: SkeletonSequence) -> ShownClip:
    """Bring a clip to what the player draws: at most 300 frames of the first two bodies that ever appear.

    Seen from the front, x is to the right, y up, z towards the viewer.

    Raises:
        DataError: positions are too large to be drawn.
    """
    clip = _reduced(sequence)
    places, present = _upright(clip), present_bodies(clip)
    if present.any():
        places = _in_unit_cube(places, present)
    rounded = places.round(_DIGITS).reshape(*present.shape, -1).tolist()
    motion = [
        [body if there else None for body, there in zip(bodies, shown, strict=True)]
        for bodies, shown in zip(rounded, present.tolist(), strict=True)
    ]
    frame_count = sequence.joints.shape[1]
    return ShownClip(
        name=sequence.name,
        frame_count=frame_count,
        fps=sequence.fps,
        layout=sequence.layout.name,
        dimensions=sequence.dimensions,
        duration_s=round(min(float(sequence.seconds[-1]), _LONGEST_S), _DIGITS),
        motion=motion,
        joint_names=list(NTU25.joint_names),
        sides=list(SIDES),
        bones=[list(bone) for bone in NTU25.bones],
    )


def filmed(clip: SkeletonSequence) -> Filmed:
    """A video's clip as a file of MediaPipe's landmarks has it.

    Raises:
        DataError: the clip is no video's.
    """
    if clip.layout != MEDIAPIPE33:
        raise DataError(f"{clip.name} should be a video, but it holds a clip of layout {clip.layout.name!r}.")
    joints = clip.joints[..., 0].transpose(1, 2, 0) * HALF_TURN
    sure = np.ones(joints.shape[:2]) if clip.visibility is None else clip.visibility[..., 0]
    there = present_bodies(clip)[:, 0]
    known = np.concatenate([joints, sure[..., None]], axis=2).round(_DIGITS).tolist()
    return Filmed(
        name=clip.name,
        times=clip.seconds.round(_DIGITS).tolist(),
        joints=[frame if seen else [] for frame, seen in zip(known, there, strict=True)],
        warning=as_doubts(clip.doubts),
    )


def standing(people: dict[int, Pose]) -> list[list[float] | None]:
    """People in one picture as the player draws them, in metres: one stands in the middle, several side by side.

    Returns:
        For each number, x, y, z of each joint of the person; None where nobody has it.
    """
    bodies = bodies_of(people)
    if not len(bodies):
        return []
    pose = SkeletonSequence(bodies.transpose(2, 1, 0)[:, None], 1.0, MEDIAPIPE33)
    joints = to_ntu25(pose).joints[:, 0].transpose(2, 1, 0)  # M V C
    joints[..., 0] += _aside(people, len(bodies))[:, None]
    return [
        joints[number].round(_DIGITS).ravel().tolist() if number in people else None for number in range(len(joints))
    ]


def _aside(people: dict[int, Pose], count: int) -> Float[np.ndarray, "M"]:
    """How far from the middle people stand, from their places in the picture, where these are known."""
    aside = np.zeros(count)
    places = {number: pose.places for number, pose in people.items() if pose.places is not None}
    if len(places) > 1:
        middles = {number: float(shown[:, 0].mean()) for number, shown in places.items()}
        width = max(float(np.ptp(shown[:, 0])) for shown in places.values())
        for number, middle in middles.items():
            aside[number] = (middle - np.mean(list(middles.values()))) / (width or 1.0)
    return aside


def _reduced(sequence: SkeletonSequence) -> SkeletonSequence:
    count = sequence.joints.shape[1]
    bodies = np.flatnonzero(present_bodies(sequence).any(axis=0))[:_MOST_BODIES].tolist() or [0]
    return to_ntu25(sequence.of_frames(spread(count, _MOST_FRAMES)).of_bodies(bodies))


def _upright(clip: SkeletonSequence) -> Float[np.ndarray, "T M V 3"]:
    """Axes as they are seen from the body's front; in a picture z is 0."""
    front, *side = choose_views(clip)
    axes = [front.across, front.up] + [view.across for view in side]
    joints = clip.joints.astype(np.float64)
    places = [joints[axis] * sign for axis, sign in axes] + [np.zeros(joints.shape[1:])] * (3 - len(axes))
    return np.stack(places, axis=-1).transpose(0, 2, 1, 3)


def _in_unit_cube(
    places: Float[np.ndarray, "T M V 3"], present: Bool[np.ndarray, "T M"]
) -> Float[np.ndarray, "T M V 3"]:
    points = places[present].reshape(-1, 3)
    low, high = points.min(axis=0), points.max(axis=0)
    size = float((high - low).max()) / 2
    return np.asarray((places - (low + high) / 2) / (size or 1.0))
