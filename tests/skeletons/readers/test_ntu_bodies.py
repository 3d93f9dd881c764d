import numpy as np
import pytest

from gzssar.skeletons.readers.ntu_bodies import NOISE_FRAMES, Track, choose_bodies


def track(first, last, motion=1.0, width=0.5, wide_frames=0, mark=0.0):
    """Somebody 1.6 m tall in the frames `first` to `last`, whose z runs over `motion` metres and starts at `mark`."""
    frames = np.arange(first, last + 1)
    joints = np.zeros((len(frames), 25, 3), np.float32)
    joints[:, :, 0] = np.linspace(0, width, 25)
    joints[:wide_frames, :, 0] = np.linspace(0, 3, 25)
    joints[:, :, 1] = np.linspace(0, 1.6, 25)
    joints[:, :, 2] = mark + np.linspace(0, motion, len(frames))[:, None]
    return Track(frames, joints)


def chosen_of(tracks):
    """The bodies, without how many tracks are left out."""
    return choose_bodies(tracks)[0]


def assert_body(chosen, body, expected):
    """`expected` is what `body` shows in its own frames, and all that it shows."""
    np.testing.assert_array_equal(chosen[..., body][:, expected.frames], expected.joints.transpose(2, 0, 1))
    others = np.delete(chosen[..., body], expected.frames, axis=1)
    assert not others.any()


def test_a_single_track_is_taken_however_short_or_wide():
    only = track(4, 6, width=3)
    chosen = chosen_of([only])
    assert chosen.shape == (3, 3, 25, 1)
    np.testing.assert_array_equal(chosen[..., 0], only.joints.transpose(2, 0, 1))


def test_two_people_come_most_moving_first():
    calm, lively = track(0, 19, motion=1), track(0, 19, motion=2)
    chosen = chosen_of([calm, lively])
    assert chosen.shape == (3, 20, 25, 2)
    assert_body(chosen, 0, lively)
    assert_body(chosen, 1, calm)


def test_of_ten_bodies_the_two_most_moving_are_kept():
    tracks = [track(0, 19, motion=motion) for motion in (3, 1, 9, 2, 8, 4, 5, 6, 7, 10)]
    chosen = chosen_of(tracks)
    assert chosen.shape == (3, 20, 25, 2)
    assert_body(chosen, 0, tracks[9])
    assert_body(chosen, 1, tracks[2])


def test_a_short_track_is_noise_however_it_moves():
    calm = track(0, 19)
    assert chosen_of([calm, track(0, NOISE_FRAMES - 1, motion=9)]).shape[-1] == 1
    assert chosen_of([calm, track(0, NOISE_FRAMES, motion=9)]).shape[-1] == 2


def test_if_every_track_is_short_the_most_moving_one_is_kept():
    lively = track(2, 7, motion=2)
    chosen = chosen_of([track(0, 9, motion=1), lively, track(0, 9, motion=0)])
    np.testing.assert_array_equal(chosen[..., 0], lively.joints.transpose(2, 0, 1))


def test_furniture_is_dropped():
    somebody = track(0, 19)
    chosen = chosen_of([track(0, 19, motion=9, width=1.3), somebody])
    assert_body(chosen, 0, somebody)
    assert chosen.shape[-1] == 1
    assert chosen_of([track(0, 19, motion=9, width=1.27), somebody]).shape[-1] == 2


def test_furniture_is_what_is_wide_in_seven_frames_of_ten():
    somebody = track(0, 19)
    assert chosen_of([track(0, 19, wide_frames=14), somebody]).shape[-1] == 1  # 0.70 ≥ 0.69754
    assert chosen_of([track(0, 19, wide_frames=13), somebody]).shape[-1] == 2


def test_of_furniture_alone_the_last_to_appear_is_kept():
    chair, table = track(0, 19, width=3), track(0, 19, width=4)
    chosen = chosen_of([chair, table])
    assert chosen.shape[-1] == 1
    assert_body(chosen, 0, table)


def test_wide_frames_do_not_count_as_motion():
    flickering, steady = track(0, 19, motion=0, wide_frames=10), track(0, 19, motion=1)
    assert flickering.joints.var(axis=(0, 1)).sum() > steady.joints.var(axis=(0, 1)).sum()
    assert_body(chosen_of([flickering, steady]), 0, steady)


def test_somebody_found_again_under_another_id_stays_one_body():
    before, after = track(0, 19, motion=2), track(25, 44, motion=3)
    chosen = chosen_of([before, after])
    assert chosen.shape == (3, 40, 25, 1)
    np.testing.assert_array_equal(chosen[:, :20, :, 0], before.joints.transpose(2, 0, 1))
    np.testing.assert_array_equal(chosen[:, 20:, :, 0], after.joints.transpose(2, 0, 1))


@pytest.mark.parametrize(("start", "bodies"), [(19, 1), (18, 2)])
def test_one_shared_frame_is_no_meeting(start, bodies):
    assert chosen_of([track(0, 19, motion=2), track(start, start + 19)]).shape == (3, start + 20, 25, bodies)


def test_a_third_body_joins_the_second_after_it():
    first, second, third = track(0, 49, motion=5), track(0, 19, motion=2), track(30, 49, motion=1, mark=7)
    chosen = chosen_of([first, second, third])
    assert chosen.shape == (3, 50, 25, 2)
    np.testing.assert_array_equal(chosen[:, :20, :, 1], second.joints.transpose(2, 0, 1))
    assert not chosen[:, 20:30, :, 1].any()
    np.testing.assert_array_equal(chosen[:, 30:, :, 1], third.joints.transpose(2, 0, 1))


@pytest.mark.parametrize(("first", "last"), [(10, 29), (70, 89), (25, 55)])
def test_a_body_of_two_tracks_spans_both_and_the_gap(first, last):
    early, late, other = track(0, 19, motion=3), track(60, 79, motion=4), track(first, last, motion=1)
    assert chosen_of([early, late]).shape[-1] == 1
    chosen = chosen_of([early, late, other])
    shown = chosen[..., 1][:, chosen[..., 1].any(axis=(0, 2))]
    np.testing.assert_array_equal(shown, other.joints.transpose(2, 0, 1))


def test_frames_without_a_chosen_body_are_dropped():
    somebody, noise = track(10, 29), track(0, 5, motion=9)
    chosen = chosen_of([noise, somebody])
    np.testing.assert_array_equal(chosen[..., 0], somebody.joints.transpose(2, 0, 1))


def test_a_gap_keeps_later_poses_in_their_frames():
    whole, other = track(0, 29, motion=1), track(0, 29, motion=5)
    gappy = Track(np.delete(whole.frames, slice(10, 20)), np.delete(whole.joints, slice(10, 20), axis=0))
    chosen = chosen_of([gappy, other])
    assert_body(chosen, 1, gappy)


@pytest.mark.parametrize(("third", "left_out"), [((20, 39), 0), ((10, 29), 1), ((0, 39), 1)])
def test_tracks_of_further_bodies_are_counted(third, left_out):
    others = track(0, 19, motion=5), track(0, 19, motion=4)
    assert choose_bodies([*others, track(*third, motion=1)])[1] == left_out
    assert choose_bodies([*others, track(0, NOISE_FRAMES - 1, motion=1)])[1] == 0
