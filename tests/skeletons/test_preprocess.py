import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import COCO17, LAYOUTS, NTU25
from gzssar.skeletons.preprocess import (
    STREAMS,
    fill_gaps,
    frames_shown,
    prenormalise,
    stream,
)
from synthetic_clips import small_world


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


def person(frames=12):
    """One body of the synthetic world in Kinect's frame: C T V M."""
    return small_world().joints[7, :, :frames].astype(np.float64)


def spine_and_shoulders(clip):
    """Unit vectors of the first body's first frame."""
    first = clip[:, 0, :, 0]
    spine, shoulders = first[:, 1] - first[:, 0], first[:, 8] - first[:, 4]
    return spine / np.linalg.norm(spine), shoulders / np.linalg.norm(shoulders)


def upright(shoulders=(1, 0, 0), spine=(0, 1, 0)):
    """A body at rest whose pelvis lies at the origin: only the joints that say where it faces are apart."""
    clip = np.zeros((3, 2, 25, 1))
    clip[:, :, 1, 0] = np.array(spine)[:, None]
    clip[:, :, 8, 0] = np.array(shoulders)[:, None] / 2
    clip[:, :, 4, 0] = -np.array(shoulders)[:, None] / 2
    return clip


def test_prenormalised_clips_are_what_the_encoder_was_given(shared_data):
    with np.load(shared_data / "shiftgcn" / "golden_ntu120_xset_joint.npz") as golden:
        joints, expected = np.split(golden["joints"], golden["offsets"][1:-1]), golden["input"]
    for clip, prepared in zip(joints, expected, strict=True):
        bodies = np.stack([clip.transpose(2, 0, 1), np.zeros_like(clip.transpose(2, 0, 1))], axis=-1)
        np.testing.assert_allclose(prenormalise(bodies, 300), prepared, rtol=0, atol=1e-6)


def test_each_frame_is_centred_and_the_second_body_keeps_its_place_beside_the_first():
    two = np.concatenate([person(), person()[:, ::-1] + 0.5], axis=-1)
    prepared = prenormalise(two, 12)
    np.testing.assert_allclose(prepared[:, :, 1, 0], 0, atol=1e-12)
    apart = np.linalg.norm(two[..., 1] - two[..., 0], axis=0)
    np.testing.assert_allclose(np.linalg.norm(prepared[..., 1] - prepared[..., 0], axis=0), apart)


@settings(deadline=None)
@given(arrays(float, (3, 12, 1, 1), elements=st.floats(-3, 3)))
def test_the_way_through_space_is_taken_out(way):
    np.testing.assert_allclose(prenormalise(person() + way, 20), prenormalise(person(), 20), atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(arrays(float, (3, 2, 25, 2), elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0])))
def test_prenormalising_never_divides_by_zero_and_keeps_lengths(clip):
    if not clip[..., 0].any():
        with pytest.raises(DataError, match="the first body should be present"):
            prenormalise(clip, 2)
        return
    prepared = prenormalise(clip, 2)
    assert np.isfinite(prepared).all()
    if clip.any(axis=(0, 2)).all():
        lengths = np.linalg.norm(clip - clip[:, :, 1:2, :1], axis=0)
        np.testing.assert_allclose(np.linalg.norm(prepared, axis=0), lengths, atol=1e-12)


@settings(deadline=None)
@given(st.tuples(*[st.floats(-3, 3)] * 3))
def test_shoulders_lie_along_x_and_the_spine_upright_from_any_view(angles):
    spine, shoulders = spine_and_shoulders(prenormalise(turn(person()[None], angles)[0], 12))
    np.testing.assert_allclose(shoulders, [1, 0, 0], atol=1e-9)
    assert spine[2] > 0.95


