"""Clips at other frame rates."""

from dataclasses import replace

import numpy as np
import pytest

from gzssar.errors import ConfigError
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.resampling import resample, spread
from gzssar.skeletons.sequence import SkeletonSequence


def swinging(fps, seconds=2.0, bodies=1):
    """All joints swing, each in its own way; what is there at a time does not depend on the rate."""
    times = np.arange(int(seconds * fps) + 1) / fps
    phases = np.arange(3 * 25 * bodies).reshape(3, 1, 25, bodies)
    joints = 1.5 + 0.5 * np.sin(2 * np.pi * times[None, :, None, None] + phases)
    return SkeletonSequence(joints.astype(np.float32), fps, NTU25, label=3, name="swing")


def test_a_clip_of_that_rate_comes_back_as_it_is():
    clip = swinging(30.0)
    assert resample(clip, 30.0) is clip
    assert resample(replace(clip, fps=29.97), 30.0).joints is clip.joints


@pytest.mark.parametrize("fps", [10.0, 12.5, 15.0, 25.0, 60.0, 120.0, 1000.0])
def test_any_rate_becomes_the_same_clip(fps):
    found, wanted = resample(swinging(fps), 30.0), swinging(30.0)
    assert (found.fps, found.label, found.name) == (30.0, 3, "swing")
    assert found.joints.shape == wanted.joints.shape
    most = 0.5 * (2 * np.pi / fps) ** 2 / 8  # what a straight line misses of a sine at most
    assert np.abs(found.joints - wanted.joints).max() <= most + 1e-3
    assert np.array_equal(found.joints[:, 0], swinging(fps).joints[:, 0])


def test_down_and_up_again_keeps_the_length():
    clip = swinging(30.0, seconds=1.5)
    for fps in (7.5, 15.0, 60.0, 90.0):
        assert abs(resample(resample(clip, fps), 30.0).joints.shape[1] - clip.joints.shape[1]) <= 30 / min(fps, 30.0)


def test_no_body_is_half_there():
    clip = swinging(15.0, bodies=2)
    joints = clip.joints.copy()
    joints[:, :10, :, 1] = 0
    found = resample(replace(clip, joints=joints), 30.0).joints
    there = found.any(axis=(0, 2))
    assert there[:, 0].all()
    assert there[:, 1].tolist() == [False] * 20 + [True] * 41
    assert found[..., 1][:, there[:, 1]].min() > 0.9  # nothing between there and not there


def test_one_frame_stays_one():
    assert resample(swinging(30.0, seconds=0.0), 12.0).joints.shape[1] == 1


def test_a_made_up_rate_costs_no_memory():
    found = resample(replace(swinging(30.0), fps=1e-6), 30.0)
    assert found.joints.shape[1] == 18_001
    assert np.array_equal(found.joints[:, -1], swinging(30.0).joints[:, -1])


@pytest.mark.parametrize("fps", [0.0, -1.0, np.nan, np.inf])
def test_a_rate_is_positive(fps):
    with pytest.raises(ConfigError, match="needs a positive frame rate"):
        resample(swinging(30.0), fps)


def test_a_few_of_many_are_spread_evenly_from_first_to_last():
    assert spread(11, 3).tolist() == [0, 5, 10]
    assert spread(4, 3).tolist() == [0, 2, 3]
    assert spread(5, 9).tolist() == [0, 1, 2, 3, 4]
    assert spread(3, 1).tolist() == [0]
    assert spread(0, 4).tolist() == []
    assert all(spread(count, count).tolist() == list(range(count)) for count in range(400))
