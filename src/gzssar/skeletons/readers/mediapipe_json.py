"""Landmarks of MediaPipe Pose as JSON: a list of frames, each a list of 33 objects with x, y, z and visibility.

There is no standard form: every program wraps the landmarks in its own way. A frame may be an object that holds them
under one of the names that MediaPipe's interfaces use, also once more in a list of people, and beside the time, or one
with a landmark under each joint's name; null or an empty list is a frame without anybody. Frames may also stand one a
line (JSON Lines), or in an object under their numbers. Where there are both, world landmarks are read. They are turned,
and gaps are bridged, as in videos.
"""

import re
import struct
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gzssar.errors import DataError
from gzssar.skeletons.layout import MEDIAPIPE33, Layout
from gzssar.skeletons.poses import Pose
from gzssar.skeletons.readers.arrays import agreed_layout, make_clip
from gzssar.skeletons.readers.clock import Clock, counted, stated, timed, untimed
from gzssar.skeletons.readers.density import check_density
from gzssar.skeletons.readers.headers import is_time, joint_words, joints_of
from gzssar.skeletons.readers.json_files import read_json_items
from gzssar.skeletons.readers.mediapipe import shares_of_picture
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.video import FEWEST_SEEN, LONGEST_BRIDGE, bridge
from gzssar.skeletons.sequence import SkeletonSequence

_START = re.compile(rb"(\xef\xbb\xbf)?\s*[\[{]")
_MARKS = (
    (re.compile(rb'"(pose_?)?(world_?)?landmarks"', re.IGNORECASE),),
    (re.compile(rb'"x"\s*:'), re.compile(rb'"y"\s*:'), re.compile(rb'"(z|visibility)"\s*:')),
)
"""What tells landmarks: their name, or else that of their numbers."""
_FRAMES = ("frames", "results", "data")
_POSES = (
    *("poseWorldLandmarks", "pose_world_landmarks", "worldLandmarks", "world_landmarks"),
    *("keypoints3D", "poseLandmarks", "pose_landmarks", "landmarks", "landmark", "keypoints"),
)
"""World landmarks first: they are metres."""
_FRAME = re.compile(r"(frame)?[ _-]?(?P<number>\d{1,9})", re.IGNORECASE | re.ASCII)
_RATES = ("fps", "frame_rate", "frameRate")
_DEEPEST = 4
"""Objects and lists around the landmarks of a frame: object, object of its kind of landmarks, people, person."""
_LANDMARK = struct.Struct("4f")
_FEWEST_OF_LANDMARK, _FEWEST_OF_FRAME = 26, 85
"""Bytes. With three numbers of one digit, a landmark has 20; a tenth of the frames shows 33 of them."""
_OFTEN = 64
"""Frames after which the density of the file is looked at."""
_JOINTS = joints_of(MEDIAPIPE33)
_HUGE = 1e20
"""Larger than any coordinate, and than any time in nanoseconds."""


class MediaPipeJsonReader:
    """Landmarks of one person."""

    kind = "MediaPipe landmarks in JSON"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is JSON with landmarks in it."""
        return bool(_START.match(start)) and any(all(mark.search(start) for mark in marks) for marks in _MARKS)

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file.

        Raises:
            ConfigError: the options name another layout than mediapipe33.
        """
        layout = agreed_layout(options, MEDIAPIPE33.name, path)
        return ClipSource(self.kind, [ClipEntry(path.name, partial(_read, path, layout, options))])


