import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_clips import small_world

from gzssar.errors import DataError
from gzssar.skeletons.preprocess import centre, normalise, pad, resample, rotate


def turn(clips, angles):
    """Turn clips about x, then y, then z."""
    for axis, angle in enumerate(angles):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        matrix = np.eye(3)
        matrix[i, i] = matrix[j, j] = np.cos(angle)
        matrix[j, i], matrix[i, j] = np.sin(angle), -np.sin(angle)
        clips = np.einsum("ac,nctvm->natvm", matrix, clips)
    return clips


def clips():
    return small_world().joints[:40, :, ::4].astype(np.float64)


def test_mid_spine_starts_at_the_origin():
    np.testing.assert_allclose(centre(clips())[:, :, 0, 1, 0], 0)


def test_centre_leaves_an_absent_body_at_zero():
    two = np.concatenate([clips(), np.zeros_like(clips())], axis=-1)
    assert not normalise(two, 10)[..., 1].any()
    np.testing.assert_allclose(normalise(two, 10)[..., :1], normalise(clips(), 10), atol=1e-9)


def test_spine_points_up_and_shoulders_to_the_right():
    first = rotate(centre(clips()))[:, :, 0, :, 0]
    spine, shoulders = first[:, :, 1] - first[:, :, 0], first[:, :, 8] - first[:, :, 4]
    np.testing.assert_allclose(spine[:, :2], 0, atol=1e-9)
    np.testing.assert_allclose(shoulders[:, 1], 0, atol=1e-9)
    assert (spine[:, 2] > 0).all()
    assert (shoulders[:, 0] > 0).all()


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.floats(-3, 3)] * 3), st.tuples(*[st.floats(-5, 5)] * 3))
def test_the_viewpoint_does_not_matter(angles, shift):
    moved = turn(clips(), angles) + np.array(shift)[:, None, None, None]
    np.testing.assert_allclose(normalise(moved, 16), normalise(clips(), 16), atol=1e-8)


def test_rotation_keeps_distances():
    before, after = centre(clips()), rotate(centre(clips()))
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), np.linalg.norm(before, axis=1))


def test_joints_that_coincide_are_refused():
    broken = clips()
    broken[3, :, 0, 1] = broken[3, :, 0, 0]
    with pytest.raises(DataError, match=r"pelvis and mid spine must be apart .* 1 of 40 clips, the first at index 3"):
        rotate(broken)


def test_resampling_a_straight_line_stays_on_it():
    line = np.linspace(0, 1, 7).reshape(1, 1, 7, 1, 1)
    np.testing.assert_allclose(resample(line, 13)[0, 0, :, 0, 0], np.linspace(0, 1, 13))
    np.testing.assert_allclose(resample(line, 1)[0, 0, :, 0, 0], [0])
    np.testing.assert_array_equal(resample(line, 7), line)


def test_padding_repeats_and_cuts():
    line = np.arange(3.0).reshape(1, 1, 3, 1, 1)
    assert pad(line, 7)[0, 0, :, 0, 0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert pad(line, 2)[0, 0, :, 0, 0].tolist() == [0, 1]


@pytest.mark.parametrize("change", [pad, resample])
def test_no_frames_are_refused(change):
    with pytest.raises(DataError, match="at least one frame, but 0 were asked for"):
        change(clips(), 0)


def test_float32_stays_float32():
    assert normalise(small_world().joints, 8).dtype == np.float32
