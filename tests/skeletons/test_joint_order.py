"""Joints in another order than their layout has are noticed by the length of the bones."""

from dataclasses import replace

import numpy as np
import pytest
from walking_clips import changed, walking

from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.doubts import clip_doubts
from gzssar.skeletons.joint_order import layout_mismatch
from gzssar.skeletons.layout import KINECT20, LAYOUTS, NTU25, OPENPOSE25, UTD20, Layout
from gzssar.skeletons.oddities import present_bodies
from gzssar.skeletons.readers import open_clips
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.synthetic.world import SyntheticWorld

RNG = np.random.default_rng(0)
IN_NTU = {"hip center": "base of spine", "spine": "mid spine", "shoulder center": "spine shoulder"}


def read_as(layout, clip):
    return replace(clip, layout=layout)


def of_layout(layout, clip):
    """A clip of ntu25 with the joints of one of Kinect v1's layouts."""
    order = [NTU25.joint_names.index(IN_NTU.get(joint, joint)) for joint in layout.joint_names]
    return replace(clip, joints=clip.joints[:, :, order], layout=layout)


def shuffled(clip):
    return replace(clip, joints=clip.joints[:, :, RNG.permutation(clip.layout.joint_count)])


def mismatch(clip):
    return layout_mismatch(clip, present_bodies(clip))


def with_joints_at_the_camera():
    joints = walking(bodies=2).joints + 5
    joints[:, :, [11, 15, 23]] = 0
    return walking(joints=joints)


VARIANTS = {
    "as it is": walking(),
    "in millimetres": walking(joints=walking().joints * 1000),
    "in a picture": walking(joints=walking().joints[:2] * 200 + 300),
    "one frame": walking(1),
    "at rest": walking(joints=np.repeat(walking(1).joints, 30, axis=1)),
    "two centimetres of noise": walking(joints=walking().joints + RNG.normal(0, 0.02, (3, 30, 25, 1))),
    "two bodies, one leaving": changed("clip", walking(bodies=2), np.s_[:, 9:, :, 1], 0),
    "joints that are never seen": with_joints_at_the_camera(),
    "all joints in one place in one frame": changed("clip", walking(), np.s_[:, 0], 1),
}


@pytest.mark.parametrize("clip", VARIANTS.values(), ids=VARIANTS)
def test_another_layout_is_noticed_and_the_right_one_named(clip):
    assert mismatch(clip) == ""
    assert mismatch(read_as(OPENPOSE25, clip)) == "openpose25, but fit ntu25"
    assert mismatch(shuffled(clip)) == "ntu25, whose bones would be far too long"


@pytest.mark.parametrize(("right", "wrong"), [(KINECT20, UTD20), (UTD20, KINECT20)])
def test_the_two_orders_of_kinect_v1_are_told_apart(right, wrong):
    clip = of_layout(right, walking())
    assert mismatch(clip) == ""
    assert mismatch(read_as(wrong, clip)) == f"{wrong.name}, but fit {right.name}"


def test_every_action_of_the_synthetic_world_is_in_its_layout():
    for clip in SyntheticWorld(clips_per_class=1).clips():
        assert mismatch(clip) == ""
        assert mismatch(read_as(OPENPOSE25, clip)) == "openpose25, but fit ntu25"


def test_nothing_is_said_of_an_unknown_layout_or_of_nobody():
    joints = RNG.uniform(0, 1, (3, 5, 25, 1))
    own = replace(NTU25, name="mine")
    assert mismatch(SkeletonSequence(joints, 30.0, own)) == ""
    assert mismatch(SkeletonSequence(joints * 0, 30.0, NTU25)) == ""
    assert mismatch(SkeletonSequence(joints * 0 + 1, 30.0, NTU25)) == ""  # all in one place
    two = Layout("two", ("a", "b"), ((1, 0),), (), 0)
    assert mismatch(SkeletonSequence(joints[:, :, :2], 30.0, two)) == ""


def test_the_doubt_says_what_to_give():
    clip = replace(walking(), layout=OPENPOSE25)
    sentence = "The joints do not look like openpose25, but fit ntu25: give the --layout in which they were recorded."
    assert clip_doubts(clip) == (Doubt("layout", sentence),)


@pytest.mark.parametrize(
    ("file", "wrong"),
    [("utd_mhad/Skeleton.zip", "kinect20"), ("msr_action3d.npz", "utd20"), ("nw_ucla.npz", "utd20")],
)
def test_recordings_are_told_apart(shared_data, file, wrong):
    clips = [entry.read() for entry in open_clips(shared_data / file).entries[::20]]
    assert [mismatch(clip) for clip in clips] == [""] * len(clips)
    assert all(mismatch(read_as(LAYOUTS[wrong], clip)) == f"{wrong}, but fit {clip.layout.name}" for clip in clips)
    assert np.mean([bool(mismatch(shuffled(clip))) for clip in clips]) > 0.95
