"""Plain clips of any sensor: a numpy array, whose layout the user names.

One clip: (T, V, C), (T, C, V), (C, T, V), (V, C, T), (M, T, V, C), (T, M, V, C), (T, V, M, C), or (C, T, V, M) as graph
networks have it, in metres; with two coordinates in pixels; a fourth number from 0 to 1 is a visibility. Several:
(N, C, T, V, M). The last axis may also hold all V * C numbers of a frame, (T, 99) or (N, T, 99) of MediaPipe's joints,
and in layout ntu25 those of two bodies: (T, 150). Bodies that are all zero, and zeros at the end, are padding. NaN: a
joint is missing. A file of labels beside several clips is read, too.
"""

import re
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Num

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import LAYOUTS, MEDIAPIPE33, NTU25, Layout, layout_named
from gzssar.skeletons.readers.arrays import (
    PICTURE_LAYOUTS,
    assumed_fps,
    make_clip,
    map_bytes,
    npy_header,
    parse_npy,
    scores_apart,
    without_padding,
)
from gzssar.skeletons.readers.mediapipe import upright
from gzssar.skeletons.readers.npy_labels import Known, labels_beside
from gzssar.skeletons.readers.ntu import sample_ids
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.units import AssumedUnit, in_metres, unit_by_body
from gzssar.skeletons.resampling import spread
from gzssar.skeletons.sequence import SkeletonSequence

_LABELS = re.compile(rb"'descr': '[<>|=][iuUSb]\d+', 'fortran_order': \w+, 'shape': \(\d+,\)")
_ORDERS = ("T V C", "T C V", "C T V", "V C T", "M T V C", "T M V C", "T V M C", "C T V M", "N C T V M")
_MOST_BODIES = 6
"""As many as a Kinect follows."""
_LOOKED_AT = 16
"""Clips of a file, and frames of each, that tell its unit."""
_SCORED = "T V C"
"""The order in which C may also be 4: x, y, z and a visibility."""
_FLAT = {"T F": 2, "N T F": 3}
"""Orders in which one axis F holds all numbers of a frame, body by body and joint by joint."""


class NpyReader:
    """Clips as numpy arrays."""

    kind = "numpy array of joint positions"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a numpy array, but no list of labels or names."""
        return start.startswith(np.lib.format.MAGIC_PREFIX) and not _LABELS.search(start)

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the clips of a file. Frames per second are 30 unless the options say otherwise.

        Raises:
            DataError: the file is damaged, or its axes can be told in no way or in several.
            ConfigError: the options name no layout, or one that does not exist.
        """
        shape = npy_header(map_bytes(path), str(path)).shape
        if options.layout is None:
            raise ConfigError(
                f"{path} does not say what its joints are, and its shape is {str(shape)[:60]}: {_instead(shape)}.",
                option="layout",
            )
        layout = layout_named(options.layout)
        order = _order(shape, layout, path)
        unit = _unit(path, order, layout)
        if order[0] != "N":
            read = partial(_read, path, None, order, layout, Known(None, path.name), unit, options)
            return ClipSource(self.kind, [ClipEntry(path.name, read)])
        entries = []
        for index, known in enumerate(labels_beside(path, shape[0])):
            known = Known(known.label, known.name or f"{path.name}[{index}]")
            entries.append(ClipEntry(known.name, partial(_read, path, index, order, layout, known, unit, options)))
        return ClipSource(self.kind, entries)


def _read(
    path: Path,
    index: int | None,
    order: str,
    layout: Layout,
    known: Known,
    unit: AssumedUnit,
    options: ReadOptions,
) -> SkeletonSequence:
    array = parse_npy(map_bytes(path), str(path))
    if array.dtype.kind not in "fiu":
        raise DataError(f"{path} should hold numbers, but its type is {array.dtype}.")
    joints = without_padding(_turned(array if index is None else array[index], order.removeprefix("N "), layout))
    joints, visibility, scored = scores_apart(joints, layout)
    if len(joints) == 4:
        raise DataError(
            f"{path} should have x, y and z of each joint and perhaps a visibility from 0 to 1, but the fourth number "
            "is something else: leave it out."
        )
    if layout is MEDIAPIPE33 and len(joints) == 3 and joints.shape[3] == 1:
        frames, turned = upright(joints[..., 0].transpose(1, 2, 0))
        joints, scored = frames.transpose(2, 0, 1)[..., None], (*scored, *turned)
    joints, options, sized = in_metres(joints, options, unit)
    fps, assumed = assumed_fps(options)
    ids = sample_ids(known.name)
    return make_clip(
        joints,
        options,
        name=known.name,
        fps=fps,
        layout=layout,
        visibility=visibility,
        doubts=(*assumed, *scored, *sized),
        label=ids.label if ids and known.label is None else known.label,
        subject=ids.subject if ids else None,
        camera=ids.camera if ids else None,
        setup=ids.setup if ids else None,
    )


