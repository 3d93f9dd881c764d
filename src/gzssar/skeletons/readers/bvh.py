"""Motion capture in BVH: a skeleton of offsets, and the channels of its joints frame by frame; y is up.

Joints are mapped by name to layout smpl22 (:mod:`joint_names`). The joints between pelvis and neck are the spine,
whatever their names. Neck, collars, toes and parts of the spine that a file lacks are estimated, and the clip says so.
A file may hold several people: trees of their own, or branches of one tree.

Why no library: bvhio 1.5.4 never returns on a file that is cut off, overlooks rows with too many numbers, and needs a
compiled package. Format: Meredith and Maddock, "Motion Capture File Formats Explained", University of Sheffield, 2001.
"""

import math
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.preprocess import turn_about
from gzssar.skeletons.readers.arrays import agreed_fps, agreed_layout, make_clip, parse_numbers
from gzssar.skeletons.readers.joint_names import find_joints, fitting, require_joints
from gzssar.skeletons.readers.mocap import (
    Recipes,
    Weights,
    blended,
    estimates_doubt,
    frames_doubt,
    text_lines,
    turned_upright,
    used_in,
    with_estimates,
)
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.units import unit_by_size
from gzssar.skeletons.sequence import SkeletonSequence

_LAYOUT = "smpl22"
_MOST_JOINTS = 1000
_MOST_BODIES = 20
_BLOCK = 2**16
"""Places of joints that are worked on at once."""
_CHANNEL = re.compile(r"([XYZ])(position|rotation)")

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


class BvhReader:
    """Motion capture in BVH."""

    kind = "BVH motion capture"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the file starts with the word HIERARCHY."""
        return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"HIERARCHY")

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file.

        Raises:
            ConfigError: the options name another layout than smpl22.
        """
        layout = agreed_layout(options, _LAYOUT, path)
        return ClipSource(self.kind, [ClipEntry(path.name, partial(_read, path, layout, options))])


@dataclass
class _Joint:
    name: str
    """Empty for the end of a limb (End Site)."""

    parent: int
    """Index of the parent, which comes earlier; -1 for a root."""

    offset: list[float] | None = None
    channels: list[tuple[int, bool]] | None = None
    """(axis, is it a rotation), in the file's order."""

    @property
    def sits_on_parent(self) -> bool:
        return not any(self.offset or ()) and all(rotates for _, rotates in self.channels or ())


