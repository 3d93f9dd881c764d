"""Plain clips of any sensor: a numpy array, whose layout the user names.

(T, V, C) for one body, (M, T, V, C) for several, in metres; with two coordinates in pixels. NaN: a joint is missing.
"""

from functools import partial
from pathlib import Path

import numpy as np

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.arrays import assumed_fps, make_clip, parse_npy, read_bytes, required_layout
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence


class NpyReader:
    """Clips as numpy arrays."""

    kind = "numpy array of joint positions"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a numpy array."""
        return start.startswith(np.lib.format.MAGIC_PREFIX)

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file. Frames per second are 30 unless the options say otherwise.

        Raises:
            ConfigError: the options name no layout, or one that does not exist.
        """
        read = partial(_read_npy, path, required_layout(options, path), options)
        return ClipSource(self.kind, [ClipEntry(path.name, read)])


def _clip(joints: np.ndarray, path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    """Make a clip from M T V C."""
    fps, doubts = assumed_fps(options)
    return make_clip(joints.transpose(3, 1, 2, 0), options, name=path.name, fps=fps, layout=layout, doubts=doubts)


def _read_npy(path: Path, layout: Layout, options: ReadOptions) -> SkeletonSequence:
    array = parse_npy(read_bytes(path), str(path))
    if array.ndim not in (3, 4) or array.dtype.kind not in "fiu":
        raise DataError(
            f"{path} should hold numbers of shape (T, V, C) for one body or (M, T, V, C) for several, but its shape is "
            f"{array.shape} and its type {array.dtype}."
        )
    return _clip(array if array.ndim == 4 else array[None], path, layout, options)
