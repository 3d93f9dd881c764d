"""The puppet: from a pose to the 25 joints of a Kinect v2 skeleton, for a whole batch of clips at once.

A pose is an offset from standing at rest, one number per channel (:data:`CHANNELS`). Hands and feet are placed by
two-bone inverse kinematics, so a motion says where a hand goes and the elbow follows; bones keep their lengths.

The body's frame: x to its right, y up, z to its back (it faces -z). All lengths are metres for a body 1.7 m tall and
grow with the body; all angles are radians.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gzssar.skeletons.preprocess import turn_about

Vectors = Float[np.ndarray, "N T 3"]
Rotations = Float[np.ndarray, "N T 3 3"]
Pose = Float[np.ndarray, "N T P"]
Joints = Float[np.ndarray, "N T V 3"]

Number = float | int
"""A length, an angle or a count; whole ones are written without a point."""

CHANNELS: dict[str, slice] = {
    "turn": slice(0, 1),  # clockwise seen from above, the whole body
    "topple": slice(1, 2),  # forward about the feet, the whole body
    "pelvis": slice(2, 5),  # right, up, forward; the feet stay
    "spine": slice(5, 8),  # bend forward, lean right, twist right
    "head": slice(8, 11),  # nod forward, tilt right, look right
    "dominant_hand": slice(11, 14),  # outward, up, forward from where it hangs
    "other_hand": slice(14, 17),
    "dominant_foot": slice(17, 20),  # outward, up, forward from where it stands
    "other_foot": slice(20, 23),
}
"""Where each part of a pose lies on axis P. The dominant side is drawn on the right; left-handers are mirrored."""

CHANNEL_COUNT = 23

HAND_AT_REST = (0.23, -0.61, 0.03)
"""Outward, up, forward from the spine shoulder: where a hand hangs."""

_LOWER_SPINE, _UPPER_SPINE, _NECK = 0.25, 0.24, 0.08
_HEAD_UP, _HEAD_FORWARD = 0.14, 0.05  # the head joint lies before the neck, so that turning the head moves it
_SHOULDER_DROP, _HIP_DROP, _HIP_WIDTH, _ANKLE_HEIGHT = 0.03, 0.05, 0.09, 0.07
_UPPER_ARM, _FOREARM, _PALM, _FINGERS, _THUMB = 0.28, 0.24, 0.08, 0.08, 0.05
_THIGH, _SHIN, _FOOT = 0.42, 0.40, 0.13
_ELBOW_POINTS, _KNEE_POINTS = (0.6, -0.4, -0.7), (0.15, 0.0, 1.0)  # outward, up, forward
_SHOULDER_WIDTH = 0.18


@dataclass(frozen=True)
class Builds:
    """How the performers are built: factors on the lengths above, one entry per clip."""

    height: Float[np.ndarray, "N"]
    arms: Float[np.ndarray, "N"]
    legs: Float[np.ndarray, "N"]
    torso: Float[np.ndarray, "N"]
    shoulders: Float[np.ndarray, "N"]


def pose_to_joints(pose: Pose, builds: Builds) -> Joints:
    """Pose the puppet: positions in metres in the body's frame, the ground at y = 0, joints as in layout ntu25."""
    arms, legs, torso, shoulders = (
        f[:, None, None] for f in (builds.arms, builds.legs, builds.torso, builds.shoulders)
    )
    upper = _turned(pose[..., CHANNELS["spine"]])
    lower = _turned(0.5 * pose[..., CHANNELS["spine"]])
    head = upper @ _turned(pose[..., CHANNELS["head"]])

    hip_height = _ANKLE_HEIGHT + 0.995 * legs * (_THIGH + _SHIN)
    base = _directed(pose[..., CHANNELS["pelvis"]]) + (hip_height + _HIP_DROP) * _vector(0, 1, 0)
    mid = base + torso * (lower @ _vector(0, _LOWER_SPINE, 0))
    top = mid + torso * (upper @ _vector(0, _UPPER_SPINE, 0))
    neck = top + upper @ _vector(0, _NECK, 0)
    joints = [base, mid, neck, neck + head @ _vector(0, _HEAD_UP, -_HEAD_FORWARD)]
    fingers: list[Vectors] = []
    for side, hand in ((-1, "other_hand"), (1, "dominant_hand")):
        shoulder = top + shoulders * (upper @ _vector(side * _SHOULDER_WIDTH, -_SHOULDER_DROP, 0))
        place = HAND_AT_REST + pose[..., CHANNELS[hand]]
        goal = top + (upper @ _directed(place, side)[..., None])[..., 0]
        *arm, tip, thumb = _arm(shoulder, goal, upper @ _directed(np.array(_ELBOW_POINTS), side), arms)
        joints += [shoulder, *arm]
        fingers += [tip, thumb]
    for side, foot in ((-1, "other_foot"), (1, "dominant_foot")):
        hip = base + _vector(side * _HIP_WIDTH, -_HIP_DROP, 0)
        goal = _vector(side * _HIP_WIDTH, _ANKLE_HEIGHT, 0) + _directed(pose[..., CHANNELS[foot]], side)
        knee, ankle, _, _ = _two_bones(hip, goal, _directed(np.array(_KNEE_POINTS), side), legs * _THIGH, legs * _SHIN)
        joints += [hip, knee, ankle, ankle + legs * _vector(0, -0.04, -_FOOT)]
    stacked = np.stack([np.broadcast_to(joint, base.shape) for joint in (*joints, top, *fingers)], axis=2)
    return np.asarray(_move_whole(stacked, pose) * builds.height[:, None, None, None])


