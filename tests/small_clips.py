"""Small recordings and an encoder that hardly knows anything, for tests of encoding."""

import numpy as np
import torch

from gzssar.encoders.encoder import Encoder
from gzssar.encoders.shift_gcn.network import ShiftGcn
from gzssar.features.embedding import encode_batch
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.readers import open_clips, read_clips
from gzssar.synthetic.world import SyntheticWorld

CLASSES = 8


def write_clips(path):
    """Eight actions by six performers, as a uniform archive."""
    world = SyntheticWorld(clips_per_class=12, frames=10, subject_count=6)
    drawn = world.clips()
    kept = drawn.labels < CLASSES
    joints = drawn.joints[kept, ..., 0].transpose(0, 2, 3, 1)
    np.savez(
        path,
        joints=joints.reshape(-1, 25, 3),
        offsets=np.arange(0, joints.shape[0] * 10 + 1, 10),
        label=drawn.labels[kept],
        subject=drawn.subjects[kept] + 1,
        class_names=np.array(world.labels[:CLASSES]),
        joint_names=np.array(NTU25.joint_names),
        fps=np.float32(20),
    )
    return path


def an_encoder(classes=(0, 2, 5), **change):
    torch.manual_seed(0)
    return Encoder(ShiftGcn(len(classes), width=2).eval().requires_grad_(False), classes, 16, **change)


def encoded(encoder, path, chosen=lambda clip: True):
    """What an encoder says about recordings, all at once."""
    clips = [clip for clip in read_clips(open_clips(path)) if chosen(clip)]
    return encode_batch(encoder, clips, [encoder.prepare(clip) for clip in clips])
