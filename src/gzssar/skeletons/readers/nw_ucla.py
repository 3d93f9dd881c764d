"""Northwestern-UCLA Multiview Action3D as CTR-GCN and HD-GCN distribute it: one JSON file per clip.

Each file holds `file_name` (such as a01_s01_e00_v01: action, subject, episode, view), `skeletons` (T, 20, 3) in metres
in the order of Kinect v1, and `label` from 1 to 10; the data set numbers its ten actions 1-6, 8, 9, 11, 12. Reference:
Wang et al., "Cross-view Action Modeling, Learning and Recognition", CVPR 2014.
"""

import re
from array import array
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.arrays import agreed_layout, make_clip
from gzssar.skeletons.readers.json_files import number_array, read_json_items
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_START = re.compile(rb'(\xef\xbb\xbf)?\s*\{.*"skeletons"\s*:', re.DOTALL)
_NAME = re.compile(r"a(\d\d)_s(\d\d)_e\d\d_v(\d\d)")
_ACTIONS = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)
_FPS = 12.0
_SHAPE = (20, 3)
_LARGEST = 16 * 2**20  # bytes; the longest clip has less than one megabyte

_CLASS_NAMES = (
    *("pick up with one hand", "pick up with two hands", "drop trash", "walk around", "sit down", "stand up"),
    *("donning", "doffing", "throw", "carry"),
)


class NwUclaReader:
    """NW-UCLA in JSON files."""

    kind = "NW-UCLA skeleton JSON"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a JSON object with skeletons in it."""
        return _START.match(start) is not None

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file. Frames per second are 12 unless the options say otherwise.

        Raises:
            ConfigError: the options name another layout than the data set has.
        """
        read = partial(_read, path, agreed_layout(options, "kinect20", path), options)
        return ClipSource(self.kind, [ClipEntry(path.name, read)], _CLASS_NAMES)


def _read(path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    numbers, known = array("f"), dict[str, Any]()
    for key, value, _ in read_json_items(path, _LARGEST):
        if key is None:
            raise DataError(f"{path} should be one JSON object with 'skeletons' and 'label', but it is not.")
        if key == "skeletons":
            numbers.frombytes(_frame(value, path).tobytes())
        elif key in ("file_name", "label"):
            known[key] = value
    joints = np.frombuffer(numbers, np.float32).reshape(-1, *_SHAPE)
    if not len(joints):
        raise _no_skeletons(path)
    name = known.get("file_name")
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    action, subject, view = map(int, match.groups()) if match else (None, None, None)
    return make_clip(
        joints.transpose(2, 0, 1)[..., None],
        options,
        name=path.name,
        fps=_FPS if options.fps is None else options.fps,
        layout=layout,
        label=_label(known.get("label"), action, path),
        subject=subject,
        camera=view,
    )


def _frame(value: Any, path: Path) -> Float[np.ndarray, "V 3"]:
    frame = number_array(value)
    if frame is None or frame.shape != _SHAPE:
        raise _no_skeletons(path)
    with np.errstate(over="ignore"):  # what leaves the range becomes infinite and is refused
        return frame.astype(np.float32)


def _no_skeletons(path: Path) -> DataError:
    return DataError(
        f"{path} should have 'skeletons' of T frames with 20 joints and 3 numbers each, but it has something else: "
        "fetch the file again."
    )


def _label(label: Any, action: int | None, path: Path) -> int | None:
    """Return the 0-based label that the file states and its name confirms, or whichever of the two is there."""
    by_name = _ACTIONS.index(action) if action in _ACTIONS else None
    if label is None:
        return by_name
    if type(label) is int and label == 0:
        raise DataError(
            f"{path} states label 0, but the labels of NW-UCLA run from 1 to {len(_ACTIONS)}: if yours count from "
            "0, add 1 to each."
        )
    if type(label) is not int or not 1 <= label <= len(_ACTIONS):
        raise DataError(f"{path} should have a label from 1 to {len(_ACTIONS)}, but it has something else.")
    if by_name not in (None, label - 1):
        raise DataError(
            f"{path} states label {label}, but action {action} in its file_name has label {by_name + 1}: correct one."
        )
    return label - 1
