"""Who moves in a clip, and when."""

from dataclasses import replace

import numpy as np
import pytest

from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.moving import MOVING, REST, find_action, is_resting, liveliest, movement
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.synthetic import SyntheticWorld

STANDING = (
    SyntheticWorld(clips_per_class=2, frames=4, subject_count=2, noise=0.0, variation=0.0).clips().joints[1, :, 0]
)
"""3 V M: somebody who stands."""
TORSO = float(np.linalg.norm(STANDING[:, 20, 0] - STANDING[:, 0, 0]))
ARM = [NTU25.joint_names.index(f"right {joint}") for joint in ("wrist", "hand", "hand tip", "thumb")]


def clip(moving, fps=30.0, noise=0.0, speed=1.0):
    """Somebody who stands, and whose right hand goes up, frame by frame, where `moving` says so: a torso a second."""
    moving = np.asarray(moving, dtype=bool)
    joints = np.repeat(STANDING[:, None, :, :1], len(moving), axis=1).astype(np.float64)
    way = np.cumsum(moving) / fps * TORSO * speed
    joints[1][:, ARM] += way[:, None, None]
    joints += np.random.default_rng(0).normal(0, noise, joints.shape)
    return SkeletonSequence(joints.astype(np.float32), fps, NTU25)


def spells(*lengths, fps=30.0):
    """Seconds of rest, of movement, of rest and so on."""
    return np.repeat(np.arange(len(lengths)) % 2 == 1, [round(seconds * fps) for seconds in lengths])


