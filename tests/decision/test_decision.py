import numpy as np
import pytest

from gzssar.decision.decision import Calibration, Decision, tempered
from gzssar.decision.gate import Gate
from gzssar.methods.method import ClassScores

EVEN = Gate(np.zeros(2), np.ones(2), np.zeros(2), 0.0)
"""p_seen = ½ whatever comes."""
NEARER = Gate(np.zeros(2), np.ones(2), np.array([1.0, -1.0]), 0.0)
"""p_seen = σ(highest seen − highest unseen)."""


def always(p_seen):
    return Gate(np.zeros(2), np.ones(2), np.zeros(2), float(np.log(p_seen / (1 - p_seen))))


def logs(*probabilities):
    return np.log(np.array([probabilities]))


def ranked(seen, unseen, gate, calibration):
    return Decision(gate, calibration).rank(ClassScores(seen, unseen))


# scores


def test_the_mixture_by_hand():
    scores = ranked(logs(0.3, 0.1), logs(0.2, 0.2, 0.4), EVEN, Calibration())
    np.testing.assert_allclose(scores.seen, [[0.375, 0.125]])
    np.testing.assert_allclose(scores.unseen, [[0.125, 0.125, 0.25]])
    assert scores.p_seen.tolist() == [0.5]


def test_temperatures_by_hand():
    # at T = 2 probabilities become square roots: 1/4 and 1/16 → 1/2 and 1/4; at T = ½ squares: ½ and ½ stay
    calibration = Calibration(seen_temperature=2.0, unseen_temperature=0.5)
    scores = ranked(logs(1 / 4, 1 / 16), logs(0.1, 0.2), EVEN, calibration)
    np.testing.assert_allclose(scores.seen, [[1 / 3, 1 / 6]])
    np.testing.assert_allclose(scores.unseen, [[0.1, 0.4]])


def test_the_gate_reads_densities_before_any_temperature():
    calibration = Calibration(seen_temperature=50.0, unseen_temperature=50.0)
    scores = ranked(np.array([[1.0, 3.0]]), np.array([[2.0, 0.0]]), NEARER, calibration)
    assert scores.p_seen[0] == pytest.approx(1 / (1 + np.exp(-1)))
    assert scores.seen.sum() == pytest.approx(scores.p_seen[0])


@pytest.mark.parametrize("threshold", [0.02, 0.3, 0.5, 0.98])
def test_the_threshold_becomes_even_odds(threshold):
    seen, unseen = logs(0.5, 0.5), logs(1.0)
    at = ranked(seen, unseen, always(threshold), Calibration(threshold=threshold))
    assert at.seen.sum() == pytest.approx(0.5)
    assert at.p_seen[0] == pytest.approx(threshold)  # what the gate says is left alone
    above = ranked(seen, unseen, always(min(threshold + 0.01, 0.99)), Calibration(threshold=threshold))
    assert above.seen.sum() > 0.5 > above.unseen.sum()


def test_odds_are_divided_by_those_of_the_threshold():
    # odds 4 : 1, of the threshold 1 : 4, so 16 : 1
    scores = ranked(logs(1.0), logs(1.0), always(0.8), Calibration(threshold=0.2))
    assert scores.seen[0, 0] == pytest.approx(16 / 17)


def test_a_gate_that_is_sure_leaves_numbers_finite():
    for sign, total in ((1, 1), (-1, 0)):
        gate = Gate(np.zeros(2), np.ones(2), np.zeros(2), sign * 1e6)
        scores = ranked(logs(0.5, 0.5), logs(1.0), gate, Calibration(threshold=0.02))
        assert scores.seen.sum() == pytest.approx(total, abs=1e-9)
        assert (scores.seen.sum() + scores.unseen.sum()) == pytest.approx(1)


def test_far_away_densities_stay_finite():
    scores = ranked(np.array([[-1e6, -2e6]]), np.array([[-3e6]]), EVEN, Calibration())
    np.testing.assert_allclose(np.concatenate([scores.seen, scores.unseen], axis=1), [[0.5, 0, 0.5]])


@pytest.mark.parametrize(("seen", "unseen", "p_seen"), [(3, 0, 1), (0, 3, 0)])
def test_one_kind_has_all_the_probability(seen, unseen, p_seen):
    rng = np.random.default_rng(0)
    scores = ranked(rng.normal(size=(4, seen)), rng.normal(size=(4, unseen)), EVEN, Calibration())
    assert scores.p_seen.tolist() == [p_seen] * 4
    np.testing.assert_allclose(scores.seen.sum(axis=1) + scores.unseen.sum(axis=1), 1)
    assert scores.seen.shape == (4, seen)
    assert scores.unseen.shape == (4, unseen)


# routing


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("temperatures", [(1.0, 1.0), (0.7, 30.0), (0.0, 0.0)])
def test_routing_gives_the_rankings_answer_for_every_clip(threshold, temperatures):
    rng = np.random.default_rng(0)
    scores = ClassScores(3 * rng.normal(size=(2000, 7)), 3 * rng.normal(size=(2000, 4)))
    decision = Decision(NEARER, Calibration(*temperatures, threshold))
    ranking = decision.rank(scores)
    best = np.concatenate([ranking.seen, ranking.unseen], axis=1).argmax(axis=1)
    routed = np.where(
        decision.routing(scores) > threshold, scores.seen.argmax(axis=1), 7 + scores.unseen.argmax(axis=1)
    )
    assert np.array_equal(best, routed)
    assert 0.05 < (best < 7).mean() < 0.95


def test_routing_by_hand():
    # odds of p_seen 1 : 1, the best seen class has 3/4, the best unseen one 1/2
    routing = Decision(EVEN, Calibration()).routing(ClassScores(logs(0.3, 0.1), logs(0.2, 0.2)))
    assert routing[0] == pytest.approx(0.6)


def test_at_temperature_zero_the_gate_decides_alone():
    decision = Decision(always(0.7), Calibration(0.0, 0.0))
    scores = ClassScores(logs(0.3, 0.1), logs(0.2, 0.2, 0.4))
    assert decision.routing(scores).tolist() == decision.gate.p_seen(scores).tolist()
    ranking = decision.rank(scores)
    np.testing.assert_allclose(ranking.seen, [[0.7, 0]])
    np.testing.assert_allclose(ranking.unseen, [[0, 0, 0.3]])
    assert tempered(np.zeros((2, 0)), 0.0).shape == (2, 0)
