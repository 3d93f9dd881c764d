"""Motion capture in BVH: a skeleton of offsets, and the channels of its joints frame by frame; y is up.

Joints are mapped by name to layout smpl22: Hips, LeftUpLeg, LeftLeg, LeftFoot, LeftToeBase, LeftShoulder, LeftArm,
LeftForeArm, LeftHand, the same on the right, Neck and Head, as Mixamo, CMU's conversions and LaFAN1 write them. The
joints between Hips and Neck are the spine, whatever their names.

Why no library: bvhio 1.5.4 never returns on a file that is cut off, overlooks rows with too many numbers, and needs a
compiled package. Format: Meredith and Maddock, "Motion Capture File Formats Explained", University of Sheffield, 2001.
"""

import math
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.preprocess import turn_about
from gzssar.skeletons.readers.arrays import agreed_fps, agreed_layout, make_clip, parse_numbers, read_lines
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_LAYOUT = "smpl22"
_MOST_JOINTS = 1000
_CHANNEL = re.compile(r"([XYZ])(position|rotation)")
_METRES_PER_UNIT = (1.0, 0.01, 0.0254 / 0.45)  # metres; centimetres; what CMU's database counts in
_ANKLE_TO_HEAD = (1.0, 2.2)  # metres along the bones, of a child to a giant

_SIDE = {
    "hip": ("UpLeg",),
    "knee": ("Leg",),
    "ankle": ("Foot",),
    "foot": ("ToeBase", "Toe"),
    "collar": ("Shoulder",),
    "shoulder": ("Arm",),
    "elbow": ("ForeArm",),
    "wrist": ("Hand",),
}
_NAMES = {"pelvis": ("Hips",), "neck": ("Neck",), "head": ("Head",)} | {
    f"{side} {joint}": tuple(f"{side.capitalize()}{name}" for name in names)
    for side in ("left", "right")
    for joint, names in _SIDE.items()
}
"""Joint of smpl22 → its names in BVH; the spine is found by its place."""


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
    parent: int
    """Index of the parent, which comes earlier; -1 for the root."""

    offset: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    channels: list[tuple[int, bool]] = field(default_factory=list)
    """(axis, is it a rotation), in the file's order."""


