import numpy as np
import pytest

from gzssar.decision.decision import Calibration, Known, fit_calibration, judge, score
from gzssar.decision.gate import Gate

EVEN = Gate(np.zeros(2), np.ones(2), np.zeros(2), 0.0)
"""p_seen = ½ whatever comes."""
NEARER = Gate(np.zeros(2), np.ones(2), np.array([1.0, -1.0]), 0.0)
"""p_seen = σ(highest seen − highest unseen)."""


def always(p_seen):
    return Gate(np.zeros(2), np.ones(2), np.zeros(2), float(np.log(p_seen / (1 - p_seen))))


def logs(*probabilities):
    return np.log(np.array([probabilities]))


def drawn(rng, count, classes, temperature):
    """Logits whose softmax at `temperature` says how often each class is the true one."""
    logits = 3 * temperature * rng.normal(size=(count, classes))
    gumbel = -np.log(-np.log(rng.random((count, classes))))
    return logits, (logits / temperature + gumbel).argmax(axis=1)


# scores


def test_the_mixture_by_hand():
    scores = score(logs(0.3, 0.1), logs(0.2, 0.2, 0.4), EVEN, Calibration())
    np.testing.assert_allclose(scores.seen, [[0.375, 0.125]])
    np.testing.assert_allclose(scores.unseen, [[0.125, 0.125, 0.25]])
    assert scores.p_seen.tolist() == [0.5]


def test_temperatures_by_hand():
    # at T = 2 probabilities become square roots: 1/4 and 1/16 → 1/2 and 1/4; at T = ½ squares: ½ and ½ stay
    calibration = Calibration(seen_temperature=2.0, unseen_temperature=0.5)
    scores = score(logs(1 / 4, 1 / 16), logs(0.1, 0.2), EVEN, calibration)
    np.testing.assert_allclose(scores.seen, [[1 / 3, 1 / 6]])
    np.testing.assert_allclose(scores.unseen, [[0.1, 0.4]])


def test_the_gate_reads_densities_before_any_temperature():
    calibration = Calibration(seen_temperature=50.0, unseen_temperature=50.0)
    scores = score(np.array([[1.0, 3.0]]), np.array([[2.0, 0.0]]), NEARER, calibration)
    assert scores.p_seen[0] == pytest.approx(1 / (1 + np.exp(-1)))
    assert scores.seen.sum() == pytest.approx(scores.p_seen[0])


@pytest.mark.parametrize("threshold", [0.02, 0.3, 0.5, 0.98])
def test_the_threshold_becomes_even_odds(threshold):
    seen, unseen = logs(0.5, 0.5), logs(1.0)
    at = score(seen, unseen, always(threshold), Calibration(threshold=threshold))
    assert at.seen.sum() == pytest.approx(0.5)
    assert at.p_seen[0] == pytest.approx(threshold)  # what the gate says is left alone
    above = score(seen, unseen, always(min(threshold + 0.01, 0.99)), Calibration(threshold=threshold))
    assert above.seen.sum() > 0.5 > above.unseen.sum()


def test_odds_are_divided_by_those_of_the_threshold():
    # odds 4 : 1, of the threshold 1 : 4, so 16 : 1
    scores = score(logs(1.0), logs(1.0), always(0.8), Calibration(threshold=0.2))
    assert scores.seen[0, 0] == pytest.approx(16 / 17)


def test_a_gate_that_is_sure_leaves_numbers_finite():
    for sign, total in ((1, 1), (-1, 0)):
        gate = Gate(np.zeros(2), np.ones(2), np.zeros(2), sign * 1e6)
        scores = score(logs(0.5, 0.5), logs(1.0), gate, Calibration(threshold=0.02))
        assert scores.seen.sum() == pytest.approx(total, abs=1e-9)
        assert (scores.seen.sum() + scores.unseen.sum()) == pytest.approx(1)


def test_far_away_densities_stay_finite():
    scores = score(np.array([[-1e6, -2e6]]), np.array([[-3e6]]), EVEN, Calibration())
    np.testing.assert_allclose(np.concatenate([scores.seen, scores.unseen], axis=1), [[0.5, 0, 0.5]])


