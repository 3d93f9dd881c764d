"""A world of six clips, worked out on paper: classes 0 and 1 are seen, 2 and 3 unseen."""

import dataclasses

import numpy as np
import pytest

from gzssar.evaluation.protocol import (
    GzslAnswers,
    area_under_curve,
    evaluate,
    route,
    seen_unseen_curve,
    threshold_curve,
)

LABELS = np.array([0, 0, 1, 1, 2, 3])
ANSWERS = GzslAnswers(
    labels=LABELS,
    is_seen=LABELS < 2,
    seen_predictions=np.array([0, 0, 1, 0, 1, 1]),
    unseen_predictions=np.array([2, 3, 2, 2, 2, 2]),
    routing=np.array([0.9, 0.4, 0.8, 0.7, 0.2, 0.6]),
    threshold=0.5,
)


def test_the_gate_routes_and_a_tie_is_unseen() -> None:
    assert ANSWERS.routed().tolist() == [0, 3, 1, 0, 2, 1]
    assert ANSWERS.routed(0.6).tolist() == [0, 3, 1, 0, 2, 2]
    assert route(np.array([0]), np.array([2]), np.array([0.5]), 0.5).tolist() == [2]


def test_scores_by_hand() -> None:
    unseen = ~ANSWERS.is_seen
    scores = evaluate(ANSWERS, LABELS[unseen], ANSWERS.unseen_predictions[unseen])
    assert scores.zsl_accuracy == 0.5
    assert scores.seen_accuracy == 0.5  # clips 0 and 2 of four: clip 1 is routed wrongly, clip 3 recognized wrongly
    assert scores.unseen_accuracy == 0.5  # clip 4 of two: clip 5 is routed wrongly
    assert scores.harmonic_mean == 0.5
    assert scores.seen_mean_class_accuracy == 0.5
    assert scores.oracle_gate_harmonic_mean == pytest.approx(2 * 0.75 * 0.5 / 1.25)
    assert scores.gate_accuracy == pytest.approx(4 / 6)
    assert scores.gate_auc == pytest.approx(7 / 8)  # of 4 × 2 pairs only (0.4, 0.6) is upside down


def test_no_gate_beats_the_oracle() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        answers = dataclasses.replace(ANSWERS, routing=rng.uniform(size=6))
        scores = evaluate(answers, LABELS[4:], LABELS[4:])
        assert scores.harmonic_mean <= scores.oracle_gate_harmonic_mean


def test_mean_class_accuracy_differs_where_classes_differ_in_size() -> None:
    labels = np.array([0, 0, 0, 1, 2])
    answers = GzslAnswers(
        labels=labels,
        is_seen=labels < 2,
        seen_predictions=np.array([0, 0, 0, 0, 0]),
        unseen_predictions=np.array([2, 2, 2, 2, 2]),
        routing=np.array([1.0, 1.0, 1.0, 1.0, 0.0]),
        threshold=0.5,
    )
    scores = evaluate(answers, labels[4:], labels[4:])
    assert (scores.seen_accuracy, scores.seen_mean_class_accuracy) == (0.75, 0.5)
    assert scores.mean_class_harmonic_mean == pytest.approx(2 / 3)


def test_threshold_curve_passes_through_the_methods_own_point_and_both_ends() -> None:
    seen, unseen, harmonic = threshold_curve(ANSWERS, np.array([0.0, 0.5, 1.0]))
    assert seen.tolist() == [0.75, 0.5, 0.0]
    assert unseen.tolist() == [0.0, 0.5, 0.5]
    assert harmonic.tolist() == [0.0, 0.5, 0.0]


def test_the_area_under_the_seen_unseen_curve_by_hand() -> None:
    """Right where called seen: routings .9, .8 and .4 of four. Right where called unseen: .2 of two clips."""
    seen, unseen = seen_unseen_curve(ANSWERS)
    assert seen.tolist() == [0.75, 0.75, 0.5, 0.5, 0.5, 0.25, 0.0]
    assert unseen.tolist() == [0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert area_under_curve(seen, unseen) == 0.75 * 0.5
    assert evaluate(ANSWERS, LABELS[4:], LABELS[4:]).ausuc == 0.75 * 0.5


def test_clips_of_equal_routing_change_sides_together() -> None:
    tied = dataclasses.replace(ANSWERS, routing=np.array([0.9, 0.4, 0.8, 0.7, 0.4, 0.6]))
    seen, unseen = seen_unseen_curve(tied)
    assert (seen[1], unseen[1]) == (0.5, 0.5)
    assert area_under_curve(seen, unseen) == pytest.approx(0.25 * 0.25 + 0.5 * 0.5)  # a trapezoid, then a rectangle


def test_the_seen_unseen_curve_is_what_thresholds_give() -> None:
    rng = np.random.default_rng(0)
    answers = dataclasses.replace(ANSWERS, routing=rng.integers(1, 5, size=6) / 5)
    seen, unseen = seen_unseen_curve(answers)
    thresholds = np.array([0.0, *np.unique(answers.routing)])
    assert np.allclose([seen, unseen], threshold_curve(answers, thresholds)[:2])
