"""From any sensor's joints to the 25 joints of NTU RGB+D, so that one encoder reads clips of every sensor.

Each NTU joint is a weighted sum of the sensor's joints with weights that sum to one, so the map commutes with turning,
moving and scaling a body, and changes neither axes nor units. An NTU joint that the sensor reports under the same name
is taken as it is: measured. All others are estimated from the joints around them, as :data:`ESTIMATES` says.
The same name need not mean the very same point: sensors differ by some centimetres.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.layout import LAYOUTS, NTU25, Layout
from gzssar.skeletons.sequence import SkeletonSequence

_Estimates = dict[str, dict[str, float]]
"""NTU joint → name → weight. A name is a joint of the sensor or, where it has none of that name, an NTU joint that the
table estimates further up."""


def _both_sides(estimates: _Estimates) -> _Estimates:
    return {
        f"{side} {joint}": {f"{side} {source}": weight for source, weight in weights.items()}
        for side in ("left", "right")
        for joint, weights in estimates.items()
    }


_HIPS: _Estimates = {"base of spine": {"left hip": 0.5, "right hip": 0.5}}
_SHOULDERS: _Estimates = {"spine shoulder": {"left shoulder": 0.5, "right shoulder": 0.5}}
_MIDDLE: _Estimates = {"mid spine": {"spine shoulder": 0.578, "base of spine": 0.422}}
_EARS: _Estimates = {"head": {"left ear": 0.5, "right ear": 0.5}, "neck": {"spine shoulder": 2 / 3, "head": 1 / 3}}
_NO_FINGERS = _both_sides({"hand tip": {"hand": 1.0}, "thumb": {"hand": 1.0}})
_NO_HANDS = _both_sides({"hand": {"wrist": 1.0}, "hand tip": {"wrist": 1.0}, "thumb": {"wrist": 1.0}})
_NO_FEET = _both_sides({"foot": {"ankle": 1.0}})
_OPENPOSE_NECK: _Estimates = {"spine shoulder": {"neck": 1.0}}

_KINECT_V1: _Estimates = (
    _HIPS
    | {"spine shoulder": {"shoulder center": 0.4, "left shoulder": 0.3, "right shoulder": 0.3}}
    | _MIDDLE
    | {"neck": {"shoulder center": 1.0}}
    | _both_sides({"hand tip": {"hand": 1.6, "wrist": -0.6}, "thumb": {"hand": 1.0}})
)
"""Kinect v1's shoulder center lies above the line of the shoulders, where NTU has the neck. Its hip center and spine go
unused: in UTD-MHAD they lie some 6 and 12 cm above the hips, not where NTU has base and middle of the spine. Hand tips
prolong wrist to hand by 60 %."""

_SMPL: _Estimates = {
    "base of spine": {"pelvis": 1.0},
    "mid spine": {"spine1": 1.0},
    "spine shoulder": {"spine3": 1.0},
}
"""The nearest joints, as BABEL takes them (Punnakkal et al., CVPR 2021)."""

ESTIMATES: dict[str, _Estimates] = {
    "ntu25": {},
    "kinect20": _KINECT_V1,
    "utd20": _KINECT_V1,
    "coco17": _HIPS | _SHOULDERS | _MIDDLE | _EARS | _NO_HANDS | _NO_FEET,
    "openpose18": _HIPS | _OPENPOSE_NECK | _MIDDLE | _EARS | _NO_HANDS | _NO_FEET,
    "openpose25": {"base of spine": {"mid hip": 1.0}}
    | (_OPENPOSE_NECK | _MIDDLE | _EARS | _NO_HANDS)
    | _both_sides({"foot": {"big toe": 0.5, "small toe": 0.5}}),
    "mediapipe33": (_HIPS | _SHOULDERS | _MIDDLE | _EARS)
    | _both_sides({"hand": {"wrist": 1 / 3, "pinky": 1 / 3, "index": 1 / 3}, "hand tip": {"index": 1.0}})
    | _both_sides({"foot": {"foot index": 1.0}}),
    "smpl22": _SMPL | _NO_HANDS,
    "smpl24": _SMPL | _NO_FINGERS,
}
"""The map of each layout, by its name: what is not listed is measured under its own name."""


def to_ntu25(sequence: SkeletonSequence) -> SkeletonSequence:
    """Give a clip the joints of layout ntu25, as visible as the joints they come from; all else stays as it is.

    Axes and units are those of the source, in space as in a picture. A body that is not there stays zero. Single joints
    that are missing must have been filled before, for a zero would be taken for a position.

    Raises:
        DataError: the clip's layout is not one of ``LAYOUTS``.
    """
    if sequence.layout == NTU25:
        return sequence
    weights, visibility = ntu25_weights(sequence.layout), sequence.visibility
    joints = np.einsum("nv,ctvm->ctnm", weights, sequence.joints)
    if visibility is not None:
        visibility = np.clip(np.einsum("nv,tvm->tnm", weights, visibility), 0, 1).astype(visibility.dtype)
    return replace(sequence, joints=joints.astype(sequence.joints.dtype), layout=NTU25, visibility=visibility)


def ntu25_weights(layout: Layout) -> Float[np.ndarray, "25 V"]:
    """How much of each joint of `layout` goes into each joint of ntu25; rows sum to one.

    Raises:
        DataError: the layout is not one of ``LAYOUTS``.
    """
    if LAYOUTS.get(layout.name) != layout:
        raise DataError(
            f"layout {layout.name!r} has no map to the joints of NTU-25, but {', '.join(sorted(ESTIMATES))} have: "
            "bring the joints into the order of one of these."
        )
    sources = dict(zip(layout.joint_names, np.eye(layout.joint_count), strict=True))
    estimated: dict[str, Float[np.ndarray, "V"]] = {}
    for joint, weights in ESTIMATES[layout.name].items():
        known = estimated | sources
        estimated[joint] = np.sum([weight * known[name] for name, weight in weights.items()], axis=0)
    return np.stack([estimated[joint] if joint in estimated else sources[joint] for joint in NTU25.joint_names])


def require_3d(sequence: SkeletonSequence) -> None:
    """Let clips in space pass, for an encoder that was trained on them.

    Raises:
        DataError: the clip lies in a picture.
    """
    if sequence.dimensions == 2:
        raise DataError(
            f"{f'clip {sequence.name!r}' if sequence.name else 'a clip'} should have three coordinates, because the "
            "encoder was trained on joints in space, but it has two in a picture: lift it to 3-D first."
        )
