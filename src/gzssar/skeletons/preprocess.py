"""From raw joints to what an encoder reads: centred, turned to a canonical view, of one length. Pure functions.

:func:`prenormalise` is what the field's graph networks for NTU RGB+D were trained on, 2s-AGCN and Shift-GCN among them,
and so what their published weights need. It follows the pre-normalisation of Shahroudy et al. (CVPR 2016, section 3.2),
takes clips in layout ntu25 from any right-handed frame, and returns x to the performer's right, y forward, z up; metres
throughout.
"""

import numpy as np
from jaxtyping import Float, Int

from gzssar.errors import ConfigError, DataError
from gzssar.shapes import Clips
from gzssar.skeletons.layout import NTU25, Layout
from gzssar.skeletons.resampling import spread

_PELVIS, MID_SPINE, _LEFT_SHOULDER, _RIGHT_SHOULDER, SPINE_SHOULDER = 0, 1, 4, 8, 20  # in layout ntu25
_X, _Y, _Z = np.eye(3)
_SHORTEST = 1e-6  # metres; a shorter vector has no direction
_TURNED_AWAY = -np.sqrt(0.5)  # cosine: shoulders within 45° of the wrong way round

STREAMS = ("joint", "bone", "joint motion", "bone motion")
"""What the field's networks read, one network each (Shi et al., CVPR 2019 and TIP 2020)."""

_STREAM_ROOTS = {"ntu25": SPINE_SHOULDER, "openpose18": 0}
"""Joints on which 2s-AGCN hangs the bones of its bone stream, where it is another than the layout's root."""


def prenormalise(clip: Float[np.ndarray, "C T V M"], frames: int) -> Float[np.ndarray, "C {frames} V M"]:
    """Prepare one clip for networks trained on NTU RGB+D, as 2s-AGCN and Shift-GCN do (`pre_normalization`).

    1. Lengthen: where a body is missing at the start, its frames without a body are dropped; then each body repeats
       from its start until it fills `frames` frames.
    2. Centre: frame by frame, the mid spine of the first body moves to the origin and all bodies with it.
    3. Turn all frames alike, by the first frame of the first body: the shortest turn that brings pelvis to mid spine
       onto z, then the shortest turn that brings left to right shoulder onto x, which tilts the spine a little again.
       Where two of these joints coincide, there is no direction, and that turn is left out.

    Quirk kept: in frames in which the first body is missing, the others are not centred. Differences from theirs:

    1. A clip of more than `frames` frames, which NTU does not hold and they cannot take, is thinned out evenly; no
       frame is interpolated, so a body that comes or goes is never half there.
    2. A body is missing in a frame where all its joints are zero; theirs tests sums, and leaves single joints that are
       zero where they are. So clips may have their pelvis at the origin.
    3. Shoulders within 45° of the wrong way round, which Kinect clips hardly ever have (3 of 2909 in UTD-MHAD, MSR
       Action3D and NW-UCLA) but SMPL's and motion capture's as a rule, are first turned by half a circle about z. With
       them the shortest turn's axis is left to noise: theirs may put the body on its head, or not turn it at all.

    Args:
        clip: positions in metres in layout ntu25, one or more bodies; a body that is absent is zero.
        frames: length of the result; 300 for the published weights, at 30 frames per second.

    Raises:
        DataError: the clip is not in space or not in layout ntu25, is not finite, or its first body is never present;
            `frames` is not positive.
    """
    if frames < 1:
        raise DataError(f"a clip needs at least one frame, but {frames} were asked for.")
    _check_ntu25(clip)
    if not clip[..., :1].any():
        raise DataError(
            "the first body should be present in a clip, but it is zero in all frames: put a body that was tracked "
            "first, or leave the clip out."
        )
    shown = frames_shown(clip, frames)
    long = np.stack([clip[..., body][:, shown[:, body]] for body in range(clip.shape[3])], axis=-1)
    present = np.any(long != 0, axis=(0, 2), keepdims=True)
    centred = np.where(present, long - long[:, :, MID_SPINE : MID_SPINE + 1, :1], 0).astype(clip.dtype)
    turned = np.einsum("ac,ctvm->atvm", _upright_turn(centred[:, 0, :, 0].astype(np.float64)), centred)
    return np.asarray(turned, dtype=clip.dtype)


def frames_shown(clip: Float[np.ndarray, "C T V M"], frames: int) -> Int[np.ndarray, "{frames} M"]:
    """Which frame of a clip each frame of :func:`prenormalise` shows, body by body; 0 for a body that is never there.

    Args:
        clip: positions, one or more bodies; a body that is absent is zero.
        frames: length of the result.
    """
    kept = spread(clip.shape[1], frames)
    there = np.flatnonzero(np.any(clip[..., 0] != 0, axis=(0, 2)))
    if there.size and not np.isin(kept, there).any():  # thinning would leave nobody
        kept = there[spread(len(there), frames)]
    return np.stack([kept[_cycle(clip[..., body][:, kept], frames)] for body in range(clip.shape[3])], axis=1)


