from dataclasses import replace

import numpy as np
import pytest

from gzssar.decision.decision import Calibration, Decision
from gzssar.decision.evidence import Evidence
from gzssar.decision.gate import Gate
from gzssar.decision.selection import best_checkpoint, decisions_of_others, fit_decision, held_out_scores, score
from gzssar.errors import DataError
from gzssar.methods.method import ClassScores
from gzssar.methods.recipe import DEFAULT, MSF, PAPER

NEARER = Gate(np.zeros(2), np.ones(2), np.array([1.0, -1.0]), 0.0)
"""p_seen = σ(highest seen − highest unseen)."""


def known(seen, unseen, is_seen, column):
    return Evidence(ClassScores(seen, unseen), is_seen, column)


def drawn(rng, count, classes, temperature):
    """Logits whose softmax at `temperature` says how often each class is the true one."""
    logits = 3 * temperature * rng.normal(size=(count, classes))
    gumbel = -np.log(-np.log(rng.random((count, classes))))
    return logits, (logits / temperature + gumbel).argmax(axis=1)


@pytest.mark.parametrize(("seen", "unseen"), [(1.0, 20.0), (8.0, 2.0), (0.005, 0.05), (150.0, 0.5)])
def test_known_temperatures_are_found(seen, unseen):
    rng, folds = np.random.default_rng(0), []
    for _ in range(3):
        (s, s_truth), (u, u_truth) = drawn(rng, 1500, 5, seen), drawn(rng, 1500, 4, unseen)
        is_seen = np.repeat([True, False], 1500)
        other_s, other_u = rng.normal(size=s.shape), rng.normal(size=u.shape)
        folds.append(
            known(np.concatenate([s, other_s]), np.concatenate([other_u, u]), is_seen, np.append(s_truth, u_truth))
        )
    found = fit_decision(folds, DEFAULT).calibration
    assert found.seen_temperature == pytest.approx(seen, rel=0.15)
    assert found.unseen_temperature == pytest.approx(unseen, rel=0.15)


def test_temperatures_reach_from_those_of_cosines_to_those_of_densities():
    sharp, flat = (
        known(
            np.tile([scale, 0.0], (40, 1)),
            np.tile([scale, 0.0], (40, 1)),
            np.arange(40) < 20,
            np.where(np.arange(40) % 10 < right, 0, 1),
        )
        for scale, right in ((1e-6, 9), (1e6, 9))
    )
    assert fit_decision([sharp], DEFAULT).calibration.seen_temperature == pytest.approx(0.004, rel=0.02)
    assert fit_decision([flat], DEFAULT).calibration.unseen_temperature == pytest.approx(200)


def fold(p_seen, is_seen):
    """One seen and one unseen class: only the gate, NEARER, decides."""
    odds = np.log(np.array(p_seen) / (1 - np.array(p_seen)))
    zeros = np.zeros(len(odds), dtype=np.int64)
    return known(odds[:, None], np.zeros((len(odds), 1)), np.array(is_seen), zeros)


def test_the_threshold_has_the_highest_mean_h():
    one = fold([0.4, 0.2], [True, False])
    other = fold([0.8, 0.3], [True, False])
    decision = replace(DEFAULT, routing="hard")
    found = fit_decision([one, other], decision)
    called_seen = [(found.routing(each.scores) > found.calibration.threshold).tolist() for each in (one, other)]
    assert called_seen == [[True, False], [True, False]]


def test_scores_of_a_fold_by_hand():
    # right, right, wrong (p_seen too low), right; unseen: right, wrong (p_seen too high)
    one = fold([0.9, 0.8, 0.4, 0.7, 0.1, 0.6], [True, True, True, True, False, False])
    told = score(one, Decision(NEARER, Calibration()))
    assert told["zsl_accuracy"] == 1
    assert told["seen_accuracy"] == 0.75
    assert told["unseen_accuracy"] == 0.5
    assert told["harmonic_mean"] == pytest.approx(0.6)


# what the recipe says


def test_a_fixed_threshold_is_kept():
    folds = [fold([0.95, 0.9, 0.2, 0.05], [True, True, False, False])] * 2
    assert fit_decision(folds, replace(DEFAULT, threshold=0.77)).calibration.threshold == 0.77


def test_hard_routing_has_no_temperature():
    folds = [fold([0.95, 0.9, 0.2, 0.05], [True, True, False, False])] * 2
    soft, hard = (fit_decision(folds, replace(DEFAULT, routing=way)).calibration for way in ("soft", "hard"))
    assert (hard.seen_temperature, hard.unseen_temperature) == (0, 0)
    assert min(soft.seen_temperature, soft.unseen_temperature) > 0


def test_the_weighting_of_the_gate_is_the_recipes():
    one = fold([0.9, 0.8, 0.7, 0.6, 0.55, 0.4], [True, True, True, True, True, False])
    even, prior = (fit_decision([one], replace(MSF, gate_weighting=way)).gate for way in ("balanced", "as-they-come"))
    assert prior.p_seen(one.scores)[-1] > even.p_seen(one.scores)[-1]
    assert prior.scale.tolist() == [1, 1]


def test_the_papers_gate_reads_its_probabilities():
    rng = np.random.default_rng(0)
    one = known(rng.normal(size=(40, 5)), rng.normal(size=(40, 3)), np.arange(40) < 20, np.zeros(40, dtype=np.int64))
    decision = fit_decision([one], PAPER)
    assert len(decision.gate.weights) == 6
    assert decision.calibration.threshold == 0.5


# checkpoints and honest scores


def zsl(right):
    """Evidence on unseen clips, a share of which is right."""
    column = np.array([0, *(0 if k < right else 1 for k in range(4))])
    scores = ClassScores(np.zeros((5, 1)), np.tile([1.0, 0.0], (5, 1)))
    return Evidence(scores, np.array([True, False, False, False, False]), column)


def test_the_checkpoint_is_best_on_average_and_the_first_of_equals():
    assert best_checkpoint([[zsl(1), zsl(2), zsl(4)], [zsl(4), zsl(4), zsl(1)]]) == 1
    assert best_checkpoint([[zsl(2), zsl(2)]]) == 0


def test_each_fold_is_judged_by_the_others():
    good, odd = fold([0.9, 0.1], [True, False]), fold([0.2, 0.8], [True, False])
    evidence = [good, good, odd]
    told = held_out_scores(evidence, decisions_of_others(evidence, DEFAULT))
    by_hand = [
        score(one, fit_decision(others, DEFAULT))
        for one, others in ((good, [good, odd]), (good, [good, odd]), (odd, [good, good]))
    ]
    assert told["harmonic_mean"] == pytest.approx(np.mean([one["harmonic_mean"] for one in by_hand]))
    assert by_hand[2]["harmonic_mean"] == 0


def test_evidence_of_one_kind_is_refused():
    with pytest.raises(DataError, match="clips of both kinds"):
        fit_decision([fold([0.9, 0.8], [True, True])], DEFAULT)
