"""Which way a body faces: its shoulders and hips say where its right is, its toes and nose where its front is."""

import numpy as np
from jaxtyping import Float

from gzssar.skeletons.conversion import to_ntu25
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.sequence import SkeletonSequence


def toes_and_nose_ahead(sequence: SkeletonSequence) -> dict[str, float]:
    """How far toes lie before the ankles, and the nose before the ears, for the side that shoulders and hips call
    front; in torso lengths, the median over the frames of the body that is there in most of them.

    Only what the layout holds is told. In a clip whose axes are left-handed, or whose sides are swapped, all of it is
    negative.

    Args:
        sequence: a clip in space.
    """
    body = int(np.argmax(sequence.joints.any(axis=(0, 2)).sum(axis=0)))
    there = sequence.joints[..., body].any(axis=(0, 2))
    own = dict(zip(sequence.layout.joint_names, _positions(sequence, body)[:, there], strict=True))
    ntu = dict(zip(NTU25.joint_names, _positions(to_ntu25(sequence), body)[:, there], strict=True))
    up = ntu["spine shoulder"] - ntu["base of spine"]
    right = ntu["right shoulder"] - ntu["left shoulder"] + ntu["right hip"] - ntu["left hip"]
    front = np.cross(up, right)
    front /= np.maximum(np.linalg.norm(front, axis=1, keepdims=True), 1e-9)
    torso = max(float(np.median(np.linalg.norm(up, axis=1))), 1e-9)

    def ahead(ways: Float[np.ndarray, "T 3"]) -> float:
        return float(np.median((ways * front).sum(axis=1))) / torso

    told = {}
    toes = (ntu["left foot"] - ntu["left ankle"] + ntu["right foot"] - ntu["right ankle"]) / 2
    if toes.any():  # a layout without feet has them in the ankles
        told["toes"] = ahead(toes)
    if {"nose", "left ear", "right ear"} <= own.keys():
        told["nose"] = ahead(own["nose"] - (own["left ear"] + own["right ear"]) / 2)
    return told


def _positions(sequence: SkeletonSequence, body: int) -> Float[np.ndarray, "V T 3"]:
    return sequence.joints[..., body].transpose(2, 1, 0).astype(np.float64)
