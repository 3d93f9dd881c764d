import numpy as np
import pytest
from walking_clips import changed, walking

from gzssar.skeletons.oddities import ADVICE, find_oddities
from gzssar.skeletons.sequence import SkeletonSequence


def _two_bodies_one_leaving() -> SkeletonSequence:
    return changed("clip", walking(bodies=2), np.s_[:, 25:, :, 1], 0)


ODD = {
    "no body": (walking(joints=np.zeros((3, 8, 25, 1))), "8 frames"),
    "gaps": (changed("clip", walking(), np.s_[:, [0, 9]], 0), "2 frames"),
    "partly absent": (_two_bodies_one_leaving(), "5 frames"),
    "flat": (changed("clip", walking(), np.s_[2], 2.0), "z"),
    "frozen": (walking(joints=np.repeat(walking(1).joints, 5, axis=1)), "5 frames"),
    "frozen run": (changed("clip", walking(), np.s_[:, 4:15], walking().joints[:, 4:5]), "11 frames, 1.1 s"),
    "scale": (walking(joints=walking().joints * 1000), "1500 m tall: millimetres?"),
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


@pytest.mark.parametrize(
    ("factor", "detail"),
    [
        (0.1, "0.15 m tall"),
        (10, "15 m tall"),
        (100, "150 m tall: centimetres?"),
        (1e3, "1500 m tall: millimetres?"),
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
    assert find_oddities(share) == {"scale": "0.375 pixels tall: shares of the picture?"}


def test_a_body_that_vanishes_and_returns_is_not_frozen_by_its_zeros():
    clip = changed("clip", walking(), np.s_[:, 5:25], 0)
    assert find_oddities(clip) == {"gaps": "20 frames"}


def test_a_frozen_body_does_not_move_by_vanishing():
    frozen = walking(joints=np.repeat(walking(1).joints, 6, axis=1))
    assert find_oddities(changed("clip", frozen, np.s_[:, 2], 0)) == {"gaps": "1 frame", "frozen": "6 frames"}


def test_a_tremble_below_a_millimetre_is_frozen():
    still = walking(joints=walking(1).joints + np.linspace(0, 0.0009, 6)[None, :, None, None])
    assert find_oddities(still) == {"frozen": "6 frames"}
