"""What the player draws."""

from dataclasses import replace

import numpy as np
import pytest
from web_server import SAMPLES

from gzssar.errors import DataError
from gzssar.skeletons.layout import LAYOUTS, NTU25
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.web.player import SIDES, playback

CLIP = SAMPLES["hand waving"]


def body(frame, m=0):
    return np.array(frame[m]).reshape(25, 3)


def test_upright_from_the_front_in_the_unit_cube():
    frames = playback(CLIP).motion
    places = np.stack([body(frame) for frame in frames])
    assert np.abs(places).max() == pytest.approx(1, abs=1e-3)
    joint = {name: v for v, name in enumerate(NTU25.joint_names)}
    assert (places[:, joint["head"], 1] > places[:, joint["left foot"], 1]).all()  # y is up
    assert (places[:, joint["left hip"], 0] > places[:, joint["right hip"], 0]).mean() > 0.9  # he faces the viewer
    foot, ankle = places[:, joint["left foot"], 2], places[:, joint["left ankle"], 2]
    assert (foot > ankle).mean() > 0.9  # toes point at the viewer


@pytest.mark.parametrize("axes", [(0, 2, 1), (1, 0, 2), (2, 1, 0)])
def test_any_axis_may_be_up(axes):
    signs = np.array([1, -1, 1]).reshape(3, 1, 1, 1)  # swapped axes and one sign: still right-handed
    turned = replace(CLIP, joints=(CLIP.joints[list(axes)] * signs).astype(np.float32))
    frames = playback(turned).motion
    np.testing.assert_allclose(np.array(frames), np.array(playback(CLIP).motion), atol=2e-4)


def test_long_clips_are_thinned_out():
    long = replace(CLIP, joints=np.repeat(CLIP.joints, 20, axis=1))
    shown = playback(long)
    assert len(shown.motion) == 300
    assert shown.motion[-1] == playback(CLIP).motion[-1]
    assert shown.duration_s == pytest.approx((64 * 20 - 1) / 20)


def test_times_and_visibility_are_thinned_out_with_the_frames_and_bodies():
    joints = np.repeat(CLIP.joints, 20, axis=1)
    joints = np.concatenate([np.zeros_like(joints), joints], axis=3)
    count = joints.shape[1]
    long = replace(CLIP, joints=joints, times=np.arange(count) / 20, visibility=np.ones((count, 25, 2), np.float32))
    shown = playback(long)
    assert (len(shown.motion), len(shown.motion[0])) == (300, 1)
    assert shown.motion[-1] == playback(CLIP).motion[-1]


def test_bodies_that_are_not_there():
    joints = np.zeros((3, 4, 25, 5), dtype=np.float32)
    joints[:, :2, :, 3] = CLIP.joints[:, :2, :, 0]
    joints[:, 1:, :, 4] = CLIP.joints[:, :3, :, 0] + 1
    frames = playback(replace(CLIP, joints=joints)).motion
    assert [[one is not None for one in frame] for frame in frames] == [[1, 0], [1, 1], [0, 1], [0, 1]]


def test_nobody_and_a_single_point():
    nobody = playback(replace(CLIP, joints=np.zeros((3, 2, 25, 1), dtype=np.float32)))
    assert nobody.motion == [[None], [None]]
    point = playback(replace(CLIP, joints=np.ones((3, 1, 25, 1), dtype=np.float32)))
    assert set(point.motion[0][0]) == {0.0}
    assert point.duration_s == 0


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_in_space_and_in_a_picture(name):
    layout = LAYOUTS[name]
    for dimensions in (2, 3):
        joints = np.random.default_rng(0).normal(size=(dimensions, 3, layout.joint_count, 1)).astype(np.float32)
        frames = playback(SkeletonSequence(joints, 30.0, layout)).motion
        assert len(frames[0][0]) == 75


def test_numbers_stay_finite():
    assert playback(replace(CLIP, fps=1e-300)).duration_s == 86_400
    large = replace(CLIP, joints=(CLIP.joints * 1e14).astype(np.float32))
    assert np.abs(np.array(playback(large).motion)).max() <= 1.0001
    with pytest.raises(DataError, match="the largest is"):
        playback(replace(CLIP, joints=(CLIP.joints * 1e30).astype(np.float32)))


def test_sides():
    assert SIDES.count("left") == SIDES.count("right") == 10
