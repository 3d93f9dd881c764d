"""Made-up clips that tests of what is odd begin with."""

from dataclasses import replace

import numpy as np

from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.sequence import SkeletonSequence

_MIDLINE = {0: (0.8, 0.25), 1: (1.0, 0.26), 20: (1.2, 0.27), 2: (1.3, 0.26), 3: (1.5, 0.22)}
"""Height and depth of joints."""
_RIGHT = {
    8: (0.16, 1.19, 0.27),
    9: (0.2, 0.95, 0.28),
    10: (0.21, 0.75, 0.22),
    11: (0.22, 0.67, 0.2),
    23: (0.23, 0.6, 0.18),
    24: (0.17, 0.66, 0.16),
    16: (0.08, 0.76, 0.24),
    17: (0.1, 0.4, 0.23),
    18: (0.11, 0.06, 0.26),
    19: (0.12, 0.0, 0.14),
}
"""Way to the right, height and depth; toes point ahead, to a smaller depth."""


def _standing() -> np.ndarray:
    joints = np.zeros((3, 25))
    for joint, (up, depth) in _MIDLINE.items():
        joints[:, joint] = 0.25, up, depth
    mirror = NTU25.mirror
    for joint, (right, up, depth) in _RIGHT.items():
        joints[:, joint] = 0.25 + right, up, depth
        joints[:, mirror[joint]] = 0.25 - right, up + 0.002, depth + 0.01
    return joints


def walking(frames: int = 30, bodies: int = 1, **changes) -> SkeletonSequence:
    """Bodies 1.5 m tall that walk a centimetre per frame; not two joints, frames or bodies are alike."""
    rest = np.repeat(_standing()[:, None, :, None], bodies, axis=3)
    joints = rest + 0.01 * np.arange(1, frames + 1)[None, :, None, None] + np.arange(bodies)
    return SkeletonSequence(**{"joints": joints, "fps": 10.0, "layout": NTU25, "name": "clip"} | changes)


def changed(name: str, sequence: SkeletonSequence, where: tuple, value: object) -> SkeletonSequence:
    """The clip with other joints in some place."""
    joints = sequence.joints.copy()
    joints[where] = value
    return replace(sequence, joints=joints, name=name)