@pytest.mark.parametrize(("seen", "unseen", "p_seen"), [(3, 0, 1), (0, 3, 0)])
def test_one_kind_has_all_the_probability(seen, unseen, p_seen):
    rng = np.random.default_rng(0)
    scores = score(rng.normal(size=(4, seen)), rng.normal(size=(4, unseen)), EVEN, Calibration())
    assert scores.p_seen.tolist() == [p_seen] * 4
    np.testing.assert_allclose(scores.seen.sum(axis=1) + scores.unseen.sum(axis=1), 1)
    assert scores.seen.shape == (4, seen)
    assert scores.unseen.shape == (4, unseen)


# calibration


@pytest.mark.parametrize(("seen", "unseen"), [(1.0, 20.0), (8.0, 2.0)])
def test_known_temperatures_are_found(seen, unseen):
    rng, folds = np.random.default_rng(0), []
    for _ in range(3):
        (s, s_truth), (u, u_truth) = drawn(rng, 1500, 5, seen), drawn(rng, 1500, 4, unseen)
        is_seen = np.repeat([True, False], 1500)
        other_s, other_u = rng.normal(size=s.shape), rng.normal(size=u.shape)
        folds.append(
            Known(np.concatenate([s, other_s]), np.concatenate([other_u, u]), is_seen, np.append(s_truth, u_truth))
        )
    found = fit_calibration(folds, EVEN)
    assert found.seen_temperature == pytest.approx(seen, rel=0.15)
    assert found.unseen_temperature == pytest.approx(unseen, rel=0.15)


def fold(p_seen, is_seen):
    """One seen and one unseen class: only the gate, NEARER, decides."""
    odds = np.log(np.array(p_seen) / (1 - np.array(p_seen)))
    zeros = np.zeros(len(odds), dtype=np.int64)
    return Known(odds[:, None], np.zeros((len(odds), 1)), np.array(is_seen), zeros)


def test_the_threshold_has_the_highest_mean_h():
    one = fold([0.4, 0.2], [True, False])
    other = fold([0.8, 0.3], [True, False])
    assert 0.3 <= fit_calibration([one, other], NEARER).threshold <= 0.4


def test_scores_of_a_fold_by_hand():
    # right, right, wrong (p_seen too low), right; unseen: right, wrong (p_seen too high)
    one = fold([0.9, 0.8, 0.4, 0.7, 0.1, 0.6], [True, True, True, True, False, False])
    told = judge(one, NEARER, Calibration(abstain_below=0.65))
    assert told["zsl_accuracy"] == 1
    assert told["seen_accuracy"] == 0.75
    assert told["unseen_accuracy"] == 0.5
    assert told["harmonic_mean"] == pytest.approx(0.6)
    assert told["coverage"] == pytest.approx(4 / 6)  # .9 .8 .7 and 1 − .1
    assert told["accuracy_where_covered"] == 1


def test_a_fold_of_which_nothing_is_covered():
    told = judge(fold([0.9, 0.1], [True, False]), NEARER, Calibration(abstain_below=1.0))
    assert (told["coverage"], told["accuracy_where_covered"]) == (0, 0)


def abstain_below(p_seen, is_seen):
    from gzssar.decision.decision import _abstain_below, _top

    one = fold(p_seen, is_seen)
    top, right = _top(one, score(one.seen, one.unseen, NEARER, Calibration()))
    return _abstain_below(top, right, np.ones(len(top)))


def test_answers_stop_where_more_are_wrong_than_right():
    # tops .95 .9 .85 .8 .7 .6, right but for .85, .7 and .6: gains 1 2 1 2 1 0; the first 2 is kept
    assert abstain_below([0.95, 0.9, 0.85, 0.8, 0.7, 0.6], [True, True, False, True, False, False]) == pytest.approx(
        0.9
    )
    # .75 is right as well: gains 1 2 1 2 3 2 1
    p_seen = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6]
    assert abstain_below(p_seen, [True, True, False, True, True, False, False]) == pytest.approx(0.75)


def test_equal_scores_are_kept_or_left_together():
    # .9 right, then .8 right and wrong and wrong: keeping .8 keeps all three
    assert abstain_below([0.9, 0.8, 0.8, 0.8], [True, True, False, False]) == pytest.approx(0.9)


def test_nothing_is_answered_where_all_is_wrong():
    assert abstain_below([0.9, 0.8], [False, False]) == 1.0


def test_the_threshold_to_abstain_below_is_fitted_too():
    folds = [fold([0.95, 0.9, 0.2, 0.05], [True, True, False, False])] * 2
    found = fit_calibration(folds, NEARER)
    told = judge(folds[0], NEARER, found)
    assert told["coverage"] == told["accuracy_where_covered"] == 1
