"""Kinetics-Skeleton, as ST-GCN distributes it: one JSON file per video, by OpenPose's 18 joints.

`data` lists frames, each with `frame_index` and `skeleton`, people with `pose` (x and y in shares of the picture) and
`score`; `label_index` is the class. Reference: Yan et al., "Spatial Temporal Graph Convolutional Networks", AAAI 2018.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.layout import OPENPOSE18, Layout
from gzssar.skeletons.readers.arrays import agreed_layout
from gzssar.skeletons.readers.json_files import number_array, read_json_items
from gzssar.skeletons.readers.people import Pose, clip_of_people
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_START = re.compile(
    rb'(\xef\xbb\xbf)?\s*\{.*"data"\s*:\s*\[\s*(\{\s*"(frame_index|skeleton)"|\].*"label_index")', re.DOTALL
)
_HIGHEST = 10**9


class KineticsReader:
    """Kinetics-Skeleton."""

    kind = "Kinetics-Skeleton JSON"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a JSON object with a list of frames in it."""
        return _START.match(start) is not None

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file. Frames per second are 30 unless the options say otherwise.

        Raises:
            ConfigError: the options name another layout than the data set has.
        """
        layout = agreed_layout(options, OPENPOSE18.name, path)
        return ClipSource(self.kind, [ClipEntry(path.name, partial(_read, path, layout, options))])


def _read(path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    poses: list[Pose] = []
    known: dict[str, Any] = {}
    first, last = _HIGHEST, 0
    for key, value, index in read_json_items(path):
        if key == "data" and index is not None:
            number, people = _frame(value, layout, f"{path}: frame {index}")
            poses += people
            first, last = min(first, number), max(last, number)
        elif key in ("data", "label_index"):
            known[key] = value
    if known.get("data") != [] and first == _HIGHEST:
        raise DataError(f"{path} should be a JSON object with 'data', a list of frames, but it is not.")
    return clip_of_people(poses, range(min(first, last), last + 1), options, path.name, layout, _label(known, path))


def _frame(frame: Any, layout: Layout, where: str) -> tuple[int, list[Pose]]:
    number, people = (frame.get("frame_index"), frame.get("skeleton")) if isinstance(frame, dict) else (None, None)
    if type(number) is not int or not 0 <= number < _HIGHEST or not isinstance(people, list):
        raise DataError(f"{where} should have a 'frame_index' from 0 on and a list called 'skeleton', but it does not.")
    return number, [Pose.of(number, _joints(person, layout, where)) for person in people]


def _joints(person: Any, layout: Layout, where: str) -> Float[np.ndarray, "V 3"]:
    pose, score = (number_array(person.get(key)) if isinstance(person, dict) else None for key in ("pose", "score"))
    v = layout.joint_count
    if pose is None or score is None or pose.shape != (2 * v,) or score.shape != (v,):
        raise DataError(
            f"{where} should have people with {2 * v} numbers as their 'pose' and {v} as their 'score', "
            "but it does not."
        )
    return np.concatenate([pose.reshape(v, 2), score[:, None]], axis=1)


def _label(content: dict[str, Any], path: Path) -> int | None:
    label = content.get("label_index")
    if label is None or label == -1:
        return None
    if type(label) is not int or not 0 <= label < _HIGHEST:
        raise DataError(f"{path} should have a whole number from 0 on as its 'label_index', but it does not.")
    return label
