"""Bootstraps whose spread is known: of a share of n independent clips, and of a class or two."""

import dataclasses

import numpy as np
import pytest

from gzssar.errors import DataError
from gzssar.evaluation.comparison import compare
from gzssar.evaluation.protocol import GzslAnswers

CLASSES, PER_CLASS = 8, 50
LABELS = np.repeat(np.arange(CLASSES), PER_CLASS)
SEEN = LABELS < 4


def answers(right, called_seen=None):
    """Answers that are right, and routed rightly unless told, for the clips of a mask."""
    wrong = np.where(SEEN, (LABELS + 1) % 4, 4 + (LABELS + 1) % 4)
    said = np.where(right, LABELS, wrong)
    routing = np.where(SEEN if called_seen is None else called_seen, 0.9, 0.1)
    return GzslAnswers(LABELS, SEEN, np.where(SEEN, said, 0), np.where(SEEN, 4, said), routing, 0.5)


ALL = answers(np.ones(len(LABELS), dtype=bool))


def by_metric(a, b):
    return {one.metric: one for one in compare(a, b)}


def test_the_same_answers_do_not_differ():
    for one in compare([ALL], [ALL]):
        assert (one.a, one.b, one.difference, one.over_clips, one.over_classes) == (1, 1, 0, (0, 0), (0, 0))


def test_differences_are_means_over_seeds():
    half = answers(np.arange(len(LABELS)) % 2 == 0)
    found = by_metric([ALL], [ALL, half])
    assert {name: one.b for name, one in found.items()} == pytest.approx(dict.fromkeys(found, 0.75))
    assert found["harmonic_mean"].difference == pytest.approx(0.25)


def test_zsl_is_not_routed():
    found = by_metric([answers(np.ones(len(LABELS), dtype=bool), called_seen=np.ones_like(SEEN))], [ALL])
    assert (found["zsl_accuracy"].a, found["unseen_accuracy"].a, found["harmonic_mean"].a) == (1, 0, 0)


def test_an_interval_over_clips_is_that_of_a_share():
    """A tenth of 200 unseen clips is lost: ± 1.96 √(.1 · .9 / 200)."""
    found = by_metric([ALL], [answers(np.arange(len(LABELS)) % 10 != 0)])
    for metric in ("zsl_accuracy", "seen_accuracy", "unseen_accuracy"):
        low, high = found[metric].over_clips
        assert (low, high) == pytest.approx((0.1 - 0.0416, 0.1 + 0.0416), abs=0.012)
        assert found[metric].over_classes == pytest.approx((0.1, 0.1))  # each class loses as much


def test_an_interval_over_classes_is_wide_where_one_class_makes_the_difference():
    found = by_metric([ALL], [answers(LABELS != 7)])["zsl_accuracy"]
    assert found.difference == 0.25
    assert found.over_clips == pytest.approx((0.19, 0.31), abs=0.01)
    assert found.over_classes == (0, 0.75)  # class 7 is drawn into one to three of four places, or into none


def test_equal_arguments_give_equal_intervals():
    one, other = answers(np.arange(len(LABELS)) % 3 != 0), answers(np.arange(len(LABELS)) % 7 != 0)
    assert compare([one], [other]) == compare([one], [other])


@pytest.mark.parametrize("change", [{"labels": LABELS[::-1].copy()}, {"is_seen": ~SEEN}])
def test_other_test_clips_are_refused(change):
    with pytest.raises(DataError, match="compared on the same test clips"):
        compare([ALL], [dataclasses.replace(ALL, **change)])
