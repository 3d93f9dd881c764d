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
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.arrays import agreed_fps, agreed_layout, make_clip, parse_numbers
from gzssar.skeletons.readers.bvh_bodies import Joint, find_bodies, world_places
from gzssar.skeletons.readers.density import check_density
from gzssar.skeletons.readers.mocap import blended, estimates_doubt, frames_doubt, text_lines, turned_upright, used_in
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.units import unit_by_size
from gzssar.skeletons.sequence import SkeletonSequence

_LAYOUT = "smpl22"
_MOST_JOINTS = 1000
_FEWEST_CHANNELS = 22
"""Of a body that moves: with fewer, rows of a few bytes would become clips many times as large."""
_BLOCK = 2**14
"""Places of joints that are worked on at once."""
_CHANNEL = re.compile(r"([XYZ])(position|rotation)")


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


def _read(path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    words = _Words(path)
    skeleton = _skeleton(words)
    chosen = find_bodies(skeleton, layout, path)
    columns = sum(len(joint.channels or ()) for joint in skeleton)
    if columns < (fewest := _FEWEST_CHANNELS * len(chosen)):
        raise DataError(f"{path} should have {fewest} channels or more for {len(chosen)} bodies, but it has {columns}.")
    motion = _Motion(words, columns, _BLOCK // len(skeleton))
    used = used_in(joint for body, _ in chosen for joint in body)
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite number is refused in the end
        numbers = array("f")
        for block in motion.blocks():
            world = world_places(skeleton, block, used)
            numbers.frombytes(np.stack([blended(body, used, world) for body, _ in chosen]).swapaxes(0, 1).tobytes())
        joints = (
            np.frombuffer(numbers, np.float32).reshape(-1, len(chosen), layout.joint_count, 3).transpose(3, 0, 2, 1)
        )
        scale, doubts = unit_by_size(options, joints[:, 0, :, 0].T.astype(np.float64), layout, path)
        joints *= np.float32(scale)
        joints, turned = turned_upright(joints, layout)
    estimated = dict.fromkeys(joint for _, joints_of_body in chosen for joint in joints_of_body)
    doubts += motion.doubts() + estimates_doubt(tuple(estimated)) + turned
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


def _skeleton(words: _Words) -> list[Joint]:
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
            joints.append(Joint("", ancestors[-1], words.numbers(3)))
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


def _opened(words: _Words, parent: int) -> Joint:
    name = words.take() + words.rest_of_line("{")  # names of 3ds Max have blanks: Bip01 L Thigh
    words.expect("{")
    return Joint(" ".join(name), parent)


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
                check_density(self._words.path, self._found * self._columns)
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