def _unit(path: Path, order: str, layout: Layout) -> AssumedUnit:
    """What a file seems to be counted in, by some of its clips and frames."""
    array = parse_npy(map_bytes(path), str(path))
    if array.dtype.kind not in "fiu":
        return AssumedUnit()  # and reading refuses it
    clips = array[None] if order[0] != "N" else array[spread(len(array), _LOOKED_AT)]
    turned = [_turned(clip, order.removeprefix("N "), layout) for clip in clips]
    joints = np.concatenate([clip[:, spread(clip.shape[1], _LOOKED_AT)] for clip in turned], axis=1)
    return unit_by_body(scores_apart(joints, layout)[0])


def _order(shape: tuple[int, ...], layout: Layout, path: Path) -> str:
    """The one order of axes that fits a shape."""
    if 0 in shape:
        raise DataError(f"{path} should hold at least one frame of one body, but its shape is {str(shape)[:60]}.")
    fitting = _fitting(shape, layout)
    if len(fitting) == 1:
        return fitting[0]
    shown = str(shape)[:60]
    if fitting:
        raise DataError(
            f"{path} should have axes that can be told from its shape, but {shown} may be {_listed(fitting)}: save "
            "each body, or the clip as (T, V, M, C)."
        )
    raise DataError(
        f"{path} should hold the {layout.joint_count} joints V of layout {layout.name!r} with C = 2 or 3 numbers "
        f"each, of T frames, M bodies and N clips, as {_listed(_ORDERS)}, but its shape is {shown}: {_instead(shape)}.",
        option="layout",
    )


def _fitting(shape: tuple[int, ...], layout: Layout) -> list[str]:
    if _flat_shape(shape[-1] if shape else 0, layout):
        return [order for order, axes in _FLAT.items() if axes == len(shape)]
    fitting = [order for order in _ORDERS if _fits(order, shape, layout)]
    in_space = [order for order in fitting if _sizes(order, shape)["C"] > 2]
    fitting = fitting if layout.name in PICTURE_LAYOUTS else in_space or fitting
    with_motion = [order for order in fitting if _more_frames(_sizes(order, shape))]
    return with_motion or (fitting[:1] if shape[:2] == (1, 1) else fitting)  # one frame of one body, in any order


def _flat_shape(numbers: int, layout: Layout) -> tuple[int, int, int] | None:
    """M, V and C of the numbers of a frame that stand in one axis."""
    v = layout.joint_count
    if layout is NTU25 and numbers == 2 * 3 * v:
        return 2, v, 3
    allowed = (2, 3) if layout.name in PICTURE_LAYOUTS else (3, 4)
    return next(((1, v, c) for c in allowed if numbers == c * v), None)


def _more_frames(sizes: dict[str, int]) -> bool:
    """Whether there are more frames than bodies, as in any clip with motion."""
    return sizes["T"] > sizes.get("M", 0)


def _instead(shape: tuple[int, ...]) -> str:
    if layouts := [name for name, layout in LAYOUTS.items() if _fitting(shape, layout)]:
        return f"name the layout it is in, which may be {' or '.join(layouts)}"
    return "bring its axes into one of these orders, and its joints into a layout"


def _listed(orders: tuple[str, ...] | list[str]) -> str:
    return " or ".join(f"({order.replace(' ', ', ')})" for order in orders)


def _sizes(order: str, shape: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(order.split(), shape, strict=False))


def _fits(order: str, shape: tuple[int, ...], layout: Layout) -> bool:
    sizes = _sizes(order, shape)
    return (
        len(order.split()) == len(shape)
        and sizes["V"] == layout.joint_count
        and (sizes["C"] in (2, 3) or (order == _SCORED and sizes["C"] == 4))
        and sizes.get("M", 1) <= _MOST_BODIES
    )


def _turned(array: Num[np.ndarray, "..."], order: str, layout: Layout) -> Num[np.ndarray, "_ T V M"]:
    if order == "T F" and (shape := _flat_shape(array.shape[-1], layout)):
        array, order = array.reshape(len(array), *shape), "T M V C"
    axes = order.split()
    if "M" not in axes:
        array, axes = array[..., None], [*axes, "M"]
    return array.transpose([axes.index(axis) for axis in "CTVM"])
