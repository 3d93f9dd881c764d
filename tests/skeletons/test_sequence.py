import numpy as np
import pytest

from gzssar.errors import DataError, GzssarError
from gzssar.skeletons.layout import MEDIAPIPE33, NTU25
from gzssar.skeletons.sequence import SkeletonSequence


def sequence(joints=None, **fields):
    joints = np.ones((3, 5, 25, 1)) if joints is None else joints
    return SkeletonSequence(joints=joints, **({"fps": 30.0, "layout": NTU25, "name": "clip 7"} | fields))


def test_a_good_clip_is_kept_as_it_is():
    clip = sequence(label=3, subject=0)
    assert clip.joints.shape == (3, 5, 25, 1)
    assert (clip.label, clip.subject) == (3, 0)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((5, 3, 25, 1), "check the order of the axes"),
        ((3, 0, 25, 1), "at least one frame"),
        ((3, 5, 25, 0), "at least one body"),
        ((3, 5, 20, 1), "the 25 joints of layout 'ntu25', but has 20"),
    ],
)
def test_a_bad_shape_is_refused(shape, message):
    with pytest.raises(DataError, match=message):
        sequence(np.ones(shape))


def test_nan_is_refused_with_its_place():
    joints = np.ones((3, 5, 25, 1))
    joints[1, 2:4, 7, 0] = np.nan
    with pytest.raises(DataError, match=r"clip 'clip 7' .* 2 of 5 frames do not, the first at index 2"):
        sequence(joints)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan")])
def test_a_bad_frame_rate_is_refused(fps):
    with pytest.raises(DataError, match="positive frame rate"):
        sequence(fps=fps)


@pytest.mark.parametrize("field", ["label", "subject"])
def test_a_negative_id_is_refused(field):
    with pytest.raises(DataError, match=f"a {field} of 0 or more, or none, but it is -1"):
        sequence(**{field: -1})


def test_joints_frame_by_frame():
    frames = np.arange(5 * 33 * 3, dtype=float).reshape(5, 33, 3)
    clip = SkeletonSequence.from_frames(frames.tolist(), "mediapipe33", fps=25.0, name="walk")
    assert (clip.joints.shape, clip.fps, clip.layout, clip.name) == ((3, 5, 33, 1), 25.0, MEDIAPIPE33, "walk")
    assert clip.joints[2, 4, 7, 0] == frames[4, 7, 2]
    pair = SkeletonSequence.from_frames(np.stack([frames, frames + 1], axis=1), MEDIAPIPE33, 25.0)
    assert pair.joints.shape == (3, 5, 33, 2)
    assert (pair.joints[..., 1] == pair.joints[..., 0] + 1).all()


@pytest.mark.parametrize(
    ("frames", "layout", "fps", "message"),
    [
        (np.ones((5, 75)), "ntu25", 30.0, r"of shape \(T, V, C\), or \(T, M, V, C\) .* but it is \(5, 75\)"),
        ([[[0, 0, 0]], [[0, 0]]], "ntu25", 30.0, "should be an array of joints"),
        ("walk", "ntu25", 30.0, "should be an array of joints"),
        (np.ones((5, 24, 3)), "ntu25", 30.0, "should have the 25 joints of layout 'ntu25', but has 24"),
        (np.full((5, 25, 3), np.nan), "ntu25", 30.0, "finite positions"),
        (np.ones((5, 25, 3)), "ntu25", 0.0, "positive frame rate"),
        (np.ones((5, 25, 3)), "ntu26", 30.0, "the layout should be one of ntu25, "),
    ],
)
def test_frames_that_are_none(frames, layout, fps, message):
    with pytest.raises(GzssarError, match=message):
        SkeletonSequence.from_frames(frames, layout, fps)