def _read(path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    lines = read_lines(path)
    at = next((index for index, line in enumerate(lines) if line.strip() == "MOTION"), len(lines))
    skeleton = _skeleton(_Words(path, lines[:at]))
    fps, values = _motion(path, lines, at, sum(len(joint.channels) for joint in skeleton))
    chosen = _chosen(skeleton, path)
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite number is refused in the end
        world = _world(skeleton, values, {index for indices in chosen.values() for index in indices})
        places = np.stack([np.mean([world[index] for index in chosen[name]], axis=0) for name in layout.joint_names])
        places *= _metres_per_unit(places[:, 0], layout, path)
    joints = places.transpose(2, 1, 0)[..., None]
    return make_clip(joints, options, name=path.name, fps=agreed_fps(options, fps, path), layout=layout)


class _Words:
    """The words of the hierarchy, one after another."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        self._words = [(number, word) for number, line in enumerate(lines, start=1) for word in line.split()]
        self._path = path
        self._at = 0

    def left(self) -> bool:
        return self._at < len(self._words)

    def take(self, count: int = 1) -> list[str]:
        words = [word for _, word in self._words[self._at : self._at + count]]
        self._at += len(words)
        if len(words) < count:
            raise self.error("more of the hierarchy, but the file ends or MOTION begins")
        return words

    def expect(self, *wanted: str) -> None:
        if (words := self.take(len(wanted))) != list(wanted):
            raise self.error(f"{' '.join(wanted)!r}, but it holds {' '.join(words)[:40]!r}")

    def numbers(self, count: int) -> list[float]:
        return parse_numbers(self.take(count), self._place())

    def error(self, wanted: str) -> DataError:
        return DataError(f"{self._place()} should hold {wanted}: the file is cut off or damaged.")

    def _place(self) -> str:
        """Path and line of the word taken last."""
        line = self._words[self._at - 1][0] if self._at else 1
        return f"{self._path}, line {line},"


def _skeleton(words: _Words) -> list[_Joint]:
    """Parse the hierarchy; without recursion, so that a deep one does no harm."""
    words.expect("HIERARCHY", "ROOT")
    joints, ancestors = [_opened(words, -1)], [0]
    while ancestors:
        (word,) = words.take()
        if word == "JOINT" and len(joints) < _MOST_JOINTS:
            joints.append(_opened(words, ancestors[-1]))
            ancestors.append(len(joints) - 1)
        elif word == "End":
            words.expect("Site", "{", "OFFSET")
            words.numbers(3)
            words.expect("}")
        elif word == "OFFSET":
            joints[ancestors[-1]].offset = words.numbers(3)
        elif word == "CHANNELS":
            joints[ancestors[-1]].channels = _channels(words)
        elif word == "}":
            ancestors.pop()
        else:
            raise words.error(f"a part of a tree of at most {_MOST_JOINTS} joints, but it holds {word[:40]!r}")
    if words.left():
        raise words.error("the end of a single tree of joints, but more follows")
    return joints


def _opened(words: _Words, parent: int) -> _Joint:
    (name,) = words.take()
    words.expect("{")
    return _Joint(name, parent)


def _channels(words: _Words) -> list[tuple[int, bool]]:
    (count,) = words.take()
    if count not in ("0", "1", "2", "3", "4", "5", "6"):
        raise words.error(f"how many channels follow, 0 to 6, but it holds {count[:40]!r}")
    matches = [_CHANNEL.fullmatch(name) for name in words.take(int(count))]
    if not all(matches):
        raise words.error("channels such as Xposition or Zrotation, but it names another")
    return [("XYZ".index(match[1]), match[2] == "rotation") for match in matches if match]


def _motion(path: Path, lines: list[str], at: int, columns: int) -> tuple[float, Float[np.ndarray, "T _"]]:
    """Return frames per second, and one row of channel values per frame. `at` is the index of the line MOTION."""
    frames, seconds = (_stated(path, lines, at + n, key) for n, key in ((1, "Frames:"), (2, "Frame Time:")))
    rows = [(number, line.split()) for number, line in enumerate(lines[at + 3 :], start=at + 4) if line.strip()]
    if len(rows) != frames or not rows:
        raise DataError(
            f"{path}, line {at + 2}, states {frames:g} frames, but {len(rows)} follow: the file is cut off or empty."
        )
    if not (math.isfinite(seconds) and seconds > 0):
        raise DataError(f"{path}, line {at + 3}, should state a positive time per frame, but it is {seconds:g}.")
    for number, row in rows:
        if len(row) != columns:
            raise DataError(f"{path}, line {number}, should have {columns} values of channels, but has {len(row)}.")
    values = [parse_numbers(row, f"{path}, line {number},") for number, row in rows]
    return 1 / seconds, np.array(values, dtype=np.float64).reshape(len(rows), columns)


def _stated(path: Path, lines: list[str], index: int, key: str) -> float:
    line = lines[index].strip() if index < len(lines) else ""
    words = line.removeprefix(key).split()
    if not line.startswith(key) or len(words) != 1:
        raise DataError(f"{path}, line {index + 1}, should state {key!r} and a number: the file is cut off or damaged.")
    return parse_numbers(words, f"{path}, line {index + 1},")[0]


def _chosen(skeleton: list[_Joint], path: Path) -> dict[str, list[int]]:
    """For each joint of smpl22, the joints of the file whose mean it is."""
    found = [_plain(joint.name) for joint in skeleton]
    chosen = {
        ours: [index for index, name in enumerate(found) if name in map(_plain, names)]
        for ours, names in _NAMES.items()
    }
    if missing := [_NAMES[joint][0] for joint, indices in chosen.items() if not indices]:
        raise DataError(f"{path} should name its joints as Mixamo or CMU do, but it lacks {', '.join(missing)}.")
    if double := [_NAMES[joint][0] for joint, indices in chosen.items() if len(indices) > 1]:
        raise DataError(f"{path} should have one body, but it has several joints called {', '.join(double)}.")
    spine = _between(skeleton, chosen["pelvis"][0], chosen["neck"][0])
    if len(spine) < 2:
        raise DataError(f"{path} should have at least two spine joints between Hips and Neck, but it has {len(spine)}.")
    middle = spine[(len(spine) - 1) // 2 : len(spine) // 2 + 1]  # the middle joint, or the two around the middle
    return chosen | {"spine1": spine[:1], "spine2": middle, "spine3": spine[-1:]}


def _plain(name: str) -> str:
    """A joint's name without the prefix that Mixamo and others set before it, in lower case."""
    return name.rpartition(":")[2].lower().removeprefix("mixamorig").replace("_", "")


def _between(skeleton: list[_Joint], top: int, bottom: int) -> list[int]:
    """The joints on the way from `top` down to `bottom`, without the two, and without those that sit on their parent.

    None where there is no such way.
    """
    way = [skeleton[bottom].parent]
    while way[-1] not in (top, -1):
        way.append(skeleton[way[-1]].parent)
    return [index for index in way[-2::-1] if any(skeleton[index].offset)] if way[-1] == top else []


def _world(
    skeleton: list[_Joint], values: Float[np.ndarray, "T _"], wanted: set[int]
) -> dict[int, Float[np.ndarray, "T 3"]]:
    """Positions of the wanted joints in the file's units (forward kinematics).

    A joint's channels turn it in their order, each about the axes that the former ones left; position channels take
    the place of its offset.
    """
    needed = set(wanted)
    for index in range(len(skeleton) - 1, 0, -1):  # parents come before their children
        if index in needed:
            needed.add(skeleton[index].parent)
    places: dict[int, np.ndarray] = {-1: np.zeros((len(values), 3))}
    turns: dict[int, np.ndarray] = {-1: np.broadcast_to(np.eye(3), (len(values), 3, 3))}
    column = 0
    for index, joint in enumerate(skeleton):
        own = values[:, column : column + len(joint.channels)]
        column += len(joint.channels)
        if index in needed:
            shift, turn = _local(joint, own)
            places[index] = places[joint.parent] + np.einsum("tij,tj->ti", turns[joint.parent], shift)
            turns[index] = turns[joint.parent] @ turn
    return {index: places[index] for index in wanted}


def _local(
    joint: _Joint, values: Float[np.ndarray, "T _"]
) -> tuple[Float[np.ndarray, "T 3"], Float[np.ndarray, "T 3 3"]]:
    """Shift and turn of a joint against its parent."""
    shift = np.tile(np.array(joint.offset), (len(values), 1))
    turn = np.broadcast_to(np.eye(3), (len(values), 3, 3))
    for (axis, rotates), value in zip(joint.channels, values.T, strict=True):
        if rotates:
            turn = turn @ turn_about(axis, np.radians(value))
        else:
            shift[:, axis] = value
    return shift, turn


def _metres_per_unit(first: Float[np.ndarray, "V 3"], layout: Layout, path: Path) -> float:
    """Tell the unit by the way from ankle to head along the bones, about six sevenths of a person's height."""
    way = ("left ankle", "left knee", "left hip", "pelvis", "spine1", "spine2", "spine3", "neck", "head")
    places = first[[layout.joint_names.index(joint) for joint in way]]
    length = float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
    shortest, longest = _ANKLE_TO_HEAD
    for scale in _METRES_PER_UNIT:
        if shortest <= length * scale <= longest:
            return scale
    raise DataError(
        f"{path} should be in metres, centimetres or CMU's unit of 5.6 cm, but from ankle to head its body measures "
        f"{length:.4g}, and a person {shortest:g} to {longest:g} m: scale the file."
    )
