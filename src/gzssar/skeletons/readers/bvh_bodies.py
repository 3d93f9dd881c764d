"""The bodies of a BVH: which of its joints are those of layout smpl22, and where joints are frame by frame."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.preprocess import turn_about
from gzssar.skeletons.readers.joint_names import find_joints, fitting, require_joints
from gzssar.skeletons.readers.mocap import Recipes, Weights, with_estimates

_MOST_BODIES = 20
_LIMBS = tuple(
    tuple(f"{side} {joint}" for joint in chain)
    for side in ("left", "right")
    for chain in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
)
_REQUIRED = ("pelvis", "head", *(joint for limb in _LIMBS for joint in limb))
_RECIPES: Recipes = {
    "neck": ({"left shoulder": 1 / 3, "right shoulder": 1 / 3, "head": 1 / 3},),
    "spine2": ({"spine1": 0.5, "spine3": 0.5}, {"pelvis": 0.5, "neck": 0.5}),
    "spine1": ({"pelvis": 0.5, "spine2": 0.5},),
    "spine3": ({"spine2": 0.5, "neck": 0.5},),
    **{f"{side} collar": ({"neck": 0.5, f"{side} shoulder": 0.5},) for side in ("left", "right")},
    **{f"{side} foot": ({f"end of {side} foot": 1.0}, {f"{side} ankle": 1.0}) for side in ("left", "right")},
}


@dataclass
class Joint:
    """A joint of the hierarchy."""

    name: str
    """Empty for the end of a limb (End Site)."""

    parent: int
    """Index of the parent, which comes earlier; -1 for a root."""

    offset: list[float] | None = None
    channels: list[tuple[int, bool]] | None = None
    """(axis, is it a rotation), in the file's order."""

    @property
    def sits_on_parent(self) -> bool:
        """Whether it is always where its parent is."""
        return not any(self.offset or ()) and all(rotates for _, rotates in self.channels or ())


def find_bodies(skeleton: list[Joint], layout: Layout, path: Path) -> list[tuple[list[Weights], tuple[str, ...]]]:
    """For each body the joints of the layout, as means of joints of the file, and which of them are estimated.

    A file with several pelvises holds a body in the tree below each.

    Raises:
        DataError: a body lacks a joint that cannot be estimated, or names contradict each other or the tree.
    """
    names, ancestors = [joint.name for joint in skeleton], _ancestors(skeleton)
    pelvises = fitting(names, "pelvis")
    tops = [index for index in pelvises if ancestors[index].isdisjoint(pelvises)]
    if len(tops) > _MOST_BODIES:
        raise DataError(f"{path} should hold at most {_MOST_BODIES} people, but it has {len(tops)} pelvises.")
    if len(tops) == 1:
        return [_body(skeleton, names, ancestors, layout, path)]
    own = [[n if top == i or top in ancestors[i] else "" for i, n in enumerate(names)] for top in tops]
    return [_body(skeleton, names, ancestors, layout, path) for names in own or [names]]


def _ancestors(skeleton: list[Joint]) -> list[set[int]]:
    ancestors: list[set[int]] = []
    for joint in skeleton:
        ancestors.append(set() if joint.parent < 0 else ancestors[joint.parent] | {joint.parent})
    return ancestors


def _body(
    skeleton: list[Joint], names: list[str], ancestors: list[set[int]], layout: Layout, path: Path
) -> tuple[list[Weights], tuple[str, ...]]:
    found = find_joints(names, path)
    require_joints(found, _REQUIRED, path)
    for upper, lower in (pair for limb in _LIMBS for pair in pairwise(limb)):
        if found[upper] not in ancestors[found[lower]]:
            raise DataError(
                f"{path} should have the {lower} below the {upper}, but {names[found[lower]][:40]!r} does not hang "
                f"on {names[found[upper]][:40]!r}: rename the joint that has the wrong name."
            )
    known: dict[str, Weights] = {joint: {index: 1.0} for joint, index in found.items()}
    above = ancestors[found["pelvis"]] | {found["pelvis"]}
    spine = [
        index for index in _way(skeleton, above, found.get("neck", found["head"])) if not skeleton[index].sits_on_parent
    ]
    known |= _spine(spine)
    for side in ("left", "right"):
        if (end := _end_of_foot(skeleton, found[f"{side} ankle"])) is not None:
            known[f"end of {side} foot"] = {end: 1.0}
    joints, estimated = with_estimates(known, _RECIPES)
    return [joints[joint] for joint in layout.joint_names], estimated


def _end_of_foot(skeleton: list[Joint], ankle: int) -> int | None:
    """What hangs on an ankle and does not lie back towards the knee, as the ends that some programs invent do."""
    shin = np.array(skeleton[ankle].offset)
    for index, joint in enumerate(skeleton):
        foot = np.array(joint.offset)
        if joint.parent == ankle and foot.any() and foot @ shin > -np.linalg.norm(foot) * np.linalg.norm(shin) / 2:
            return index
    return None


def _way(skeleton: list[Joint], above: set[int], bottom: int) -> list[int]:
    """The joints from below those `above` down to before `bottom`."""
    way = [skeleton[bottom].parent]
    while way[-1] not in above and way[-1] >= 0:
        way.append(skeleton[way[-1]].parent)
    return way[-2::-1]


def _spine(joints: list[int]) -> dict[str, Weights]:
    """Share out the joints of the spine; with fewer than three, some are left to be estimated."""
    if len(joints) < 2:
        return {"spine2": {joints[0]: 1.0}} if joints else {}
    known: dict[str, Weights] = {"spine1": {joints[0]: 1.0}, "spine3": {joints[-1]: 1.0}}
    if len(joints) > 2:
        middle = joints[(len(joints) - 1) // 2 : len(joints) // 2 + 1]  # the middle joint, or the two around the middle
        known["spine2"] = {index: 1 / len(middle) for index in middle}
    return known


def world_places(
    skeleton: list[Joint], values: Float[np.ndarray, "T _"], wanted: list[int]
) -> Float[np.ndarray, "T n 3"]:
    """Positions of the wanted joints in the file's units (forward kinematics).

    A joint's channels turn it in their order, each about the axes that the former ones left; position channels take
    the place of its offset.
    """
    needed = set(wanted)
    for index in reversed(range(len(skeleton))):  # parents come before their children
        if index in needed:
            needed.add(skeleton[index].parent)
    places: dict[int, np.ndarray] = {-1: np.zeros((len(values), 3))}
    turns: dict[int, np.ndarray] = {-1: np.broadcast_to(np.eye(3), (len(values), 3, 3))}
    column = 0
    for index, joint in enumerate(skeleton):
        own = values[:, column : column + len(joint.channels or ())]
        column += len(joint.channels or ())
        if index in needed:
            shift, turn = _local(joint, own)
            places[index] = places[joint.parent] + np.einsum("tij,tj->ti", turns[joint.parent], shift)
            turns[index] = turns[joint.parent] @ turn
    return np.stack([places[index] for index in wanted], axis=1)


def _local(
    joint: Joint, values: Float[np.ndarray, "T _"]
) -> tuple[Float[np.ndarray, "T 3"], Float[np.ndarray, "T 3 3"]]:
    """Shift and turn of a joint against its parent."""
    shift = np.tile(np.array(joint.offset), (len(values), 1))
    turn = np.broadcast_to(np.eye(3), (len(values), 3, 3))
    for (axis, rotates), value in zip(joint.channels or (), values.T, strict=True):
        if rotates:
            turn = turn @ turn_about(axis, np.radians(value))
        else:
            shift[:, axis] = value
    return shift, turn
