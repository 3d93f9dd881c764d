"""Clips in the archives of AMASS and of other SMPL recordings: one `.npz` per clip, with z up.

These archives hold the parameters of the body model (`poses`, `betas`, `trans`); its joints come out of the model
alone, whose licence does not let it be brought along. Where an archive also holds `joints`, `joints3d` or `Jtr`
(T, 22 or more, 3) in metres, the first 22 are layout smpl22. Reference: Mahmood et al., ICCV 2019.
"""

from functools import partial
from pathlib import Path

import numpy as np

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.readers.archives import list_entries, map_entry
from gzssar.skeletons.readers.arrays import agreed_fps, agreed_layout, assumed_fps, make_clip, parse_npy
from gzssar.skeletons.readers.mocap import turned_upright
from gzssar.skeletons.readers.npz import array_names
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_LAYOUT = "smpl22"
_LARGEST = 4 * 2**30  # bytes of one array
_PARAMETERS = {"poses", "betas", "trans", "pose_body", "root_orient"}
_JOINTS = ("joints", "joints3d", "Jtr")
_RATES = ("mocap_framerate", "mocap_frame_rate")
_MOST_JOINTS = 73  # SMPL-H's and its landmarks


class AmassReader:
    """Archives of AMASS."""

    kind = "AMASS or SMPL .npz"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a zip archive of numpy arrays that holds parameters of SMPL, or joints that say so."""
        names = array_names(path, start)
        return "offsets" not in names and not {*_PARAMETERS, *_RATES, *_JOINTS[1:]}.isdisjoint(names)

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of an archive.

        Raises:
            ConfigError: the options name another layout than smpl22.
        """
        agreed_layout(options, _LAYOUT, path)
        return ClipSource(self.kind, [ClipEntry(path.name, partial(_read, path, options))])


def _read(path: Path, options: ReadOptions) -> SkeletonSequence:
    arrays = {
        name: parse_npy(map_entry(path, entry), f"{path}: {name}")
        for entry in list_entries(path, _LARGEST)
        if (name := entry.filename.removesuffix(".npy")) in (*_JOINTS, *_RATES)
    }
    key = next((key for key in _JOINTS if key in arrays), None)
    if key is None:
        raise DataError(
            f"{path} holds the pose parameters of SMPL, but no joints: compute them with SMPL's joint regressor (the "
            f"package smplx does), save them as a numpy array (T, 22, 3) and read that with --layout {_LAYOUT}."
        )
    layout, joints = agreed_layout(options, _LAYOUT, path), arrays[key]
    if (
        joints.ndim != 3
        or joints.dtype.kind != "f"
        or joints.shape[2] != 3
        or not layout.joint_count <= joints.shape[1] <= _MOST_JOINTS
    ):
        raise DataError(
            f"{path}: {key} should hold numbers of shape (T, {layout.joint_count} to {_MOST_JOINTS}, 3), but its shape "
            f"is {joints.shape} and its type {joints.dtype}."
        )
    fps, doubts = _fps(arrays, options, path)
    clip, _ = turned_upright(joints[:, : layout.joint_count].transpose(2, 0, 1)[..., None], layout)
    return make_clip(clip, options, name=path.name, fps=fps, layout=layout, doubts=doubts)


def _fps(arrays: dict[str, np.ndarray], options: ReadOptions, path: Path) -> tuple[float, tuple[Doubt, ...]]:
    rate = next((arrays[key] for key in _RATES if key in arrays), None)
    if rate is None:
        return assumed_fps(options)
    if rate.size != 1 or rate.dtype.kind not in "fiu":
        raise DataError(f"{path} should state its frame rate as one number, but it is of shape {rate.shape}.")
    return agreed_fps(options, float(rate.ravel()[0]), path), ()
