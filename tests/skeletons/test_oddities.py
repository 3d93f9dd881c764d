from dataclasses import replace

import numpy as np
import pytest
from walking_clips import changed, walking

from gzssar.skeletons.facing import toes_and_nose_ahead
from gzssar.skeletons.layout import MEDIAPIPE33, OPENPOSE25, Layout
from gzssar.skeletons.oddities import ADVICE, find_oddities
from gzssar.skeletons.sequence import SkeletonSequence


def _two_bodies_one_leaving() -> SkeletonSequence:
    return changed("clip", walking(bodies=2), np.s_[:, 25:, :, 1], 0)


def seen_above_the_hips():
    visibility = np.ones((30, 25, 1))
    visibility[:, [13, 14, 15, 17, 18, 19]] = 0.1  # knees, ankles and feet
    return visibility


ODD = {
    "no body": (walking(joints=np.zeros((3, 8, 25, 1))), "8 frames"),
    "gaps": (changed("clip", walking(), np.s_[:, [0, 9]], 0), "2 frames"),
    "partly absent": (_two_bodies_one_leaving(), "5 frames"),
    "flat": (changed("clip", walking(), np.s_[2], 2.0), "z"),
    "frozen": (walking(joints=np.repeat(walking(1).joints, 5, axis=1)), "5 frames"),
    "frozen run": (changed("clip", walking(), np.s_[:, 4:15], walking().joints[:, 4:5]), "11 frames, 1.1 s"),
    "scale": (walking(joints=walking().joints * 1000), "1500 m tall, perhaps in millimetres"),
    "far": (walking(joints=walking().joints + 1e6), "1000 km, where positions have steps of 6.2 cm"),
    "layout": (replace(walking(), layout=OPENPOSE25), "openpose25, but fit ntu25"),
    "mirrored": (walking(joints=walking().joints * [[[[-1]]], [[[1]]], [[[1]]]]), "the toes point backwards"),
    "jumps": (changed("clip", walking(), np.s_[0, 9, 5], 2.4), "1 frame"),
    "legs unseen": (replace(walking(), visibility=seen_above_the_hips()), "in 100% of the frames"),
}


@pytest.mark.parametrize("oddity", ADVICE)
def test_each_oddity_is_found_alone(oddity):
    clip, detail = ODD[oddity]
    assert find_oddities(clip) == {oddity: detail}


@pytest.mark.parametrize(
    "clip",
    [
        walking(),
        walking(bodies=3),
        walking(1),
        changed(
            "still to a millimetre and a bit",
            walking(),
            np.s_[:],
            walking(1).joints + np.linspace(0, 0.0011, 30)[None, :, None, None],
        ),
        changed("ten equal frames at 10 fps last one second", walking(), np.s_[:, 4:14], walking().joints[:, 4:5]),
        changed("a body that never comes", walking(bodies=2), np.s_[..., 1], 0),
        walking(joints=walking().joints[:2] * 100),
    ],
    ids=lambda clip: clip.name,
)
def test_what_is_right_is_left_alone(clip):
    assert find_oddities(clip) == {}


def test_a_layout_of_ones_own_is_looked_at_as_far_as_it_goes():
    layout = Layout("mine", ("a", "b"), ((1, 0),), (), 0)
    joints = np.random.default_rng(0).uniform(0, 1.5, (3, 20, 2, 1))
    clip = SkeletonSequence(joints, 30.0, layout, visibility=np.zeros((20, 2, 1)))
    assert not {"mirrored", "legs unseen"} & find_oddities(clip).keys()


@pytest.mark.parametrize(("fps", "leaps"), [(30.0, True), (120.0, True), (10.0, False)])
def test_a_leap_is_one_at_the_rate_of_the_clip(fps, leaps):
    """Half a metre out and back takes a hand a fifth of a second, but not a thirtieth of one."""
    clip = changed("clip", replace(walking(), fps=fps), np.s_[0, 9, 5], walking().joints[0, 9, 5] + 0.6)
    assert ("jumps" in find_oddities(clip)) == leaps


def test_a_nose_behind_the_ears_is_mirrored_too():
    joints = np.zeros((3, 5, 33, 1))
    for name, place in {
        "left shoulder": (0.2, 1.4, 0),
        "right shoulder": (-0.2, 1.4, 0),
        "left hip": (0.1, 0.9, 0),
        "right hip": (-0.1, 0.9, 0),
        "nose": (0, 1.6, 0.12),
        "left ear": (0.08, 1.6, 0),
        "right ear": (-0.08, 1.6, 0),
        "left ankle": (0.1, 0, 0),
        "right ankle": (-0.1, 0, 0),
        "left foot index": (0.1, 0, 0.2),
        "right foot index": (-0.1, 0, 0.2),
    }.items():
        joints[:, :, MEDIAPIPE33.joint_names.index(name)] = np.array(place)[:, None, None]
    ahead = SkeletonSequence(joints, 30.0, MEDIAPIPE33)  # y up, and who looks along z has the left at +x
    assert min(toes_and_nose_ahead(ahead).values()) > 0.2
    assert "mirrored" not in find_oddities(ahead)
    behind = SkeletonSequence(joints * [[[[-1]]], [[[1]]], [[[1]]]], 30.0, MEDIAPIPE33)
    assert find_oddities(behind)["mirrored"] == "the toes and the nose point backwards"


@pytest.mark.parametrize(
    ("factor", "detail"),
    [
        (0.1, "0.15 m tall"),
        (10, "15 m tall"),
        (39.37, "59 m tall, perhaps in inches"),
        (100, "150 m tall, perhaps in centimetres"),
        (1e3, "1500 m tall, perhaps in millimetres"),
        (1e6, "1500000 m tall"),
    ],
)
def test_the_unit_is_guessed_from_the_height(factor, detail):
    assert find_oddities(walking(joints=walking().joints * factor)) == {"scale": detail}


def test_a_height_beyond_all_numbers_is_unlikely():
    clip = changed("clip", walking(), np.s_[0, :, :2], np.array([-1.7e308, 1.7e308])[None, :, None])
    assert find_oddities(clip) == {"scale": "inf m tall"}


def test_shares_of_a_picture_are_told_from_pixels():
    share = walking(joints=walking().joints[:2] / 4)
    assert find_oddities(share) == {"scale": "0.375 pixels tall, perhaps in shares of the picture"}


def test_a_body_that_vanishes_and_returns_is_not_frozen_by_its_zeros():
    clip = changed("clip", walking(), np.s_[:, 5:25], 0)
    assert find_oddities(clip) == {"gaps": "20 frames"}


def test_a_frozen_body_does_not_move_by_vanishing():
    frozen = walking(joints=np.repeat(walking(1).joints, 6, axis=1))
    assert find_oddities(changed("clip", frozen, np.s_[:, 2], 0)) == {"gaps": "1 frame", "frozen": "6 frames"}


def test_a_tremble_below_a_millimetre_is_frozen():
    still = walking(joints=walking(1).joints + np.linspace(0, 0.0009, 6)[None, :, None, None])
    assert find_oddities(still) == {"frozen": "6 frames"}
