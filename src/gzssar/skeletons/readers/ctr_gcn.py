"""NTU RGB+D as CTR-GCN and its followers prepare it: one `.npz` with all clips of a protocol.

`x_train` and `x_test` hold (N, T, 150) numbers in metres, two bodies of ntu25 joint by joint, zero where nobody is and
after a clip's end; `y_train` and `y_test` their classes, one-hot (N, K) or from 0 on (N). Reference: Chen et al.,
"Channel-wise Topology Refinement Graph Convolution", ICCV 2021, `seq_transformation.py`.
"""

from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Num

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.archives import list_entries, map_entry
from gzssar.skeletons.readers.arrays import agreed_layout, make_clip, one_hot_label, parse_npy, without_padding
from gzssar.skeletons.readers.npz import array_names
from gzssar.skeletons.readers.ntu import FPS
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_LARGEST = 64 * 2**30  # bytes of one array; the largest, of NTU RGB+D 120, has 11
_PARTS = ("train", "test")
_BODIES = 2


class CtrGcnReader:
    """The archives of CTR-GCN."""

    kind = "CTR-GCN .npz of NTU RGB+D"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a zip archive that begins with a numpy array, and holds one called x_train or x_test."""
        return not {"x_train", "x_test"}.isdisjoint(array_names(path, start))

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the clips, those of the training part first. Frames per second are 30 unless the options say otherwise.

        Raises:
            DataError: the archive is damaged, lacks an array, or its arrays contradict each other.
            ConfigError: the options name another layout than the archive has.
        """
        layout = agreed_layout(options, "ntu25", path)
        arrays = {
            entry.filename.removesuffix(".npy"): parse_npy(map_entry(path, entry), f"{path}: {entry.filename}")
            for entry in list_entries(path, _LARGEST)
            if entry.filename in {f"{axis}_{part}.npy" for axis in "xy" for part in _PARTS}
        }
        entries = []
        for part in (part for part in _PARTS if f"x_{part}" in arrays):
            clips, labels = arrays[f"x_{part}"], arrays.get(f"y_{part}")
            _check(clips, labels, part, layout, path)
            for index in range(len(clips)):
                name = f"{path.name}[x_{part}][{index}]"
                label = None if labels is None else labels[index]
                entries.append(ClipEntry(name, partial(_read, clips[index], label, name, layout, options)))
        return ClipSource(self.kind, entries)


def _check(clips: np.ndarray, labels: np.ndarray | None, part: str, layout: Layout, path: Path) -> None:
    numbers = _BODIES * 3 * layout.joint_count
    if clips.ndim != 3 or clips.shape[2] != numbers or clips.dtype.kind != "f" or 0 in clips.shape:
        raise DataError(
            f"{path}: x_{part} should hold numbers of shape (N, T, {numbers}), two bodies of {layout.joint_count} "
            f"joints, but its shape is {str(clips.shape)[:60]} and its type {clips.dtype}."
        )
    if labels is not None and (labels.ndim not in (1, 2) or labels.dtype.kind not in "iufb"):
        raise DataError(
            f"{path}: y_{part} should hold classes, one-hot or as numbers, but its shape is {labels.shape}."
        )
    if labels is not None and len(labels) != len(clips):
        raise DataError(
            f"{path}: y_{part} should have one class for each of {len(clips)} clips, but has {len(labels)}."
        )


def _read(
    clip: Num[np.ndarray, "T F"], label: np.ndarray | np.generic | None, name: str, layout: Layout, options: ReadOptions
) -> SkeletonSequence:
    joints = clip.reshape(len(clip), _BODIES, layout.joint_count, 3).transpose(3, 0, 2, 1)
    fps = FPS if options.fps is None else options.fps
    known = None if label is None else one_hot_label(label, f"clip {name!r}")
    return make_clip(without_padding(joints), options, name=name, fps=fps, layout=layout, label=known)
