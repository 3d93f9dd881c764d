"""Made-up clips that tests of what is odd begin with."""

from dataclasses import replace

import numpy as np

from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.sequence import SkeletonSequence


def walking(frames: int = 30, bodies: int = 1, **changes) -> SkeletonSequence:
    """Bodies 1.5 m tall that walk a centimetre per frame; not two joints, frames or bodies are alike."""
    rest = np.random.default_rng(6).uniform(0, 0.5, (3, 1, 25, bodies))  # whose toes point ahead
    rest[1, 0, :, :] = np.linspace(0, 1.5, 25)[:, None]
    joints = rest + 0.01 * np.arange(1, frames + 1)[None, :, None, None] + np.arange(bodies)
    return SkeletonSequence(**{"joints": joints, "fps": 10.0, "layout": NTU25, "name": "clip"} | changes)


def changed(name: str, sequence: SkeletonSequence, where: tuple, value: object) -> SkeletonSequence:
    """The clip with other joints in some place."""
    joints = sequence.joints.copy()
    joints[where] = value
    return replace(sequence, joints=joints, name=name)
