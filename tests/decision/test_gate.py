import numpy as np
import pytest

from gzssar.decision.gate import Gate, GateSet, distance_inputs, fit_gate, probability_inputs, tune_threshold
from gzssar.errors import DataError
from gzssar.evaluation.protocol import GzslAnswers

QUANTILES = np.linspace(-2, 2, 41)


def gate_set(seen, unseen):
    """Clips with one input each."""
    inputs = np.concatenate([seen, unseen]).astype(np.float64)[:, None]
    return GateSet(inputs, np.repeat(np.array([1, 0]), [len(seen), len(unseen)]))


def p_seen(gate, *inputs):
    return gate.p_seen(np.array(inputs, dtype=np.float64)[:, None])


# inputs


def test_the_papers_inputs_by_hand():
    unseen, seen = np.array([[0.1, 0.7, 0.2]]), np.array([[0.5, 0.1, 0.25, 0.15]])
    assert probability_inputs(unseen, seen, 2).tolist() == [[0.7, 0.2, 0.5, 0.25]]


@pytest.mark.parametrize(("unseen", "seen", "kind"), [(2, 5, "2 unseen"), (5, 2, "2 seen")])
def test_too_few_classes_for_the_papers_inputs(unseen, seen, kind):
    message = f"but there are only {kind} classes: hold out as many validation-unseen classes"
    with pytest.raises(DataError, match=message):
        probability_inputs(np.ones((1, unseen)), np.ones((1, seen)), 3)


def test_distance_inputs_by_hand():
    unseen, seen = np.array([[-9.0, -4.0], [-1.0, -2.0]]), np.array([[-3.0, -1.0, -7.0], [-5.0, -6.0, -8.0]])
    assert distance_inputs(unseen, seen).tolist() == [[-1, -4], [-5, -1]]


# the regression


@pytest.mark.parametrize("balanced", [True, False])
def test_separable_clips_are_told_apart(balanced):
    one = gate_set(seen=QUANTILES + 10, unseen=QUANTILES - 10)
    answers = fit_gate([one], balanced).p_seen(one.inputs) > 0.5
    assert answers.tolist() == one.is_seen.astype(bool).tolist()


@pytest.mark.parametrize("balanced", [True, False])
def test_p_seen_rises_with_what_speaks_for_seen(balanced):
    gate = fit_gate([gate_set(seen=QUANTILES + 1, unseen=QUANTILES - 1)], balanced)
    p = p_seen(gate, *np.linspace(-3, 3, 50))
    assert (np.diff(p) > 0).all()
    assert p_seen(gate, -1e9, 1e9).tolist() == [0, 1]


def test_p_seen_by_hand():
    gate = Gate(centre=np.array([1.0, 0]), scale=np.array([2.0, 1]), weights=np.array([3.0, -1]), bias=0.5)
    # 3·(2 − 1)/2 − 1·1 + ½ = 1
    assert gate.p_seen(np.array([[2.0, 1.0]]))[0] == pytest.approx(1 / (1 + np.exp(-1)))


def test_nine_seen_clips_to_one_are_a_prior_unless_balanced():
    one = gate_set(seen=np.tile(QUANTILES + 1, 90), unseen=np.tile(QUANTILES - 1, 10))
    assert p_seen(fit_gate([one], balanced=False), 0)[0] == pytest.approx(0.9, abs=0.02)
    assert p_seen(fit_gate([one], balanced=True), 0)[0] == pytest.approx(0.5, abs=0.02)


def test_each_set_weighs_the_same_when_balanced():
    low, high = gate_set(QUANTILES, QUANTILES - 2), gate_set(QUANTILES + 3, QUANTILES + 1)
    many = gate_set(np.tile(QUANTILES + 3, 30), np.tile(QUANTILES + 1, 30))

    def even_odds(sets, balanced):
        """Where p_seen is one half."""
        grid = np.linspace(-4, 6, 1001)
        return grid[np.abs(p_seen(fit_gate(sets, balanced), *grid) - 0.5).argmin()]

    assert even_odds([low, high], True) == pytest.approx(0.5, abs=0.05)
    assert even_odds([low, many], True) == pytest.approx(0.5, abs=0.1)
    assert even_odds([low, many], False) > 1.5


@pytest.mark.parametrize("kind", [0, 1])
def test_a_set_of_one_kind_is_refused(kind):
    whole = gate_set(QUANTILES + 1, QUANTILES - 1)
    keep = whole.is_seen == kind
    part = GateSet(whole.inputs[keep], whole.is_seen[keep])
    with pytest.raises(DataError, match="clips of both kinds, but a set has only seen or only unseen ones"):
        fit_gate([whole, part], balanced=True)


# the threshold


def answers(p, is_seen):
    """Every clip recognized, if only it goes to the right classifier."""
    labels = np.where(np.array(is_seen), 0, 9)
    ones = np.ones(len(p), dtype=np.int64)
    return GzslAnswers(labels, np.array(is_seen), 0 * ones, 9 * ones, np.array(p), threshold=0.0)


def test_the_threshold_parts_seen_from_unseen():
    assert 0.6 <= tune_threshold([answers([0.9, 0.7, 0.6, 0.1], [True, True, False, False])]) < 0.7


def test_the_threshold_is_best_on_average():
    # alone: between .2 and .4, and between .3 and .8; both: between .3 and .4
    one, other = answers([0.4, 0.2], [True, False]), answers([0.8, 0.3], [True, False])
    assert 0.3 <= tune_threshold([one, other]) < 0.4