def test_two_steps_worked_out_by_hand():
    spine, shoulders = spine_and_shoulders(prenormalise(upright(shoulders=(1, 1, 0), spine=(0, 1, 0)), 2))
    np.testing.assert_allclose(shoulders, [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(spine, [np.sqrt(0.5), 0, np.sqrt(0.5)], atol=1e-12)  # the second step tilts it


@pytest.mark.parametrize("noise", [0, 1e-9, 0.01])
@pytest.mark.parametrize("frame", [((-1, 0, 0), (0, 1, 0)), ((0, -1, 0), (0, 0, 1)), ((-1, 0, 0), (0, 0, -1))])
def test_a_body_turned_away_does_not_end_on_its_head(frame, noise):
    """As SMPL and motion capture have it: y or z up, and the performer's left along +x or +y."""
    shoulders, spine = (np.array(vector) + noise * np.array([1, 2, 3]) for vector in frame)
    spine, shoulders = spine_and_shoulders(prenormalise(upright(shoulders, spine), 2))
    np.testing.assert_allclose(shoulders, [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(spine, [0, 0, 1], atol=0.1)


def test_a_direction_that_vanishes_is_not_turned():
    flat = prenormalise(upright(shoulders=(1, 2, 3), spine=(0, 0, 0)), 2)
    np.testing.assert_allclose(flat[:, 0, 8, 0], [np.sqrt(14) / 2, 0, 0], atol=1e-12)
    narrow = prenormalise(upright(shoulders=(0, 0, 0), spine=(1, 0, 0)), 2)
    np.testing.assert_allclose(narrow[:, 0, 0, 0], [0, 0, -1], atol=1e-12)


def late_and_gappy():
    """One number per frame tells where a frame comes from: the second body is there in frames 2, 3 and 5 of 7."""
    clip = np.zeros((3, 7, 25, 2))
    clip[2, :, :, 0] = np.array([1, 2, 3, 4, 0, 6, 0])[:, None]
    clip[2, [2, 3, 5], :, 1] = np.array([30, 40, 60])[:, None]
    return clip


def test_each_body_repeats_from_its_first_frame():
    prepared = prenormalise(late_and_gappy(), 8)
    second = np.array([30, 40, 60] * 3)[:8] - np.array([1, 2, 3, 4, 0, 6, 1, 2])
    np.testing.assert_allclose(prepared[2, :, 5, 1], second)
    assert not prepared[..., 0].any()


def test_what_is_longer_is_thinned_out():
    clip = np.zeros((3, 9, 25, 1))
    clip[:, :, 1:] = 1
    clip[2, :, 7, 0] += np.arange(9)
    assert prenormalise(clip, 5).shape == (3, 5, 25, 1)
    np.testing.assert_allclose(np.linalg.norm(prenormalise(clip, 5)[:, :, 7, 0], axis=0), [0, 2, 4, 6, 8])
    np.testing.assert_allclose(np.linalg.norm(prenormalise(clip, 1)[:, :, 7, 0], axis=0), [0])


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (np.zeros((3, 4, 25, 2)), "the first body should be present in a clip, but it is zero in all frames"),
        (np.zeros((3, 4, 25, 0)), "the first body should be present"),
        (np.zeros((3, 0, 25, 1)), "the first body should be present"),
        (np.full((3, 4, 25, 1), np.nan), "should hold finite positions, .* fill_gaps"),
        (np.ones((3, 4, 20, 1)), "25 joints of layout 'ntu25', but it has 3 and 20: convert it with to_ntu25"),
        (np.ones((2, 4, 25, 1)), "3 coordinates .* has 2 and 25: .* lift what is 2-D to 3-D"),
    ],
)
def test_clips_that_cannot_be_prenormalised_are_refused(clip, message):
    with pytest.raises(DataError, match=message):
        prenormalise(clip, 10)


def test_prenormalising_keeps_float32_and_needs_a_frame():
    assert prenormalise(person().astype(np.float32), 300).dtype == np.float32
    with pytest.raises(DataError, match="at least one frame, but 0"):
        prenormalise(person(), 0)


def test_gaps_are_bridged_on_a_straight_line_and_held_at_the_ends():
    line = np.zeros((2, 6, 1, 1))
    line[0, :, 0, 0] = [np.nan, 2, np.nan, np.nan, 8, np.inf]
    line[1, :, 0, 0] = 1
    filled = fill_gaps(line)
    assert filled[0, :, 0, 0].tolist() == [2, 2, 4, 6, 8, 8]
    assert filled[1, :, 0, 0].tolist() == [1] * 6
    assert np.isnan(line[0, 0, 0, 0])


@settings(deadline=None)
@given(st.sets(st.tuples(st.integers(1, 10), st.integers(0, 24))))
def test_filling_changes_only_what_is_missing(missing):
    holes = person()
    for frame, joint in missing:
        holes[:, frame, joint] = np.nan
    filled = fill_gaps(holes)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[np.isfinite(holes)], holes[np.isfinite(holes)])


def test_frames_without_the_body_are_no_end_of_a_gap():
    clip = np.ones((3, 5, 2, 2))
    clip[:, 3:, :, 0] = 0
    clip[:, 2, 0, 0] = np.nan
    clip[..., 1] = 0
    filled = fill_gaps(clip)
    assert filled[0, :, 0, 0].tolist() == [1, 1, 1, 0, 0]
    assert not filled[..., 1].any()


def test_a_joint_that_is_never_there_is_refused():
    clip = np.ones((3, 5, 2, 1))
    clip[1, :3, 1] = np.nan
    clip[:, 3:] = 0
    with pytest.raises(DataError, match="joint 1 of body 0 should be known in at least one frame"):
        fill_gaps(clip)


def test_bones_of_ntu_hang_as_in_the_published_bone_networks():
    """2s-AGCN, `gen_bone_data`: from the spine shoulder outwards, so the pelvis hangs on the mid spine."""
    parents = {0: 1, 1: 20, 2: 20, 4: 20, 8: 20, 12: 0, 16: 0, 21: 22, 22: 7, 23: 24, 24: 11}
    bones = stream(clips(), "bone", NTU25)
    for joint in range(25):
        expected = clips()[:, :, :, joint] - clips()[:, :, :, parents.get(joint, joint - 1)]
        np.testing.assert_array_equal(bones[:, :, :, joint], 0 if joint == 20 else expected)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_bones_added_up_along_the_tree_give_the_joints(layout):
    joints = np.random.default_rng(0).normal(size=(2, 3, 4, layout.joint_count, 1))
    bones = stream(joints, "bone", layout)
    (root,) = (joint for joint in range(layout.joint_count) if not bones[:, :, :, joint].any())
    parents = dict(layout.rooted_at(root).bones)
    for joint in range(layout.joint_count):
        total, at = joints[:, :, :, root], joint
        while at != root:
            total, at = total + bones[:, :, :, at], parents[at]
        np.testing.assert_allclose(total, joints[:, :, :, joint])


def test_motion_is_the_next_frame_minus_this_one():
    joints = clips()
    moves = stream(joints, "joint motion", NTU25)
    np.testing.assert_array_equal(moves[:, :, 2], joints[:, :, 3] - joints[:, :, 2])
    assert not moves[:, :, -1].any()
    bones = stream(joints, "bone", NTU25)
    np.testing.assert_array_equal(stream(joints, "bone motion", NTU25), stream(bones, "joint motion", NTU25))
    assert stream(joints, "joint", NTU25) is joints
    assert not stream(joints[:, :, :1], "joint motion", NTU25).any()


def test_streams_keep_float32():
    joints = clips().astype(np.float32)
    assert {stream(joints, name, NTU25).dtype for name in STREAMS} == {np.dtype(np.float32)}


def test_a_stream_or_layout_that_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="one of joint, bone, joint motion, bone motion, not 'bones'"):
        stream(clips(), "bones", NTU25)
    with pytest.raises(DataError, match="'coco17' should have 17 joints, but these have 25"):
        stream(clips(), "bone", COCO17)


def test_a_body_that_is_there_for_a_moment_is_not_thinned_away():
    clip = np.zeros((3, 60, 25, 1), dtype=np.float32)
    clip[:, 33] = np.random.default_rng(0).normal(size=(3, 25, 1))
    assert (frames_shown(clip, 16) == 33).all()
    assert prenormalise(clip, 16).any(axis=(0, 2)).all()
