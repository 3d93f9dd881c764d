"""Small worlds that the tests of the skeleton stage share."""

from functools import cache

import numpy as np

from gzssar.synthetic import SyntheticClips, SyntheticWorld


@cache
def small_world(seed: int = 0) -> SyntheticClips:
    """Four clips of each action, of 32 frames."""
    return SyntheticWorld(seed=seed, clips_per_class=4, frames=32, subject_count=4).clips()


@cache
def puppets() -> SyntheticClips:
    """One clip of each action by an average right-hander (performer 1), without noise or variation."""
    clips = SyntheticWorld(clips_per_class=2, frames=32, subject_count=2, noise=0.0, variation=0.0).clips()
    return SyntheticClips(clips.joints[1::2], clips.labels[1::2], clips.subjects[1::2])


@cache
def posed_puppets():
    """Joints of the puppets, centred and turned by their first frame: x right, y forward, z up."""
    return posed(puppets().joints)


def posed(joints):
    """Clips N C T V M whose first body starts with its mid spine at the origin, upright, seen from behind; the way
    through space stays."""
    centred = joints - joints[:, :, :1, 1:2, :1]
    first = centred[:, :, 0, :, 0].astype(np.float64)
    z = unit(first[:, :, 1] - first[:, :, 0])
    shoulders = first[:, :, 8] - first[:, :, 4]
    x = unit(shoulders - z * np.sum(shoulders * z, axis=1, keepdims=True))
    return np.einsum("nac,nctvm->natvm", np.stack([x, np.cross(z, x), z], axis=1), centred)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
