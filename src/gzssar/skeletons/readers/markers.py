"""Markers that are joints by name, as TRC and C3D files of pose estimation hold them: from their names to a layout.

Markers on the skin (LASI, RKNE, …) are none: their joints come out of a model such as OpenSim's or Vicon's.
"""

from collections.abc import Sequence
from pathlib import Path

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import LAYOUTS, OPENPOSE25, Layout, layout_named
from gzssar.skeletons.readers.arrays import words
from gzssar.skeletons.readers.joint_names import find_joints, require_joints
from gzssar.skeletons.readers.mocap import Recipes, Weights, estimates_doubt, with_estimates
from gzssar.skeletons.readers.reader import ReadOptions

REQUIRED = tuple(
    f"{side} {joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
)
"""Joints that cannot be estimated."""
_SIDES = ("left", "right")
_RECIPES: Recipes = {
    "mid hip": ({"left hip": 0.5, "right hip": 0.5},),
    "neck": ({"left shoulder": 0.5, "right shoulder": 0.5},),
    **{f"{side} ear": ({"head": 0.5, "neck": 0.5}, {"nose": 1.0}, {"neck": 1.35, "mid hip": -0.35}) for side in _SIDES},
    "nose": ({"left ear": 0.5, "right ear": 0.5},),
    **{f"{side} eye": ({"nose": 1.0},) for side in _SIDES},
    **{f"{side} big toe": ({f"{side} foot": 1.0}, {f"{side} ankle": 1.0}) for side in _SIDES},
    **{f"{side} small toe": ({f"{side} big toe": 1.0},) for side in _SIDES},
    **{f"{side} heel": ({f"{side} ankle": 1.0},) for side in _SIDES},
}
"""A head is HALPE's: its top, as far above the ears as the neck is below them. Without a head, ears lie about a third
of the trunk's length above the neck."""


def joints_of_markers(
    names: Sequence[str], options: ReadOptions, path: Path
) -> tuple[Layout, list[Weights], tuple[Doubt, ...]]:
    """Find out which layout markers have, and each of its joints as a weighted mean of them.

    They have a layout if they name all of its joints; else that of OpenPose's BODY_25, with joints estimated that
    Pose2Sim, OpenCap and others leave out.

    Raises:
        DataError: markers are no joints.
        ConfigError: the options name another layout.
    """
    index = {words(name.rpartition(":")[2]): number for number, name in enumerate(names)}
    layouts = sorted(LAYOUTS.values(), key=lambda layout: -layout.joint_count)
    if options.layout is not None:
        layouts = [layout_named(options.layout)]
    whole = next((one for one in layouts if all(words(joint) in index for joint in one.joint_names)), None)
    if whole is not None:
        return whole, [{index[words(joint)]: 1.0} for joint in whole.joint_names], ()
    found = find_joints(names, path)
    if any(joint not in found for joint in REQUIRED):
        _refuse(found, names, path)
    if options.layout not in (None, OPENPOSE25.name):
        raise ConfigError(
            f"{path} has markers of layout {OPENPOSE25.name!r}, but the options name {options.layout!r}.",
            option="layout",
        )
    known: dict[str, Weights] = {joint: {number: 1.0} for joint, number in found.items()}
    if "pelvis" in known:
        known["mid hip"] = known["pelvis"]
    joints, estimated = with_estimates(known, _RECIPES)
    return OPENPOSE25, [joints[joint] for joint in OPENPOSE25.joint_names], estimates_doubt(estimated)


def _refuse(found: dict[str, int], names: Sequence[str], path: Path) -> None:
    """Say what is missing: a few joints, or all of them."""
    if found:
        require_joints(found, REQUIRED, path)
    shown = ", ".join(name[:20] for name in names[:4])
    raise DataError(
        f"{path} should hold markers that are joints (RHip, LKnee, Neck, …), but it holds others ({shown}): compute "
        "joints from them, in OpenSim or Vicon Nexus for example, and save those."
    )
