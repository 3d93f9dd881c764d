"""From raw joints to what an encoder reads: centred, turned to a canonical view, of one length. Pure functions.

Reference: the pre-normalisation of NTU RGB+D by Shahroudy et al. (CVPR 2016, section 3.2) as 2s-AGCN and Shift-GCN
apply it. Difference from theirs: they rotate twice, first the spine to z and then the shoulder line to x, which leaves
the spine slightly off z; here the spine is exactly z and the shoulder line lies in the x-z plane, pointing to +x.
"""

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.shapes import Clips

_PELVIS, _MID_SPINE, _LEFT_SHOULDER, _RIGHT_SHOULDER = 0, 1, 4, 8  # in layout ntu25
_SHORTEST = 1e-6  # metres; a shorter vector has no direction


def centre(clips: Clips, joint: int = _MID_SPINE) -> Clips:
    """Move every clip so that `joint` of the first body rests at the origin in the first frame.

    The motion of the body through space stays in the clip. A body that is absent (all zeros in a frame) stays zero.

    Args:
        clips: positions in metres.
        joint: index on axis V.
    """
    present = np.any(clips != 0, axis=(1, 3), keepdims=True)
    return np.where(present, clips - clips[:, :, :1, joint : joint + 1, :1], 0).astype(clips.dtype)


def rotate(clips: Clips) -> Clips:
    """Turn every clip so that the first body starts upright and seen from behind (x right, y forward, z up).

    In the first frame, pelvis to mid spine points along z, and left to right shoulder along x as far as it is
    orthogonal to that. Joints in the order of layout ntu25; metres in, metres out. Rotates about the origin, so
    :func:`centre` first.

    Raises:
        DataError: in the first frame of a clip, these joints coincide or lie on one line.
    """
    first = clips[:, :, 0, :, 0].astype(np.float64)
    z = _unit(first[:, :, _MID_SPINE] - first[:, :, _PELVIS], "pelvis and mid spine")
    x = first[:, :, _RIGHT_SHOULDER] - first[:, :, _LEFT_SHOULDER]
    x = _unit(x - z * np.sum(x * z, axis=1, keepdims=True), "left and right shoulder, seen along the spine,")
    axes = np.stack([x, np.cross(z, x), z], axis=1)
    return np.asarray(np.einsum("nac,nctvm->natvm", axes, clips), dtype=clips.dtype)


def resample(clips: Clips, frames: int) -> Float[np.ndarray, "N C {frames} V M"]:
    """Stretch or shrink every clip to `frames` frames, by linear interpolation; first and last frame stay.

    Raises:
        DataError: `frames` is not positive.
    """
    _check_frames(frames)
    at = np.linspace(0, clips.shape[2] - 1, frames)
    before = at.astype(int)
    after = np.minimum(before + 1, clips.shape[2] - 1)
    weight = (at - before)[:, None, None]
    between = clips[:, :, before] * (1 - weight) + clips[:, :, after] * weight
    return np.asarray(between, dtype=clips.dtype)


def pad(clips: Clips, frames: int) -> Float[np.ndarray, "N C {frames} V M"]:
    """Repeat every clip from its start until it has `frames` frames; what is longer is cut.

    Raises:
        DataError: `frames` is not positive.
    """
    _check_frames(frames)
    return clips[:, :, np.arange(frames) % clips.shape[2]]


def normalise(clips: Clips, frames: int) -> Float[np.ndarray, "N C {frames} V M"]:
    """Centre, rotate, resample: the whole way from metres in the sensor's frame to what an encoder reads."""
    return resample(rotate(centre(clips)), frames)


def _unit(vectors: Float[np.ndarray, "N C"], what: str) -> Float[np.ndarray, "N C"]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if (short := np.flatnonzero(lengths[:, 0] < _SHORTEST)).size:
        raise DataError(
            f"{what} must be apart in the first frame, but they coincide in {short.size} of {len(vectors)} clips, the "
            f"first at index {short[0]}: cut the frames before the body is tracked."
        )
    return np.asarray(vectors / lengths)


def _check_frames(frames: int) -> None:
    if frames < 1:
        raise DataError(f"a clip needs at least one frame, but {frames} were asked for.")
