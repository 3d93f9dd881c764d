"""OpenPose's ``--write_json``: one JSON file per frame, all of one video in a folder.

A file is called `NAME_000000000012_keypoints.json`, or by other programs `12.json`, and holds `people`, each with
`pose_keypoints_2d`: x and y in pixels and a score, joint by joint. Reference: Cao et al., "OpenPose", TPAMI 2019,
`doc/02_output.md`.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.arrays import agreed_layout
from gzssar.skeletons.readers.json_files import number_array, read_json_items
from gzssar.skeletons.readers.people import Pose, clip_of_people
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_START = re.compile(rb'(\xef\xbb\xbf)?\s*\{.*"people"\s*:\s*\[\s*(\]|\{.*"pose_keypoints)', re.DOTALL)
_NAME = re.compile(r"(?P<video>.*?)[_-]?(?P<frame>\d{1,12})(_keypoints)?\.json", re.IGNORECASE | re.ASCII)
_KEYS = ("pose_keypoints_2d", "pose_keypoints")  # the second before version 1.2
_LARGEST = 16 * 2**20  # bytes of a frame; a person with face and hands has a few thousand
_LAYOUTS = {3 * 25: "openpose25", 3 * 18: "openpose18"}


class OpenPoseReader:
    """Folders of OpenPose's frames."""

    kind = "OpenPose JSON, a file per frame"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a JSON object of people with keypoints."""
        return _START.match(start) is not None

    def video_of(self, path: Path) -> tuple[Path, str]:
        """The folder and the name that the frames of a video have in common."""
        match = _NAME.fullmatch(path.name)
        return path.parent, match["video"] if match else path.name

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of the video that a frame belongs to. Its frames per second are 30 unless the options say
        otherwise."""
        folder, video = self.video_of(path)
        return ClipSource(self.kind, [ClipEntry(video or folder.name, partial(self._read, path, options))])

    def _read(self, path: Path, options: ReadOptions) -> SkeletonSequence:
        folder, video = self.video_of(path)
        matches = [(match, file) for file in folder.iterdir() if (match := _NAME.fullmatch(file.name))]
        frames = {int(match["frame"]): file for match, file in matches if match["video"] == video} or {0: path}
        poses, layout = [], None
        for frame, file in sorted(frames.items()):
            for numbers in _people(file):
                layout = layout or _layout(len(numbers), options, file)
                if len(numbers) != 3 * layout.joint_count:
                    raise DataError(
                        f"{file} should have {layout.joint_count} joints, as the other people of this video do."
                    )
                poses.append(Pose.of(frame, numbers.reshape(-1, 3)))
        every = range(min(frames), max(frames) + 1)
        return clip_of_people(poses, every, options, video or folder.name, layout or _layout(75, options, path))


def _people(file: Path) -> Iterator[np.ndarray]:
    """The numbers of each person; none where only a face or a hand was found."""
    known = False
    for key, person, index in read_json_items(file, _LARGEST):
        if key != "people":
            continue
        known = index is not None or person == []
        if index is not None and (numbers := _numbers(person, file)).size:
            yield numbers
    if not known:
        raise DataError(f"{file} should be a JSON object with a list of 'people', but it is not: write it again.")


def _numbers(person: Any, file: Path) -> np.ndarray:
    keypoints = [person[key] for key in _KEYS if key in person] if isinstance(person, dict) else []
    numbers = number_array(keypoints[0]) if keypoints else None
    if numbers is None or numbers.ndim != 1:
        raise DataError(f"{file} should have {_KEYS[0]!r} as a list of numbers for each person, but it does not.")
    return numbers


def _layout(count: int, options: ReadOptions, file: Path) -> Layout:
    if count not in _LAYOUTS:
        raise DataError(
            f"{file} should have 25 or 18 joints with x, y and score each, but it has {count} numbers: run OpenPose "
            "with --model_pose BODY_25 or COCO."
        )
    return agreed_layout(options, _LAYOUTS[count], file)
