"""Which of the bodies a Kinect reports are people: at most two, chosen as the field chooses them.

A Kinect takes chairs and curtains for people, loses people and finds them again under another id. The rules here are
those of the preparation scripts that VA-NN, SGN and CTR-GCN share (Zhang et al., TPAMI 2019; Zhang et al., CVPR 2020;
Chen et al., ICCV 2021; ``get_raw_denoised_data.py``). 2s-AGCN and Shift-GCN choose more simply, the two bodies with the
largest spread of positions, and do not follow ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

NOISE_FRAMES = 11
"""A body that is tracked in no more frames than this is noise, where there is another one (``noise_len_thres``)."""

WIDE = 0.8
"""A pose is no person's where its extent in x is more than this times its extent in y (``noise_spr_thres1``)."""

WIDE_SHARE = 0.69754
"""A body is furniture if at least this share of its poses is no person's (``noise_spr_thres2``)."""


@dataclass(frozen=True, eq=False)
class Track:
    """One body, under one id."""

    frames: Int[np.ndarray, "T"]
    """The frames in which it is tracked, ascending; there may be gaps."""

    joints: Float[np.ndarray, "T V 3"]
    """Its joints in these frames, in metres: x to the side, y up, z away from the sensor."""


def choose_bodies(tracks: Sequence[Track]) -> tuple[Float[np.ndarray, "3 T V M"], int]:
    """Put the people among `tracks` into one or two bodies; frames that show none of them are dropped.

    1. A single track is taken as it is.
    2. Tracks of at most :data:`NOISE_FRAMES` frames are dropped.
    3. In order of appearance, and as long as two are left, a track with a share of at least :data:`WIDE_SHARE` wide
       poses (:data:`WIDE`) is dropped.
    4. What is left is ordered by motion, the most moving first. Motion is the variance of x, y and z over all joints
       and frames, summed; where a track has some wide poses, the smaller of the values with and without them.
    5. The most moving track opens the first body. Each further one joins the first body if their spans, from first to
       last frame, share no more than one frame, since that is one person under a new id; otherwise the second body
       under the same condition; otherwise it is dropped and counted. In a shared frame the later track counts.

    Differences from the scripts:

    1. They count a track's frames on from its first one, so that after a gap everything comes too early. Here every
       pose stays in its own frame. Tracks without gaps come out the same.
    2. Where all tracks are short they fail. Here the most moving one is kept.

    Args:
        tracks: at least one, in order of first appearance.

    Returns:
        the bodies, and how many tracks rule 5 dropped.
    """
    people = _people(tracks)
    bodies = _bodies(people)
    frames = np.unique(np.concatenate([track.frames for body in bodies for track in body]))
    joints = np.zeros((len(bodies), len(frames), *tracks[0].joints.shape[1:]), tracks[0].joints.dtype)
    for index, body in enumerate(bodies):
        for track in body:
            joints[index, np.searchsorted(frames, track.frames)] = track.joints
    return np.ascontiguousarray(joints.transpose(3, 1, 2, 0)), len(people) - sum(map(len, bodies))


def _people(tracks: Sequence[Track]) -> list[Track]:
    """Rules 1 to 4: the tracks that are no noise, most moving first."""
    if len(tracks) == 1:
        return list(tracks)
    left = {track: _motion(track.joints) for track in tracks if len(track.frames) > NOISE_FRAMES}
    if not left:
        return [max(tracks, key=lambda track: _motion(track.joints))]
    for track in tuple(left):
        if len(left) == 1:
            break
        wide = _is_wide(track.joints)
        if wide.mean() >= WIDE_SHARE:
            del left[track]
        elif wide.any():
            left[track] = min(left[track], _motion(track.joints[~wide]))
    return sorted(left, key=left.__getitem__, reverse=True)


def _bodies(people: list[Track]) -> list[list[Track]]:
    """Rule 5: tracks of which one follows the other are one body; a third body is dropped."""
    bodies: list[list[Track]] = []
    for track in people:
        fitting = next((body for body in bodies if not _meets(track, body)), None)
        if fitting is not None:
            fitting.append(track)
        elif len(bodies) < 2:
            bodies.append([track])
    return bodies


def _meets(track: Track, body: list[Track]) -> bool:
    first = min(part.frames[0] for part in body)
    last = max(part.frames[-1] for part in body)
    return bool(min(last, track.frames[-1]) - max(first, track.frames[0]) > 0)


def _motion(joints: Float[np.ndarray, "T V 3"]) -> float:
    return float(joints.var(axis=(0, 1), dtype=np.float64).sum())


def _is_wide(joints: Float[np.ndarray, "T V 3"]) -> Bool[np.ndarray, "T"]:
    extent = np.ptp(joints[:, :, :2].astype(np.float64), axis=1)
    return np.asarray(extent[:, 0] > WIDE * extent[:, 1])
