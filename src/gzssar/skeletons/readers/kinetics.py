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
from gzssar.skeletons.readers.json_files import number_array, read_json
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
    content = read_json(path, _packed)
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, list):
        raise DataError(f"{path} should be a JSON object with 'data', a list of frames, but it is not.")
    poses, numbers = [], []
    for index, frame in enumerate(data):
        where = f"{path}: frame {index}"
        number, people = (frame.get("frame_index"), frame.get("skeleton")) if isinstance(frame, dict) else (None, None)
        if type(number) is not int or not 0 <= number < _HIGHEST or not isinstance(people, list):
            raise DataError(
                f"{where} should have a 'frame_index' from 0 on and a list called 'skeleton', but it has not."
            )
        numbers.append(number)
        poses += [Pose.of(number, _joints(person, layout, where)) for person in people]
    frames = range(min(numbers, default=0), max(numbers, default=0) + 1)
    return clip_of_people(poses, frames, options, path.name, layout, _label(content, path))


def _packed(content: dict[str, Any]) -> dict[str, Any]:
    """A person's numbers as arrays, which take a fifth of their memory; all else as it is."""
    return content | {key: number_array(content[key]) for key in ("pose", "score") if key in content}


def _joints(person: Any, layout: Layout, where: str) -> Float[np.ndarray, "V 3"]:
    pose, score = (person.get(key) if isinstance(person, dict) else None for key in ("pose", "score"))
    v = layout.joint_count
    if pose is None or score is None or pose.shape != (2 * v,) or score.shape != (v,):
        raise DataError(
            f"{where} should have people with {2 * v} numbers as their 'pose' and {v} as their 'score', but it has not."
        )
    return np.concatenate([pose.reshape(v, 2), score[:, None]], axis=1)


def _label(content: dict[str, Any], path: Path) -> int | None:
    label = content.get("label_index")
    if label is None or label == -1:
        return None
    if type(label) is not int or not 0 <= label < _HIGHEST:
        raise DataError(f"{path} should have a whole number from 0 on as its 'label_index', but it has something else.")
    return label
