"""Small worlds that the tests of the skeleton stage share."""

from functools import cache

from gzssar.skeletons.preprocess import normalise
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
    """Joints of the puppets, centred and turned: x right, y forward, z up."""
    return normalise(puppets().joints, frames=32)
