"""Annotation pickles of PYSKL and MMAction2, with 3D or 2D skeletons.

A dict of `split` (names per list) and `annotations`, one dict per clip: `frame_dir` (its name), `label`,
`total_frames`, `keypoint` (M T V C), and for 2D `keypoint_score` (M T V) and `img_shape`. Older code writes a bare list
of annotations, a single one per file, labels as one-hot rows, and scores as the third coordinate. The file may be
packed with gzip.
Reference: PYSKL (Duan et al., ACM Multimedia 2022), the description of its annotation files.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout, layout_named
from gzssar.skeletons.readers.arrays import as_visibility, assumed_fps, make_clip, one_hot_label, scores_apart
from gzssar.skeletons.readers.ntu import FPS, SampleIds, sample_ids
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.restricted_pickle import PickledArray, pickle_start, read_plain_pickle
from gzssar.skeletons.readers.units import AssumedUnit, in_metres, unit_by_body
from gzssar.skeletons.resampling import spread
from gzssar.skeletons.sequence import SkeletonSequence

# Binary protocols begin with a version and, from 4 on, a frame; then a dict, a list of dicts, or a name such as
# os.system: opened too, so that the refusal can say the name. Protocols 0 and 1 have no such mark: their dict must have
# the expected key.
_BINARY = re.compile(rb"\x80[\x02-\x05](\x95.{8})?([}c\x8c]|\](\x94|q.)?\(?})", re.DOTALL)
_TEXT = re.compile(rb"(\(l.*|\]q.\(?)?(\(d|}q).*(split|annotations|keypoint)", re.DOTALL)
_FEWEST_BYTES = 100  # of an annotation, packed or not; hundreds of thousands of empty ones would fill the memory
_LOOKED_AT = 16  # annotations of a file, that tell its unit
_LAYOUT_OF_JOINTS = {(25, 3): "ntu25", (17, 2): "coco17", (17, 3): "coco17"}


class PysklReader:
    """Annotation pickles of PYSKL and MMAction2."""

    kind = "PYSKL or MMAction2 annotation pickle"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the file is a pickle of a dict or of a list of dicts, packed or not."""
        unpacked = pickle_start(start)
        return bool(_BINARY.match(unpacked) or _TEXT.match(unpacked))

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """Read the whole pickle and list its annotations, in its order.

        Frames per second are 30 unless the options say otherwise. The layout is ntu25 for 25 joints in 3D and coco17
        for 17 in 2D, with or without scores; the options name any other.

        Raises:
            DataError: the file is damaged, holds something else than arrays and containers, or no annotations.
            ConfigError: the options name a layout that does not exist.
        """
        layout = layout_named(options.layout) if options.layout else None
        annotations = _annotations(read_plain_pickle(path), path)
        unit = _unit(annotations)
        return ClipSource(
            self.kind, [_entry(path, n, item, layout, unit, options) for n, item in enumerate(annotations)]
        )


def _annotations(content: Any, path: Path) -> list[Any]:
    if isinstance(content, dict) and "keypoint" in content:
        return [{"frame_dir": path.name} | content]
    annotations = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(annotations, list):
        raise DataError(
            f"{path} should hold a dict with 'split' and a list of 'annotations', as PYSKL writes it, that list alone, "
            "or one annotation, but it does not: convert it."
        )
    if len(annotations) * _FEWEST_BYTES > (size := path.stat().st_size) + 1000:
        raise DataError(
            f"{path} should hold clips, but its {len(annotations)} annotations have no room in {size} bytes."
        )
    return annotations


def _unit(annotations: list[Any]) -> AssumedUnit:
    """What a file seems to be counted in, by some of its annotations in space."""
    some = spread(len(annotations), _LOOKED_AT)
    found = [annotations[k].get("keypoint") for k in some if isinstance(annotations[k], dict)]
    keypoints = [array for array in map(_array, found) if array is not None and array.ndim == 4]
    return unit_by_body(*(keypoint.transpose(3, 1, 2, 0) for keypoint in keypoints))


def _entry(
    path: Path, index: int, annotation: Any, layout: Layout | None, unit: AssumedUnit, options: ReadOptions
) -> ClipEntry:
    name = annotation.get("frame_dir") if isinstance(annotation, dict) else None
    name = name if isinstance(name, str) else f"{path.name}[{index}]"
    return ClipEntry(
        name, partial(_read, f"{path}: annotation {index} ({name[:100]!r})", name, annotation, layout, unit, options)
    )


def _read(
    where: str, name: str, annotation: Any, layout: Layout | None, unit: AssumedUnit, options: ReadOptions
) -> SkeletonSequence:
    if not isinstance(annotation, dict):
        raise DataError(
            f"{where} should be a dict with 'keypoint' and 'label', but it is a {type(annotation).__name__}."
        )
    keypoint, scores = _keypoints(annotation, where)
    layout = layout or _usual_layout(keypoint.shape, where)
    joints, visibility, scored = scores_apart(keypoint.transpose(3, 1, 2, 0), layout)  # M T V C to C T V M, only here
    if scores is not None:
        visibility = as_visibility(scores.transpose(1, 2, 0))
    joints, options, sized = in_metres(joints, options, unit)
    ids, label = sample_ids(name), _label(annotation, where)
    fps, assumed = assumed_fps(ReadOptions(fps=options.fps or FPS) if ids else options)
    return make_clip(
        joints,
        options,
        name=name,
        fps=fps,
        layout=layout,
        visibility=visibility,
        doubts=(*assumed, *scored, *sized, *_contradiction(label, ids)),
        label=label,
        subject=ids.subject if ids else None,
        camera=ids.camera if ids else None,
        setup=ids.setup if ids else None,
    )


def _keypoints(annotation: dict[Any, Any], where: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return M T V C, and M T V if there are scores, checked against the frame count."""
    joints, scores = (_array(annotation.get(key)) for key in ("keypoint", "keypoint_score"))
    if joints is not None and joints.ndim == 3:  # of one body, (T, V, C)
        joints, scores = joints[None], None if scores is None else scores[None]
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
    return joints, scores


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
    if isinstance(label, PickledArray):
        label = label.array
    numbers = type(label) is list and all(type(value) in (int, float) for value in label)
    plain = numbers or type(label) is int or isinstance(label, np.ndarray)
    return one_hot_label(np.asarray(label if plain else None), where)


def _contradiction(label: int | None, ids: SampleIds | None) -> tuple[Doubt, ...]:
    """A doubt where the name of an NTU sample tells another class than the annotation."""
    if label is None or ids is None or label == ids.label:
        return ()
    counted = " Labels count from 0; these seem to count from 1." if label == ids.label + 1 else ""
    sentence = f"Label {label} contradicts the name, whose action {ids.label + 1} has label {ids.label}.{counted}"
    return (Doubt("label-contradicts-name", sentence),)