@pytest.mark.parametrize("fps", [10.0, 30.0, 120.0])
def test_movement_is_in_torso_lengths_in_half_a_second_at_any_rate(fps):
    moved = movement(clip(spells(0, 4, fps=fps), fps))
    middle = moved[len(moved) // 4 : -len(moved) // 4]
    assert middle == pytest.approx(0.5, abs=0.15)  # at 10, frames are .4 s apart at best


def test_movement_means_the_same_in_any_unit():
    one = clip(spells(1, 1, 1))
    large = replace(one, joints=one.joints * 1000)
    np.testing.assert_allclose(movement(large), movement(one), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("fps", [15.0, 30.0, 120.0])
def test_still_ends_are_cut(fps):
    action = find_action(clip(spells(2, 3, 1, fps=fps), fps))
    assert action.start / fps == pytest.approx(2, abs=0.4)
    assert action.clip.joints.shape[1] / fps == pytest.approx(3, abs=0.6)
    assert action.clip.doubts == ()


def test_a_rest_in_the_middle_stays():
    action = find_action(clip(spells(1, 1, 2, 1, 1)))
    assert action.clip.joints.shape[1] / 30 == pytest.approx(4, abs=0.6)


def test_a_clip_that_is_all_movement_is_itself():
    whole = clip(spells(0, 2), speed=3.0)
    assert find_action(whole).clip is whole


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_where_nobody_moves_nothing_is_happening(noise):
    still = clip(np.zeros(60), noise=noise)
    found = find_action(still)
    assert is_resting(found.clip)
    assert [doubt.code for doubt in found.clip.doubts] == [REST]
    np.testing.assert_array_equal(found.clip.joints, still.joints)


def test_a_moment_is_too_short_to_be_called_rest():
    assert not is_resting(find_action(clip(np.zeros(10))).clip)


def test_a_small_movement_is_no_rest_and_is_not_cut_in_its_middle():
    found = find_action(clip(spells(1, 3, 1), speed=0.36))  # .18 in half a second
    assert not is_resting(found.clip)
    assert found.clip.joints.shape[1] / 30 == pytest.approx(3, abs=0.7)
    assert is_resting(find_action(clip(spells(1, 3, 1), speed=0.2)).clip)


def test_positions_beyond_the_range_of_numbers_are_no_rest():
    joints = clip(spells(1, 1)).joints.astype(np.float64) * 1e307
    assert not is_resting(find_action(SkeletonSequence(joints, 30.0, NTU25)).clip)


def test_one_joint_that_jumps_is_no_movement():
    joints = clip(np.zeros(60)).joints.copy()
    joints[:, 30, 5] += 2
    assert is_resting(find_action(SkeletonSequence(joints, 30.0, NTU25)).clip)


def two(first, second):
    return replace(first, joints=np.concatenate([first.joints, second.joints + np.float32(1)], axis=3))


@pytest.mark.parametrize("turned", [False, True])
def test_a_bystander_is_left_out_and_named(turned):
    actor, other = clip(spells(0.5, 2, 0.5)), clip(spells(3), noise=0.005)
    both = two(other, actor) if turned else two(actor, other)
    found, start = find_action(both)
    kept = actor.joints[:, start : start + found.joints.shape[1]] + np.float32(turned)
    np.testing.assert_array_equal(found.joints, kept)
    (doubt,) = found.doubts
    assert doubt.code == "bodies-left-out"
    idle, acting = ("1", "2") if turned else ("2", "1")
    assert doubt.sentence == f"Of 2 bodies, body {acting} moved most; left out: body {idle}."


def test_of_two_who_move_the_livelier_comes_first():
    slow, fast = clip(spells(0, 2), speed=0.6), clip(spells(0, 2), speed=2.0)
    found = find_action(two(slow, fast)).clip
    np.testing.assert_array_equal(found.joints[..., 0], fast.joints[..., 0] + np.float32(1))
    np.testing.assert_array_equal(found.joints[..., 1], slow.joints[..., 0])
    assert found.doubts == ()


def test_of_three_who_move_two_are_taken():
    some = [clip(spells(0, 2), speed=speed) for speed in (0.6, 2.0, 1.0)]
    three = replace(some[0], joints=np.concatenate([one.joints for one in some], axis=3))
    found = find_action(three).clip
    np.testing.assert_array_equal(found.joints, three.joints[..., [1, 2]])
    assert found.doubts[0].sentence == "Of 3 bodies, body 2 and body 3 moved most; left out: body 1."
    np.testing.assert_array_equal(liveliest(three, 1).joints, three.joints[..., [1]])
    assert liveliest(three, 3) is three


def test_a_point_beside_a_body_is_nobody():
    actor = clip(spells(0, 2), speed=2.0)
    point = replace(actor, joints=np.ones_like(actor.joints))
    found = find_action(two(point, actor)).clip
    np.testing.assert_array_equal(found.joints, actor.joints + np.float32(1))
    assert liveliest(two(point, actor), 1).joints[0, 0, 0, 0] == actor.joints[0, 0, 0, 0] + np.float32(1)


def test_nobody_is_no_rest():
    assert not is_resting(find_action(SkeletonSequence(np.zeros((3, 60, 25, 1)), 30.0, NTU25)).clip)


def test_absent_frames_are_no_movement():
    joints = clip(np.zeros(90)).joints.copy()
    joints[:, 40:50] = 0
    assert movement(SkeletonSequence(joints, 30.0, NTU25)).max() < MOVING


def test_times_count_and_not_frames():
    even = clip(spells(1, 1, 1))
    doubled = np.repeat(even.seconds, 2)[:-1]
    doubled[1::2] += 1 / 60
    joints = np.repeat(even.joints, 2, axis=1)[:, :-1]
    joints[:, 1::2] = (even.joints[:, :-1] + even.joints[:, 1:]) / 2
    timed = replace(even, joints=joints, times=doubled)
    assert find_action(timed).start == pytest.approx(2 * find_action(even).start, abs=2)


def test_a_body_without_a_torso_counts_as_moving():
    joints = np.zeros((3, 40, 25, 1), dtype=np.float32)
    joints[0] = 1
    assert not is_resting(find_action(SkeletonSequence(joints, 30.0, NTU25)).clip)
