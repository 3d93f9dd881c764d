"""Landmarks of MediaPipe Pose as JSON: a list of frames, each a list of 33 objects with x, y, z and visibility.

There is no standard form: every program wraps the landmarks in its own way. A frame may be an object that holds them
under one of the names that MediaPipe's interfaces use, also once more in a list of people, and beside the time, or one
with a landmark under each joint's name; null or an empty list is a frame without anybody. Frames may also stand one a
line (JSON Lines), or in an object under their numbers. Where there are both, world landmarks are read. They are turned,
and gaps are bridged, as in videos.
"""

import re
import struct
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.errors import DataError
from gzssar.skeletons.layout import MEDIAPIPE33, Layout
from gzssar.skeletons.readers.arrays import agreed_layout, make_clip
from gzssar.skeletons.readers.clock import Clock, counted, stated, timed, untimed
from gzssar.skeletons.readers.headers import is_time, joint_words, joints_of
from gzssar.skeletons.readers.json_files import read_json_lines
from gzssar.skeletons.readers.mediapipe import shares_of_picture
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.video import FEWEST_SEEN, LONGEST_BRIDGE, Pose, bridge
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
    content = read_json_lines(path, _packed)
    frames = _frames(content, path)
    _check_seen(sum(map(bool, frames)), len(frames), path)
    poses = [_pose(frame, f"{path}: frame {index}", _DEEPEST) for index, frame in enumerate(frames)]
    fps, times, doubts = _clock(content, frames, options, path)
    del content, frames
    seen = [pose for pose in poses if pose is not None]
    _check_seen(len(seen), len(poses), path)
    joints, visibility = bridge(poses, max(1, round(LONGEST_BRIDGE * fps)))
    return make_clip(
        joints,
        options,
        name=path.name,
        fps=fps,
        layout=layout,
        times=times,
        visibility=visibility,
        doubts=(*doubts, *shares_of_picture(np.stack([pose.joints for pose in seen]))),
    )


def _check_seen(seen: int, frames: int, path: Path) -> None:
    if seen < max(1, FEWEST_SEEN * frames):
        raise DataError(
            f"{path} should show somebody in at least a tenth of its frames, but does in {seen} of {frames}: leave it "
            "out, or cut out the part with the person."
        )


def _frames(content: Any, path: Path) -> Sequence[Any]:
    """The frames of a file, whose outermost object may hold more."""
    if numbers := _frame_numbers(content):
        return [content[key] for key in sorted(numbers, key=numbers.__getitem__)]
    if isinstance(content, dict):
        content = next((content[key] for key in (*_FRAMES, *_POSES) if key in content), None)
    if not isinstance(content, list) or not content:
        raise DataError(f"{path} should hold a list of frames with landmarks of MediaPipe, but it does not.")
    return [content] if _is_landmark(content[0]) else content


def _frame_numbers(content: Any) -> dict[str, int]:
    """The numbers in the names of all that an object holds ("17", "frame_0017"); empty where one has none."""
    matches = [_FRAME.fullmatch(key) for key in content] if isinstance(content, dict) else []
    numbers = {match[0]: int(match["number"]) for match in matches if match}
    return numbers if len(set(numbers.values())) == len(matches) else {}


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
    by_joint = {joint_words(name): value for name, value in frame.items()}
    joints = joints_of(MEDIAPIPE33)
    return [by_joint[joint] for joint in joints] if by_joint.keys() >= set(joints) else []


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


def _clock(content: Any, frames: Sequence[Any], options: ReadOptions, path: Path) -> Clock:
    """When the frames were taken, as they say themselves, or else as their frame rate says."""
    key = next((key for key in frames[0] if is_time(key)), None) if isinstance(frames[0], dict) else None
    if key and all(isinstance(frame, dict) and key in frame for frame in frames):
        stamps = [_number(frame[key], f"{path}: frame {index}, {key[:40]}") for index, frame in enumerate(frames)]
        return timed(np.array(stamps), key, options, path)
    if numbers := _frame_numbers(content):
        return counted(np.array(sorted(numbers.values()), dtype=np.float64), "frames", options, path)
    rate = next((content[key] for key in _RATES if key in content), None) if isinstance(content, dict) else None
    return untimed(options) if rate is None else stated(_number(rate, f"{path}, frames per second"), options, path)
