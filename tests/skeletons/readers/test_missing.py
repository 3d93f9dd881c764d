"""Joints that are missing in some frames: which zeros are no positions, and what comes in their place."""

import tracemalloc

import numpy as np
import pytest
from reader_files import walk

from gzssar.errors import DataError
from gzssar.skeletons.layout import COCO17, NTU25
from gzssar.skeletons.readers.arrays import make_clip
from gzssar.skeletons.readers.reader import ReadOptions


def person(frames=9, bodies=1):
    """Somebody 1.6 m tall, 3 m in front of the sensor, who goes 1 cm a frame: C T V M."""
    joints = np.stack([np.linspace(-0.25, 0.25, 25), np.linspace(-0.8, 0.8, 25), np.full(25, 3.0)])
    moving = np.arange(frames)[:, None] * np.array([0.01, 0, 0])[:, None, None]
    return np.stack([joints[:, None] + moving] * bodies, axis=-1)


def clip(joints, visibility=None, layout=NTU25, **options):
    return make_clip(joints, ReadOptions(**options), name="c", fps=30.0, layout=layout, visibility=visibility)


def codes(sequence):
    return [doubt.code for doubt in sequence.doubts]


def test_a_joint_at_zero_in_some_frames_is_filled_and_said():
    joints = person()
    joints[:, 2:5, 11] = 0
    read = clip(joints)
    np.testing.assert_allclose(read.joints, person(), rtol=1e-5, atol=1e-6)
    (doubt,) = read.doubts
    assert doubt.code == "joints-missing"
    assert doubt.sentence.startswith("Right hand is missing (zero) in 3 of 9 frames")


def test_many_missing_joints_are_counted():
    joints = person()
    joints[:, 2, 5:12] = 0
    assert "Left elbow, left wrist, left hand and 4 more are missing" in clip(joints).doubts[0].sentence


def test_a_joint_that_is_always_at_zero_is_the_origin():
    joints = person() - person()[:, :, :1]
    read = clip(joints)
    np.testing.assert_array_equal(read.joints, joints.astype(np.float32))
    assert codes(read) == []


def test_a_body_that_walks_away_from_the_origin_was_there():
    joints = person() - person()[:, :1, 1:2]  # as CTR-GCN centres clips: by the spine of the first frame
    assert not joints[:, 0, 1].any()
    read = clip(joints)
    np.testing.assert_array_equal(read.joints, joints.astype(np.float32))
    assert codes(read) == []


def test_an_absent_body_stays_absent():
    joints = person(bodies=2)
    joints[:, 3:, :, 1] = 0
    read = clip(joints)
    assert not read.joints[:, 3:, :, 1].any()
    assert codes(read) == []


def test_nan_is_filled_on_request_only_and_zeros_give_it_no_positions():
    joints = person()
    joints[:, 2, 11], joints[:, 3, 11] = np.nan, 0
    with pytest.raises(DataError, match="3 of 675 coordinates are NaN"):
        clip(joints)
    read = clip(joints, fill_gaps=True)
    np.testing.assert_allclose(read.joints, person(), rtol=1e-5, atol=1e-6)
    assert codes(read) == ["joints-missing"]


def test_filling_makes_no_second_copy():
    joints = np.asarray(person(20_000), np.float32)
    joints[:, 100:9000, 11] = 0
    tracemalloc.start()
    read = clip(joints)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert codes(read) == ["joints-missing"]
    assert peak < 1.5 * joints.nbytes


@pytest.mark.parametrize("zeros", [0, 1])
def test_of_a_joint_with_one_coordinate_that_is_nan_the_others_stay(zeros):
    joints, expected = person(), person()
    joints[:, 2, 11] = np.array([np.nan, 9.0, 8.0])[:, None]
    joints[:, 5, 7] *= 1 - zeros
    expected[1:, 2, 11] = np.array([9.0, 8.0])[:, None]
    np.testing.assert_allclose(clip(joints, fill_gaps=True).joints, expected, rtol=1e-5, atol=1e-6)


def test_in_a_picture_the_corner_is_missing_where_nothing_is_seen():
    joints = np.array(walk(5, 17, 2).transpose(2, 0, 1)[..., None]) + 50
    whole, visibility = joints.copy(), np.full((5, 17, 1), 0.8)
    joints[:, 2, 9], visibility[2, 9] = 0, 0
    read = clip(joints, visibility, COCO17)
    np.testing.assert_allclose(read.joints, whole, rtol=1e-5)
    assert (codes(read), read.visibility[2, 9, 0]) == (["joints-missing"], 0)
    assert not clip(joints, None, COCO17).joints[:, 2, 9].any()  # nothing says that it is missing


def test_in_a_picture_a_joint_that_is_never_seen_lies_on_its_neighbour():
    joints, visibility = np.array(walk(5, 17, 2).transpose(2, 0, 1)[..., None]) + 50, np.ones((5, 17, 1))
    joints[:, :, [13, 15]], visibility[:, [13, 15]] = 0, 0  # left knee, left ankle
    read = clip(joints, visibility, COCO17)
    np.testing.assert_array_equal(read.joints[:, :, 13], read.joints[:, :, 11])
    np.testing.assert_array_equal(read.joints[:, :, 15], read.joints[:, :, 11])
    assert codes(read) == ["joints-never-seen"]
    assert read.doubts[0].sentence.startswith("Left knee, left ankle are never seen")
