"""When no answer is given: bounds on the share of wrong answers, by hand."""

import numpy as np
import pytest

from gzssar.decision.abstention import (
    BOUNDS,
    Answers,
    HeldOut,
    Limits,
    Thresholds,
    covered,
    fit_abstention,
    least,
    together,
)
from gzssar.errors import ConfigError


def lowest(values, right, bound, weight=None):
    return least(np.array(values), np.array(right), bound, None if weight is None else np.array(weight))


def test_as_many_answers_as_the_bound_allows():
    # shares of wrong answers from the top: 0, 0, 1/3, 1/4, 2/5
    values, right = [0.9, 0.8, 0.7, 0.6, 0.5], [True, True, False, True, False]
    assert lowest(values, right, 0.2) == 0.8
    assert lowest(values, right, 0.25) == 0.6
    assert lowest(values, right, 0.4) == 0.5


def test_equal_values_are_given_or_left_together():
    assert lowest([0.9, 0.8, 0.8, 0.8], [True, True, False, False], 0.3) == 0.9


def test_nothing_is_answered_where_all_is_wrong():
    assert lowest([0.9, 0.8], [False, False], 0.5) > 1


def test_weights_count():
    assert lowest([0.9, 0.8, 0.7], [True, False, True], 0.3, [1.0, 0.1, 1.0]) == 0.7
    assert lowest([0.9, 0.8, 0.7], [True, False, True], 0.3, [1.0, 5.0, 1.0]) == 0.9


def answers(top, cosine, seen, right):
    return Answers(np.array(top), np.array(cosine), np.array(seen), np.array(right))


FOLD = HeldOut(
    known=answers(
        [0.9, 0.8, 0.7, 0.6, 0.9, 0.3], [0.9, 0.8, 0.7, 0.3, 0.5, 0.2], [True] * 4 + [False] * 2, [True] * 5 + [False]
    ),
    is_seen=np.array([True] * 4 + [False] * 2),
    strange=answers([0.95, 0.9], [0.4, 0.3], [True, True], [False, False]),
)


def test_strangers_bound_the_cosine_and_not_the_probability():
    thresholds = fit_abstention([FOLD]).at(0.2)
    # two strangers stand for as many clips as the four of known classes
    assert thresholds == Thresholds(Limits(0.6, 0.7), Limits(0.9, 0.5))
    unsure = thresholds.unsure(*FOLD.known[:3])
    assert unsure.tolist() == [False, False, False, True, False, True]
    assert thresholds.unsure(*FOLD.strange[:3]).all()


def test_strangers_bound_the_cosine_of_unseen_classes_too():
    beside = answers([0.9, 0.9], [0.6, 0.1], [False, False], [False, False])
    fold = FOLD._replace(strange=together([FOLD.strange, beside]))
    # of six clips of known classes two are answered with an unseen class; two of two strangers, thrice each
    assert fit_abstention([fold]).at(0.2).seen == Limits(0.6, 0.7)
    assert fit_abstention([fold]).at(0.2).unseen.cosine > 1
    assert fit_abstention([fold]).at(0.5).unseen.cosine > 1
    far = FOLD._replace(strange=together([FOLD.strange, beside._replace(cosine=np.array([0.4, 0.1]))]))
    assert fit_abstention([far]).at(0.2).unseen.cosine == 0.5


def test_a_bound_between_two_takes_the_stricter_one():
    abstention = fit_abstention([FOLD])
    assert abstention.at(0.19) is abstention.by_bound[BOUNDS.index(0.15)]
    assert abstention.at(0.2) is abstention.by_bound[BOUNDS.index(0.2)]
    assert abstention.at(0.01) is abstention.by_bound[0]
    assert abstention.at(0.99) is abstention.by_bound[-1]


@pytest.mark.parametrize("share", [0.0, 0.005, 1.0, -1.0, float("nan")])
def test_a_bound_is_a_share(share):
    with pytest.raises(ConfigError, match=r"should be at least 0\.01 and below 1"):
        fit_abstention([FOLD]).at(share)


def test_coverage_is_told_by_the_thresholds_of_other_folds():
    told = covered([FOLD, FOLD])
    assert told == {
        "seen_coverage": pytest.approx(3 / 4),
        "seen_accuracy_where_covered": 1.0,
        "unseen_coverage": pytest.approx(1 / 2),
        "unseen_accuracy_where_covered": 1.0,
    }
    nothing = FOLD._replace(known=FOLD.known._replace(right=np.zeros(6, dtype=bool)))
    told = covered([FOLD, nothing])  # the first fold's are never given
    assert told["seen_coverage"] == pytest.approx(3 / 8)
    assert told["seen_accuracy_where_covered"] == 0
    assert "unseen_accuracy_where_covered" not in covered([nothing, nothing])
