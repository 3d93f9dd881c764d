import json

import numpy as np
import pytest

from gzssar.own_test import scores_of
from gzssar.own_test.scores import BoundScore, Estimate, GroupScore, StrangeClass
from own_test_world import CLIPS, own_test, performers


def values(scores):
    return {name: one.value for name, one in scores.estimates.items()}


def test_accuracies_are_of_the_classes_that_are_known():
    scores = scores_of(own_test())
    assert (scores.clips, scores.strangers, scores.silent) == (8, 1, 1)
    assert values(scores) == pytest.approx(
        {
            "accuracy": 6 / 8,
            "top_five_accuracy": 7 / 8,
            "seen_accuracy": 4 / 5,
            "unseen_accuracy": 2 / 3,
            "harmonic_mean": 2 * (4 / 5) * (2 / 3) / (4 / 5 + 2 / 3),
            "answered": 4 / 8,
            "accuracy_of_answers": 3 / 4,
        }
    )


def test_calibration_by_bins():
    scores = scores_of(own_test())
    assert scores.calibration_error == pytest.approx((0.2 + 0.2 + 0.2 + 0.6 + 0.5) / 8)
    assert [(one.clips, one.probability, one.accuracy) for one in scores.bins] == [
        (1, pytest.approx(0.5), 0),
        (2, pytest.approx(0.6), 0.5),
        (2, pytest.approx(0.7), 1),
        (1, pytest.approx(0.8), 1),
        (2, pytest.approx(0.9), 1),
    ]


def test_what_a_bound_answers_and_how_much_of_it_is_wrong():
    tenth, half = scores_of(own_test()).bounds
    assert tenth == BoundScore(0.1, answered=1 / 8, wrong=0.0, wrong_with_strangers=1 / 2)
    assert half == BoundScore(0.5, answered=4 / 8, wrong=1 / 4, wrong_with_strangers=2 / 5)


def test_class_by_class_and_performer_by_performer():
    scores = scores_of(own_test())
    assert [one.group for one in scores.classes] == [
        GroupScore("a", 4, 3 / 4, 3 / 4, 2 / 3),
        GroupScore("b", 1, 1.0, 0.0, None),
        GroupScore("e", 2, 1.0, 1 / 2, 1.0),
        GroupScore("f", 1, 0.0, 0.0, None),
    ]
    assert [(one.called, one.seen, one.taken_for) for one in scores.classes] == [
        (("A", "a"), True, "b"),
        (("b",), True, ""),
        (("e",), False, ""),
        (("f",), False, "a"),
    ]
    assert scores.performers == (GroupScore("1", 4, 1.0, 3 / 4, 1.0), GroupScore("2", 4, 2 / 4, 1 / 4, 0.0))


def test_a_class_that_is_lacking_counts_nowhere_but_is_told():
    assert scores_of(own_test()).strange_classes == (StrangeClass("strange", 1, 1, "a", ""),)


def test_a_class_that_is_lacking_is_told_with_one_spelt_like_it():
    test = own_test((*CLIPS, ("ee", "a", 0.5, 1, False, False)))
    assert scores_of(test).strange_classes[0] == StrangeClass("ee", 1, 0, "", "e")


def test_intervals_draw_performers_where_there_are_five():
    """Of five performers three are right: the number of right ones in a resample is binomial with five draws."""
    scores = scores_of(performers([True, True, True, False, False]))
    assert scores.drawn == "performers"
    assert "resamples of the 5 performers" in scores.about_intervals
    assert scores.estimates["accuracy"] == Estimate(0.6, 0.2, 1.0)


@pytest.mark.parametrize(
    ("rights", "named", "why"),
    [
        ([True, True, True, False, False], False, "because some clips do not say who performs"),
        ([True, True, True, False], True, "because there are only 4 performers"),
    ],
)
def test_intervals_draw_clips_otherwise_and_say_why(rights, named, why):
    scores = scores_of(performers(rights, named=named))
    assert scores.drawn == "clips"
    assert why in scores.about_intervals
    value, low, high = scores.estimates["accuracy"]
    spread = 1.96 * np.sqrt(value * (1 - value) / scores.clips)
    assert (low, high) == (pytest.approx(value - spread, abs=0.03), pytest.approx(value + spread, abs=0.03))


@pytest.mark.parametrize("people", [3, 5, 8])
def test_where_all_fare_alike_the_interval_is_exact(people):
    """At its bound, all of so many units are right (or wrong) with a probability of 2.5 %."""
    right, wrong = (scores_of(performers([it] * people)).estimates["accuracy"] for it in (True, False))
    units = people if people >= 5 else scores_of(performers([True] * people)).clips
    assert (right.value, right.high, right.low**units) == (1.0, 1.0, pytest.approx(0.025))
    assert (wrong.value, wrong.low, (1 - wrong.high) ** units) == (0.0, 0.0, pytest.approx(0.025))


def test_no_interval_for_a_share_between_that_no_resample_changes():
    alike = [("ab"[k % 2], "a", 0.5, k // 2, True, False) for k in range(10)]
    scores = scores_of(own_test(alike, silent=()))
    assert scores.estimates["accuracy"] == Estimate(0.5)
    assert "Other shares and H have none" in scores.about_intervals


def test_one_clip_has_no_interval_and_says_why():
    scores = scores_of(own_test(CLIPS[:1], silent=()))
    assert scores.estimates["accuracy"] == Estimate(1.0)
    assert (scores.drawn, scores.about_intervals) == ("", "There is only one clip, so no interval can be computed.")


def test_what_no_clip_can_tell_is_none_and_json():
    scores = scores_of(own_test(CLIPS[3:4], silent=()))
    told = json.loads(json.dumps(scores.as_json(), allow_nan=False))
    assert told["estimates"]["harmonic_mean"] == {"value": None, "low": None, "high": None}
    assert told["estimates"]["accuracy_of_answers"]["value"] is None
    assert told["classes"] == [
        {
            "name": "b",
            "clips": 1,
            "accuracy": 1.0,
            "answered": 0.0,
            "accuracy_of_answers": None,
            "called": ["b"],
            "seen": True,
            "taken_for": "",
        }
    ]


def test_the_same_test_gives_the_same_intervals():
    assert scores_of(own_test()) == scores_of(own_test())
    assert scores_of(own_test()).estimates["accuracy"].low is not None