def fill_gaps(joints: Float[np.ndarray, "C T V M"], copy: bool = True) -> Float[np.ndarray, "C T V M"]:
    """Fill in what is missing of a clip: coordinates of joints that are NaN or infinite in some frames.

    Each joint moves on a straight line from the frame before the gap to the frame after it, and rests at the clip's
    ends. Frames in which a body is absent (all zeros), or a joint is not known as a whole, give no positions.

    Args:
        joints: positions in metres or pixels.
        copy: whether to leave `joints` as it is.

    Raises:
        DataError: a joint is missing in all frames in which its body is present.
    """
    known = np.isfinite(joints).all(axis=0)
    present = np.any(joints != 0, axis=(0, 2))
    filled = joints.copy() if copy else joints
    for joint, body in np.argwhere(~known.all(axis=0)):
        at = np.flatnonzero(known[:, joint, body] & present[:, body])
        gaps = np.flatnonzero(~known[:, joint, body])
        if not at.size:
            raise DataError(
                f"joint {joint} of body {body} should be known in at least one frame, but it is missing in all frames "
                "that show the body: leave the clip out, or compute the joint from its neighbours."
            )
        for coordinate in range(len(joints)):
            lost = gaps[~np.isfinite(joints[coordinate, gaps, joint, body])]
            filled[coordinate, lost, joint, body] = np.interp(lost, at, joints[coordinate, at, joint, body])
    return filled


def stream(clips: Clips, name: str, layout: Layout) -> Clips:
    """What a network of one stream reads: positions, bones, or how either changes from frame to frame.

    A bone is its joint minus its parent, zero at the root. Bones of ntu25 hang on the spine shoulder, not on the
    pelvis, and those of openpose18 on the nose, because the published bone networks were trained so (2s-AGCN,
    `gen_bone_data`); all other layouts keep their root. A motion is the next frame minus this one, zero in the last.

    Args:
        clips: positions, usually from :func:`prenormalise`; metres or pixels, which the result is in too.
        name: one of :data:`STREAMS`.
        layout: what the joints are.

    Raises:
        ConfigError: there is no such stream.
        DataError: the clips have another number of joints than the layout.
    """
    if name not in STREAMS:
        raise ConfigError(f"the stream should be one of {', '.join(STREAMS)}, not {name!r}.")
    if clips.shape[3] != layout.joint_count:
        raise DataError(
            f"clips in layout {layout.name!r} should have {layout.joint_count} joints, but these have "
            f"{clips.shape[3]}: name the layout they are in."
        )
    still = _bones(clips, layout) if name in ("bone", "bone motion") else clips
    return np.diff(still, axis=2, append=still[:, :, -1:]) if name in ("joint motion", "bone motion") else still


def _bones(clips: Clips, layout: Layout) -> Clips:
    bones = np.array(layout.rooted_at(_STREAM_ROOTS.get(layout.name, layout.root)).bones)
    vectors = np.zeros_like(clips)
    vectors[:, :, :, bones[:, 0]] = clips[:, :, :, bones[:, 0]] - clips[:, :, :, bones[:, 1]]
    return vectors


def _cycle(body: Float[np.ndarray, "C T V"], frames: int) -> Int[np.ndarray, "{frames}"]:
    """Which frame of a body each of `frames` frames repeats; the first for a body that is never there."""
    tracked = np.flatnonzero(np.any(body != 0, axis=(0, 2)))
    if not tracked.size:
        return np.zeros(frames, dtype=np.int64)
    kept = tracked if tracked[0] > 0 else np.arange(tracked[-1] + 1)
    return kept[np.arange(frames) % len(kept)]


def _upright_turn(first: Float[np.ndarray, "3 V"]) -> Float[np.ndarray, "3 3"]:
    turn = _shortest_turn(first[:, MID_SPINE] - first[:, _PELVIS], _Z)
    shoulders = turn @ (first[:, _RIGHT_SHOULDER] - first[:, _LEFT_SHOULDER])
    if shoulders[0] < _TURNED_AWAY * np.linalg.norm(shoulders):
        shoulders, turn = _half_turn(_Z) @ shoulders, _half_turn(_Z) @ turn
    return _shortest_turn(shoulders, _X) @ turn


def _shortest_turn(vector: Float[np.ndarray, "3"], axis: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """The rotation by the smallest angle that lays `vector` along `axis`, as two half turns: about the vector, then
    about the line midway between both. A vector too short for a direction is not turned; one that points the very
    opposite way is turned about the line that is orthogonal to it and to y."""
    if (length := np.linalg.norm(vector)) < _SHORTEST:
        return np.eye(3)
    middle = vector / length + axis
    midway = middle / np.linalg.norm(middle) if np.linalg.norm(middle) > _SHORTEST else _Y
    return _half_turn(midway) @ _half_turn(vector / length)


def turn_about(axis: int, angles: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any 3 3"]:
    """Right-handed rotations about x, y or z (0, 1, 2); angles in radians."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    rotations = np.zeros((*angles.shape, 3, 3))
    rotations[..., axis, axis] = 1
    rotations[..., i, i] = rotations[..., j, j] = np.cos(angles)
    rotations[..., j, i] = np.sin(angles)
    rotations[..., i, j] = -rotations[..., j, i]
    return rotations


def _half_turn(axis: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    return 2 * np.outer(axis, axis) - np.eye(3)


def _check_ntu25(clip: Float[np.ndarray, "C T V M"]) -> None:
    if (shape := (clip.shape[0], clip.shape[2])) != (3, NTU25.joint_count):
        raise DataError(
            f"a clip should have 3 coordinates and the {NTU25.joint_count} joints of layout 'ntu25', but it has "
            f"{shape[0]} and {shape[1]}: convert it with to_ntu25, and lift what is 2-D to 3-D."
        )
    if not np.isfinite(clip).all():
        raise DataError("a clip should hold finite positions, but some are NaN or infinite: fill them with fill_gaps.")