def _arm(shoulder: Vectors, goal: Vectors, elbow_points: np.ndarray, arms: np.ndarray) -> list[Vectors]:
    """Elbow, wrist, hand, hand tip and thumb; the hand prolongs the forearm."""
    elbow, _, along, across = _two_bones(shoulder, goal, elbow_points, arms * _UPPER_ARM, arms * (_FOREARM + _PALM))
    wrist = elbow + arms * _FOREARM * along
    hand = wrist + arms * _PALM * along
    return [elbow, wrist, hand, hand + arms * _FINGERS * along, hand + arms * _THUMB * (0.6 * along - 0.8 * across)]


def _two_bones(
    start: Vectors, goal: Vectors, points: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[Vectors, Vectors, Vectors, Vectors]:
    """Reach from `start` for `goal` with two bones; the joint between them points to `points` as far as it can.

    Returns:
        the middle joint, the end, the unit vector along the second bone, and one across it in the plane of the two.
    """
    reach = goal - start
    length = np.maximum(np.linalg.norm(reach, axis=-1, keepdims=True), 1e-6)
    toward = reach / length
    distance = np.clip(length, 1.05 * np.abs(first - second) + 0.02, 0.999 * (first + second))
    side = points - toward * np.sum(points * toward, axis=-1, keepdims=True)
    side = side / np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-6)
    cosine = (first**2 + distance**2 - second**2) / (2 * first * distance)
    middle = start + first * (cosine * toward + np.sqrt(1 - cosine**2) * side)
    end = start + distance * toward
    along = (end - middle) / second
    along_toward = np.sum(along * toward, axis=-1, keepdims=True)
    along_side = np.sum(along * side, axis=-1, keepdims=True)
    return middle, end, along, along_toward * side - along_side * toward


def _move_whole(joints: Joints, pose: Pose) -> Joints:
    """Topple about the feet, then turn about the vertical."""
    zero = np.zeros_like(pose[..., :1])
    topple = _turned(np.concatenate([pose[..., CHANNELS["topple"]], zero, zero], axis=-1))
    turn = _turned(np.concatenate([zero, zero, pose[..., CHANNELS["turn"]]], axis=-1))
    return np.asarray(joints @ np.swapaxes(turn @ topple, -1, -2))


def _vector(x: Number, y: Number, z: Number) -> Float[np.ndarray, "3"]:
    return np.array([x, y, z], dtype=np.float64)


def _directed(offsets: np.ndarray, side: int = 1) -> np.ndarray:
    """(outward or right, up, forward) to (x, y, z)."""
    return np.asarray(offsets * np.array([side, 1, -1]))


def _turned(angles: Vectors) -> Rotations:
    """Rotation by (forward, right, twist right) angles: forward first, twist last."""
    forward, right, twist = (-angles[..., axis] for axis in range(3))
    return np.asarray(turn_about(1, twist) @ turn_about(2, right) @ turn_about(0, forward))
