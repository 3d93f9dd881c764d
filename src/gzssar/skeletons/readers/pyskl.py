"""Annotation pickles of PYSKL and MMAction2, with 3D or 2D skeletons.

A dict of `split` (names per list) and `annotations`, one dict per clip: `frame_dir` (its name), `label`,
`total_frames`, `keypoint` (M T V C), and for 2D `keypoint_score` (M T V) and `img_shape`. Joints with a score of 0
stay as they come.
Reference: PYSKL (Duan et al., ACM Multimedia 2022), the description of its annotation files.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout, layout_named
from gzssar.skeletons.readers.arrays import make_clip
from gzssar.skeletons.readers.ntu import FPS, sample_ids
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.restricted_pickle import PickledArray, read_plain_pickle
from gzssar.skeletons.sequence import SkeletonSequence

# Binary protocols begin with a version and, from 4 on, a frame; then a dict, or a name such as os.system: opened too,
# so that the refusal can say the name. Protocols 0 and 1 have no such mark: their dict must have the expected key.
_BINARY = re.compile(rb"\x80[\x02-\x05](\x95.{8})?[}c\x8c]", re.DOTALL)
_TEXT = re.compile(rb"(\(d|}q).*(split|annotations)", re.DOTALL)
_LAYOUT_OF_JOINTS = {(25, 3): "ntu25", (17, 2): "coco17"}
_HIGHEST_LABEL = 2**31


class PysklReader:
    """Annotation pickles of PYSKL and MMAction2."""

    kind = "PYSKL or MMAction2 annotation pickle"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the file is a pickle of a dict."""
        return bool(_BINARY.match(start) or _TEXT.match(start))

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """Read the whole pickle and list its annotations, in its order.

        Frames per second are 30 unless the options say otherwise. The layout is ntu25 for 25 joints in 3D and coco17
        for 17 in 2D; the options name any other.

        Raises:
            DataError: the file is damaged, holds something else than arrays and containers, or no annotations.
            ConfigError: the options name a layout that does not exist.
        """
        layout = layout_named(options.layout) if options.layout else None
        content = read_plain_pickle(path)
        annotations = content.get("annotations") if isinstance(content, dict) else None
        if not isinstance(annotations, list):
            raise DataError(
                f"{path} should hold a dict with 'split' and a list of 'annotations', as PYSKL writes it, but it does "
                "not: convert it."
            )
        return ClipSource(self.kind, [_entry(path, n, item, layout, options) for n, item in enumerate(annotations)])


def _entry(path: Path, index: int, annotation: Any, layout: Layout | None, options: ReadOptions) -> ClipEntry:
    name = annotation.get("frame_dir") if isinstance(annotation, dict) else None
    name = name if isinstance(name, str) else f"{path.name}[{index}]"
    return ClipEntry(
        name, partial(_read, f"{path}: annotation {index} ({name[:100]!r})", name, annotation, layout, options)
    )


def _read(where: str, name: str, annotation: Any, layout: Layout | None, options: ReadOptions) -> SkeletonSequence:
    if not isinstance(annotation, dict):
        raise DataError(
            f"{where} should be a dict with 'keypoint' and 'label', but it is a {type(annotation).__name__}."
        )
    joints = _keypoints(annotation, where)
    ids = sample_ids(name)
    return make_clip(
        joints.transpose(3, 1, 2, 0),  # M T V C to C T V M, here and nowhere else
        options,
        name=name,
        fps=FPS if options.fps is None else options.fps,
        layout=layout or _usual_layout(joints.shape, where),
        label=_label(annotation, where),
        subject=ids.subject if ids else None,
        camera=ids.camera if ids else None,
        setup=ids.setup if ids else None,
    )


def _keypoints(annotation: dict[Any, Any], where: str) -> np.ndarray:
    """Return M T V C, checked against the frame count and the scores."""
    joints, scores = (_array(annotation.get(key)) for key in ("keypoint", "keypoint_score"))
    if joints is None or joints.ndim != 4:
        raise DataError(
            f"{where} should have 'keypoint' as an array of numbers (M, T, V, C), but "
            f"{'it has none' if joints is None else f'its shape is {joints.shape}'}."
        )
    if scores is not None and scores.shape != joints.shape[:3]:
        raise DataError(
            f"{where} should have one 'keypoint_score' per joint {joints.shape[:3]}, but their shape is {scores.shape}."
        )
    frames = annotation.get("total_frames")
    if frames is not None and frames != joints.shape[1]:
        raise DataError(f"{where} has {joints.shape[1]} frames in 'keypoint', but 'total_frames' is another number.")
    return joints


def _array(value: Any) -> np.ndarray | None:
    array = value.array if isinstance(value, PickledArray) else None
    return array if array is not None and array.dtype.kind in "iuf" else None


def _usual_layout(shape: tuple[int, ...], where: str) -> Layout:
    if (name := _LAYOUT_OF_JOINTS.get((shape[2], shape[3]))) is None:
        raise DataError(
            f"{where} has {shape[2]} joints with {shape[3]} coordinates, a layout that cannot be guessed: name it.",
            option="layout",
        )
    return layout_named(name)


def _label(annotation: dict[Any, Any], where: str) -> int | None:
    label = annotation.get("label")
    if label is None:
        return None
    if type(label) is not int or not 0 <= label < _HIGHEST_LABEL:
        raise DataError(f"{where} should have one whole number from 0 on as its 'label', but it has something else.")
    return label