def _read(path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    words = _Words(path)
    skeleton = _skeleton(words)
    chosen = _bodies(skeleton, layout, path)
    motion = _Motion(words, sum(len(joint.channels or ()) for joint in skeleton), _BLOCK // len(skeleton))
    used = used_in(joint for body, _ in chosen for joint in body)
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite number is refused in the end
        numbers = array("f")
        for block in motion.blocks():
            world = _world(skeleton, block, used)
            numbers.frombytes(np.stack([blended(body, used, world) for body, _ in chosen]).swapaxes(0, 1).tobytes())
        joints = (
            np.frombuffer(numbers, np.float32).reshape(-1, len(chosen), layout.joint_count, 3).transpose(3, 0, 2, 1)
        )
        scale, doubts = unit_by_size(options, joints[:, 0, :, 0].T.astype(np.float64), layout, path)
        joints *= np.float32(scale)
        joints, turned = turned_upright(joints, layout)
    doubts += motion.doubts() + estimates_doubt(chosen[0][1]) + turned
    fps = agreed_fps(options, motion.fps, path)
    return make_clip(joints, replace(options, unit=None), name=path.name, fps=fps, layout=layout, doubts=doubts)


class _Words:
    """The words of the file, one after another; its lines are read as they are needed."""

    def __init__(self, path: Path) -> None:
        self.path, self.line = path, 0
        self._lines = text_lines(path)
        self._words: list[str] = []  # of the line, the last one first

    def take(self, count: int = 1) -> list[str]:
        """The next words, from whatever lines."""
        words: list[str] = []
        while len(words) < count:
            if self._words:
                words.append(self._words.pop())
            elif (line := self.next_line()) is not None:
                self._words = line.split()[::-1]
            else:
                raise self.error("more of the hierarchy, but the file ends")
        return words

    def rest_of_line(self, end: str) -> list[str]:
        """The words up to the one that ends them, or to the end of the line."""
        words = []
        while self._words and self._words[-1] != end:
            words.append(self._words.pop())
        return words

    def next_line(self) -> str | None:
        """The next line that is not blank; None at the end of the file."""
        if self._words:
            raise self.error(f"nothing more, but it holds {self._words[-1][:40]!r}")
        for line in self._lines:
            self.line += 1
            if not line.isspace():
                return line
        return None

    def expect(self, *wanted: str) -> None:
        if (words := self.take(len(wanted))) != list(wanted):
            raise self.error(f"{' '.join(wanted)!r}, but it holds {' '.join(words)[:40]!r}")

    def numbers(self, count: int) -> list[float]:
        return parse_numbers(self.take(count), self.place())

    def error(self, wanted: str) -> DataError:
        return DataError(f"{self.place()} should hold {wanted}: the file is cut off or damaged.")

    def place(self) -> str:
        return f"{self.path}, line {max(self.line, 1)},"


def _skeleton(words: _Words) -> list[_Joint]:
    """Parse the hierarchy, up to the word MOTION; without recursion, so that a deep one does no harm."""
    words.expect("HIERARCHY", "ROOT")
    joints, ancestors = [_opened(words, -1)], [0]
    while True:
        (word,) = words.take()
        joint = joints[ancestors[-1]] if ancestors else None
        if word == "MOTION" and not joint:
            return joints
        if len(joints) < _MOST_JOINTS and word == ("JOINT" if joint else "ROOT"):
            joints.append(_opened(words, ancestors[-1] if joint else -1))
            ancestors.append(len(joints) - 1)
        elif len(joints) < _MOST_JOINTS and joint and word == "End":
            words.expect("Site", "{", "OFFSET")
            joints.append(_Joint("", ancestors[-1], words.numbers(3)))
            words.expect("}")
        elif joint and word == "OFFSET" and joint.offset is None:
            joint.offset = words.numbers(3)
        elif joint and word == "CHANNELS" and joint.channels is None:
            joint.channels = _channels(words)
        elif joint and word == "}":
            if joint.offset is None:
                raise words.error(f"the OFFSET of joint {joint.name[:40]!r} before its end, but it has none")
            ancestors.pop()
        elif joint:
            raise words.error(f"a part of a tree of at most {_MOST_JOINTS} joints, but it holds {word[:40]!r}")
        else:
            raise words.error(f"MOTION after the end of the tree, but it holds {word[:40]!r}")


def _opened(words: _Words, parent: int) -> _Joint:
    name = words.take() + words.rest_of_line("{")  # names of 3ds Max have blanks: Bip01 L Thigh
    words.expect("{")
    return _Joint(" ".join(name), parent)


def _channels(words: _Words) -> list[tuple[int, bool]]:
    (count,) = words.take()
    if count not in ("0", "1", "2", "3", "4", "5", "6"):
        raise words.error(f"how many channels follow, 0 to 6, but it holds {count[:40]!r}")
    matches = [_CHANNEL.fullmatch(name) for name in words.take(int(count))]
    if not all(matches):
        raise words.error("channels such as Xposition or Zrotation, but it names another")
    return [("XYZ".index(match[1]), match[2] == "rotation") for match in matches if match]


class _Motion:
    """The frames of a file, after its word MOTION: rows of channel values."""

    def __init__(self, words: _Words, columns: int, longest: int) -> None:
        self._words, self._columns, self._longest = words, columns, longest
        self._stated, self._found, self._cut = self._number("Frames:"), 0, False
        seconds = self._number("Frame Time:")
        if not (math.isfinite(seconds) and seconds > 0):
            raise DataError(f"{words.place()} should state a positive time per frame, but it is {seconds:g}.")
        self.fps = 1 / seconds

    def doubts(self) -> tuple[Doubt, ...]:
        """What is odd about the number of frames, once they are read."""
        return frames_doubt(self._stated, self._found, self._cut)

    def blocks(self) -> Iterator[Float[np.ndarray, "T _"]]:
        """The rows, some at a time: as numbers of Python, all of them would take many times the size of the file.

        Raises:
            DataError: a row is malformed, or there are none.
        """
        block: list[list[float]] = []
        for row in self._rows():
            block.append(row)
            self._found += 1
            if len(block) == self._longest:
                yield np.array(block)
                block = []
        if not self._found:
            stated = f"it states {self._stated:g}"
            raise DataError(f"{self._words.path} should hold frames, but has none ({stated}): it is cut off or empty.")
        if block:
            yield np.array(block)

    def _rows(self) -> Iterator[list[float]]:
        """One row after another. The last is left out where the file ends within it."""
        line = self._words.next_line()
        while line is not None:
            place, cells = self._words.place(), line.split()
            following = self._words.next_line()
            last = following is None
            unfinished = not line.endswith("\n") and self._found + 1 < self._stated
            if last and (len(cells) < self._columns or unfinished):
                self._cut = True
                return
            if len(cells) != self._columns:
                raise DataError(f"{place} should have {self._columns} values of channels, but has {len(cells)}.")
            yield parse_numbers(cells, place)
            line = following

    def _number(self, key: str) -> float:
        line = (self._words.next_line() or "").strip()
        words = line.removeprefix(key).split()
        if not line.startswith(key) or len(words) != 1:
            raise DataError(f"{self._words.place()} should state {key!r} and a number: the file is cut off or damaged.")
        return parse_numbers(words, self._words.place())[0]


def _bodies(skeleton: list[_Joint], layout: Layout, path: Path) -> list[tuple[list[Weights], tuple[str, ...]]]:
    """For each body the joints of the layout, as means of joints of the file, and which of them are estimated.

    A file with several pelvises holds a body in the tree below each.
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


def _ancestors(skeleton: list[_Joint]) -> list[set[int]]:
    ancestors: list[set[int]] = []
    for joint in skeleton:
        ancestors.append(set() if joint.parent < 0 else ancestors[joint.parent] | {joint.parent})
    return ancestors


def _body(
    skeleton: list[_Joint], names: list[str], ancestors: list[set[int]], layout: Layout, path: Path
) -> tuple[list[Weights], tuple[str, ...]]:
    found = find_joints(names, path)
    require_joints(found, _REQUIRED, path)
    for upper, lower in (pair for limb in _LIMBS for pair in pairwise(limb)):
        if found[upper] not in ancestors[found[lower]]:
            raise DataError(
                f"{path} should have the {lower} below the {upper}, but {names[found[lower]][:40]!r} does not hang "
                f"on {names[found[upper]][:40]!r}: rename what is called wrongly."
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


def _end_of_foot(skeleton: list[_Joint], ankle: int) -> int | None:
    """What hangs on an ankle and does not lie back towards the knee, as the ends that some programs invent do."""
    shin = np.array(skeleton[ankle].offset)
    for index, joint in enumerate(skeleton):
        foot = np.array(joint.offset)
        if joint.parent == ankle and foot.any() and foot @ shin > -np.linalg.norm(foot) * np.linalg.norm(shin) / 2:
            return index
    return None


def _way(skeleton: list[_Joint], above: set[int], bottom: int) -> list[int]:
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


def _world(skeleton: list[_Joint], values: Float[np.ndarray, "T _"], wanted: list[int]) -> Float[np.ndarray, "T n 3"]:
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
    joint: _Joint, values: Float[np.ndarray, "T _"]
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
