"""How programs of motion capture and of pose estimation call the joints of a body: one table, and its look-up.

A name is broken into words. What stands before it is left out: a namespace ``x:``, or words that begin a dozen names,
as in ``mixamorig9_Hips``, ``Bip01 Head`` and ``J_Bip_C_Neck``. So is the side, wherever it stands: ``LeftUpLeg``,
``upper_arm.L``, ``Bip01 L Thigh``, ``lfemur``. The rest is looked up in the table.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gzssar.errors import DataError

_SIDED = {
    "shoulder": "upper arm, up arm, uarm, arm, shldr, shldr bend, humerus, shoulder",
    "collar": "collar, clavicle, clavicula, shoulder",
    "elbow": "elbow, lower arm, low arm, fore arm, farm, larm, forearm bend, radius",
    "wrist": "wrist, hand",
    "hip": "up leg, upper leg, uleg, thigh, thigh bend, femur, hip, leg",
    "knee": "knee, lower leg, low leg, lleg, shin, shank, calf, tibia, leg",
    "ankle": "ankle, foot",
    "foot": "toebase, toe0, toe, toes, ball, foot",
    "big toe": "big toe",
    "small toe": "small toe",
    "heel": "heel",
    "eye": "eye",
    "ear": "ear",
}
_MIDDLE = {
    "pelvis": "hips, pelvis, hip, mid hip, spine base, hip center, hip centre",
    "neck": "neck, neck1, neck01, lower neck, necktwist01",
    "head": "head",
    "nose": "nose",
}
"""Joint → its names without the side; of several that a file has, the first. A name that stands for two joints goes to
the upper one unless that has a name of its own: the Shoulder of a body with Arm is its collar, the Foot of one with
Ankle its toes."""

_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
_CENTRE = "c"
_FEWEST_PREFIXED = 12  # joints of the limbs, which every body has


def _spellings(names: str) -> list[str]:
    return [name.replace(" ", "") for name in names.split(", ")]


_TABLE: dict[tuple[str, str], list[str]] = {
    **{("", joint): _spellings(names) for joint, names in _MIDDLE.items()},
    **{(side, joint): _spellings(names) for side in ("left", "right") for joint, names in _SIDED.items()},
}
_OF_LIMBS = {spelling for names in _SIDED.values() for spelling in _spellings(names)}
_VOCABULARY = {*_SIDES, _CENTRE, *re.findall(r"[a-z0-9]+", " ".join([*_SIDED.values(), *_MIDDLE.values()]))}


def fitting(names: Sequence[str], joint: str) -> list[int]:
    """The indices of all names that may be a joint of the middle: "pelvis", "neck", "head" or "nose"."""
    return [index for index, (side, rest) in enumerate(_read(names)) if not side and rest in _TABLE["", joint]]


def find_joints(names: Sequence[str], path: Path) -> dict[str, int]:
    """Find the joints of one body by their names.

    Args:
        names: as the file has them; an empty one is no joint's.
        path: the file, for messages.

    Returns:
        joint ("pelvis", "left knee", …) → its index in `names`, for those joints that are there.

    Raises:
        DataError: two names fit one joint equally well.
    """
    read = _read(names)
    found: dict[str, int] = {}
    for (side, joint), spellings in _TABLE.items():
        for spelling in spellings:
            fitting = [i for i, name in enumerate(read) if name == (side, spelling) and i not in found.values()]
            if len(fitting) > 1:
                called = " and ".join(repr(names[index][:40]) for index in fitting[:2])
                raise DataError(
                    f"{path} should have one joint of each kind, but it has {len(fitting)} that may be the "
                    f"{f'{side} {joint}'.strip()}: {called}; rename all but one."
                )
            if fitting:
                found[f"{side} {joint}".strip()] = fitting[0]
                break
    return found


def require_joints(found: dict[str, int], wanted: Sequence[str], path: Path) -> None:
    """Let a body pass that has all joints which cannot be estimated.

    Raises:
        DataError: one is missing; the sentence tells what it could be called.
    """
    if missing := [joint for joint in wanted if joint not in found]:
        side, _, joint = missing[0].rpartition(" ")
        known = ", ".join(f"{side.capitalize()}{name.title().replace(' ', '')}" for name in _names(joint)[:4])
        raise DataError(
            f"{path} should name the joints of a body, but none of its names is known for {', '.join(missing)}: rename "
            f"its joints, the first of these to {known}, for example."
        )


def _names(joint: str) -> list[str]:
    return (_SIDED | _MIDDLE)[joint].split(", ")


def _read(names: Sequence[str]) -> list[tuple[str, str]]:
    """The side and the rest of each name."""
    return [_side_and_rest(words) for words in _without_prefixes([_words(name) for name in names])]


def _words(name: str) -> list[str]:
    """The words of a name in lower case, without its namespace."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", re.split("[:|]", name)[-1])]


def _without_prefixes(names: list[list[str]]) -> list[list[str]]:
    """Leave out the words that begin the names of a whole body and mean no part of it."""
    while True:
        counts = Counter(words[0] for words in names if words)
        prefixes = {word for word, count in counts.items() if count >= _FEWEST_PREFIXED} - _VOCABULARY
        if not prefixes:
            return names
        names = [words[1:] if words and words[0] in prefixes else words for words in names]


def _side_and_rest(words: list[str]) -> tuple[str, str]:
    """The side that a name tells ("left", "right" or ""), and its other words in one."""
    sides = [_SIDES[word] for word in words if word in _SIDES]
    rest = "".join(word for word in words if word not in _SIDES and word != _CENTRE)
    if sides:
        return (sides[0], rest) if len(sides) == 1 else ("", "")
    for mark, side in _SIDES.items():
        for core in (rest.removeprefix(mark), rest.removesuffix(mark)):
            if core != rest and core in _OF_LIMBS:
                return side, core
    return "", rest