def _read(path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    content = _Content(path)
    frames = content.frames()
    _check_seen(sum(frame.pose is not None for frame in frames), len(frames), path)
    fps, times, doubts = _clock(content, frames, options, path)
    poses = [frame.pose for frame in frames]
    joints, visibility = bridge(poses, max(1, round(LONGEST_BRIDGE * fps)))
    return make_clip(
        joints,
        options,
        name=path.name,
        fps=fps,
        layout=layout,
        times=times,
        visibility=visibility,
        doubts=(*doubts, *shares_of_picture(np.stack([pose.joints for pose in poses if pose is not None]))),
    )


def _check_seen(seen: int, frames: int, path: Path) -> None:
    if seen < max(1, FEWEST_SEEN * frames):
        raise DataError(
            f"{path} should show somebody in at least a tenth of its frames, but does in {seen} of {frames}: leave it "
            "out, or cut out the part with the person."
        )


class _Frame(NamedTuple):
    """What a file says of one frame."""

    pose: Pose | None
    """The one person, if there is one."""

    stamps: dict[str, Any]
    """Its times, by their names."""


_NOBODY = _Frame(None, {})


class _Content:
    """What a file holds, with frames as poses: as objects they would take many times the size of the file.

    Raises:
        DataError: it is damaged, or its frames have hardly any digits.
    """

    def __init__(self, path: Path) -> None:
        self.rates: dict[str, Any] = {}
        """What may be the frames per second."""
        self.numbered: dict[str, list[Any]] = {}
        """Members called by the number of a frame, if all are: their frame, or its landmarks."""
        self._path, self._lists, self._unnumbered = path, dict[str | None, list[Any]](), False
        self._faults: dict[str | None, DataError] = {}  # of lists, and of what is numbered under None
        self._seen = 0
        for key, value, index in read_json_items(path, pack=_packed, lines=True):
            empty = index is None and value == []
            items = self._items(key, listed=index is not None or empty)
            if key in _RATES:
                self.rates[key] = value
            if items is not None and not empty:
                items.append(self._item(key, value, index or 0))
                if (count := max(len(items), len(self.numbered))) % _OFTEN == 0:
                    check_density(path, count, "frames", _FEWEST_OF_FRAME)
                    check_density(path, self._seen * MEDIAPIPE33.joint_count, "landmarks", _FEWEST_OF_LANDMARK)

    @property
    def is_numbered(self) -> bool:
        """Whether the outermost object holds frames under their numbers, and nothing else."""
        return bool(_frame_numbers(self.numbered)) and not self._unnumbered

    def frames(self) -> Sequence[_Frame]:
        """The frames of the clip; the outermost object may hold more."""
        if self.is_numbered:
            self._check(None)
            numbers = _frame_numbers(self.numbered)
            ordered = sorted(numbers, key=numbers.__getitem__)
            return [self._single(self.numbered[key], index) for index, key in enumerate(ordered)]
        key = next((key for key in (None, *_FRAMES, *_POSES) if key in self._lists), None)
        items = self._lists.get(key)
        if not items:
            raise DataError(f"{self._path} should hold a list of frames with landmarks of MediaPipe, but it does not.")
        if _is_landmark(items[0]):
            return [self._single(items, 0)]
        self._check(key)
        return [self._single([item], index) for index, item in enumerate(items)]

    def _items(self, key: str | None, listed: bool) -> list[Any] | None:
        """Where the items of a member are kept, if they may be frames."""
        if key is None or key in _FRAMES or key in _POSES:
            self._unnumbered = self._unnumbered or key is not None
            return self._lists.setdefault(key, []) if listed else None
        if _FRAME.fullmatch(key):
            return self.numbered.setdefault(key, [])
        self._unnumbered = True
        return None

    def _item(self, key: str | None, value: Any, index: int) -> Any:
        """A frame as its pose; a landmark as it is, as long as there are not too many."""
        if _is_landmark(value):
            return value if index <= MEDIAPIPE33.joint_count else _NOBODY
        try:
            pose = _pose(value, f"{self._path}: frame {index}", _DEEPEST)
        except DataError as error:
            self._faults.setdefault(None if key in self.numbered else key, error)
            return _NOBODY
        self._seen += pose is not None
        names = [name for name in value if is_time(name)] if isinstance(value, dict) else []
        stamps = {name: value[name] if _is_number(value[name]) else None for name in names}
        return _Frame(pose, stamps) if stamps or pose is not None else _NOBODY

    def _single(self, items: list[Any], index: int) -> _Frame:
        """One frame, of which an item is all, or a landmark."""
        if not items:
            return _NOBODY
        if len(items) == 1 and isinstance(items[0], _Frame):
            return items[0]
        return _Frame(_landmarks(items, f"{self._path}: frame {index}"), {})

    def _check(self, key: str | None) -> None:
        if key in self._faults:
            raise self._faults[key]


def _frame_numbers(names: Iterable[str]) -> dict[str, int]:
    """The numbers in the names of frames ("17", "frame_0017"); empty where one comes twice."""
    numbers = {name: int(match["number"]) for name in names if (match := _FRAME.fullmatch(name))}
    return numbers if len(set(numbers.values())) == len(numbers) else {}


def _pose(frame: Any, where: str, depth: int) -> Pose | None:
    """The one person of a frame, if there is one."""
    if isinstance(frame, dict) and depth:
        key = next((key for key in _POSES if key in frame), None)
        if key is None and (landmarks := _named(frame)):
            return _landmarks(landmarks, where)
        if key is None and frame:
            raise DataError(f"{where} should hold landmarks, but has none of the names that MediaPipe gives them.")
        return _pose(frame[key], where, depth - 1) if key else None
    if not frame and frame in (None, []):
        return None
    if not isinstance(frame, list):
        raise DataError(f"{where} should be a list of landmarks, but it is something else.")
    if _is_landmark(frame[0]):
        return _landmarks(frame, where)
    if len(frame) > 1 or not depth:
        raise DataError(
            f"{where} should hold the landmarks of one person, but holds {len(frame)} lists or objects: write one file "
            "per person."
        )
    return _pose(frame[0], where, depth - 1)


def _named(frame: dict[str, Any]) -> list[Any]:
    """The landmarks of an object that holds each under its joint's name, in their order; empty for any other."""
    if len(frame) < len(_JOINTS):
        return []
    by_joint = {joint_words(name): value for name, value in frame.items()}
    return [by_joint[joint] for joint in _JOINTS] if by_joint.keys() >= set(_JOINTS) else []


def _landmarks(landmarks: list[Any], where: str) -> Pose:
    if len(landmarks) != MEDIAPIPE33.joint_count:
        raise DataError(
            f"{where} should hold the {MEDIAPIPE33.joint_count} landmarks of MediaPipe Pose, but holds "
            f"{len(landmarks)}: are they of a hand or a face?"
        )
    for joint, landmark in enumerate(landmarks):
        if not isinstance(landmark, bytes):
            flat = isinstance(landmark, dict) and "z" not in landmark
            fault = "has no depth: write z as well" if flat else "is something else"
            raise DataError(
                f"{where}, landmark {joint}, should be an object of numbers, x, y, z and visibility, but it {fault}."
            )
    numbers = np.frombuffer(b"".join(landmarks), np.float32).reshape(-1, _LANDMARK.size // 4)
    return Pose(numbers[:, :3], None if np.isnan(numbers).any() else numbers[:, 3])


def _packed(content: dict[str, Any]) -> bytes | dict[str, Any]:
    """A landmark as the bytes of four numbers, which take an eighth of its memory; all else as it is."""
    values: list[Any] = [content.get(key) for key in ("x", "y", "z")]
    if (visibility := content.get("visibility", content.get("score"))) is not None:
        values.append(visibility)
    if not all(_is_number(value) for value in values):
        return content
    return _LANDMARK.pack(*(values if len(values) == 4 else [*values, np.nan]))


def _is_landmark(value: Any) -> bool:
    return isinstance(value, bytes) or (isinstance(value, dict) and "x" in value and "y" in value)


def _is_number(value: Any) -> bool:
    """Whether this is a number, and none of JSON's additions: truth values, NaN and infinity."""
    return type(value) in (int, float) and -_HUGE < value < _HUGE


def _number(value: Any, where: str) -> float:
    if not _is_number(value):
        raise DataError(f"{where}, should be a number, but it is none.")
    return float(value)


def _clock(content: _Content, frames: Sequence[_Frame], options: ReadOptions, path: Path) -> Clock:
    """When the frames were taken, as they say themselves, or else as their frame rate says."""
    key = next(iter(frames[0].stamps), None)
    if key and all(key in frame.stamps for frame in frames):
        stamps = [_number(frame.stamps[key], f"{path}: frame {i}, {key[:40]}") for i, frame in enumerate(frames)]
        return timed(np.array(stamps), key, options, path)
    if content.is_numbered:
        numbers = sorted(_frame_numbers(content.numbered).values())
        return counted(np.array(numbers, dtype=np.float64), "frames", options, path)
    rate = next((content.rates[key] for key in _RATES if key in content.rates), None)
    return untimed(options) if rate is None else stated(_number(rate, f"{path}, frames per second"), options, path)
