import numpy as np
import pytest

from gzssar.decision.evidence import Evidence
from gzssar.decision.gate import BestScores, Gate, LargestProbabilities, fit_gate, softmax
from gzssar.errors import DataError
from gzssar.methods.method import ClassScores

QUANTILES = np.linspace(-2, 2, 41)
BEST = BestScores()


def scored(seen):
    """One seen class with these scores, and one unseen class at 0."""
    seen = np.asarray(seen, dtype=np.float64)[:, None]
    return ClassScores(seen, np.zeros_like(seen))


def evidence(seen, unseen):
    """Clips of which only the seen class's score differs."""
    is_seen = np.repeat([True, False], [len(seen), len(unseen)])
    return Evidence(scored([*seen, *unseen]), is_seen, np.zeros(len(is_seen), dtype=np.int64))


def p_seen(gate, *inputs):
    return gate.p_seen(scored(inputs))


# what the gate reads


def test_the_papers_inputs_by_hand():
    scores = ClassScores(np.log([[0.5, 0.1, 0.25, 0.15]]), np.log([[0.3, 0.7]]))
    np.testing.assert_allclose(LargestProbabilities(1.0)(scores), [[0.7, 0.3, 0.5, 0.25]])
    seen = np.sqrt([0.5, 0.25]) / np.sqrt([0.5, 0.1, 0.25, 0.15]).sum()  # a temperature of 2 takes square roots
    np.testing.assert_allclose(LargestProbabilities(2.0)(scores), [[0.7, 0.3, *seen]])


def test_too_few_classes_for_the_papers_inputs():
    message = "the 3 largest seen probabilities, but there are only 2 seen classes: hold fewer classes out"
    with pytest.raises(DataError, match=message):
        LargestProbabilities(1.0)(ClassScores(np.ones((1, 2)), np.ones((1, 3))))


def test_a_gate_reads_as_many_probabilities_as_it_learned_from():
    gate = Gate(np.zeros(4), np.ones(4), np.zeros(4), 0.0, LargestProbabilities(1.0))
    with pytest.raises(DataError, match="learned to read 4 numbers cannot read 6: hold out as many"):
        gate.p_seen(ClassScores(np.ones((1, 5)), np.ones((1, 3))))


def test_best_scores_by_hand():
    unseen, seen = np.array([[-9.0, -4.0], [-1.0, -2.0]]), np.array([[-3.0, -1.0, -7.0], [-5.0, -6.0, -8.0]])
    assert BEST(ClassScores(seen, unseen)).tolist() == [[-1, -4], [-5, -1]]


def test_a_softmax_of_large_scores_does_not_overflow():
    assert softmax(np.array([[1e30, 0.0]])).tolist() == [[1, 0]]


# the regression


@pytest.mark.parametrize("balanced", [True, False])
def test_separable_clips_are_told_apart(balanced):
    one = evidence(seen=QUANTILES + 10, unseen=QUANTILES - 10)
    answers = fit_gate([one], BEST, balanced).p_seen(one.scores) > 0.5
    assert answers.tolist() == one.is_seen.tolist()


@pytest.mark.parametrize("balanced", [True, False])
def test_p_seen_rises_with_what_speaks_for_seen(balanced):
    gate = fit_gate([evidence(seen=QUANTILES + 1, unseen=QUANTILES - 1)], BEST, balanced)
    p = p_seen(gate, *np.linspace(-3, 3, 50))
    assert (np.diff(p) > 0).all()
    assert p_seen(gate, -1e9, 1e9).tolist() == [0, 1]


def test_p_seen_by_hand():
    gate = Gate(centre=np.array([1.0, 0]), scale=np.array([2.0, 1]), weights=np.array([3.0, -1]), bias=0.5)
    # 3·(2 − 1)/2 − 1·1 + ½ = 1
    scores = ClassScores(np.array([[2.0, -5.0]]), np.array([[1.0]]))
    assert gate.p_seen(scores)[0] == pytest.approx(1 / (1 + np.exp(-1)))


def test_nine_seen_clips_to_one_are_a_prior_unless_balanced():
    one = evidence(seen=np.tile(QUANTILES + 1, 90), unseen=np.tile(QUANTILES - 1, 10))
    assert p_seen(fit_gate([one], BEST, balanced=False), 0)[0] == pytest.approx(0.9, abs=0.02)
    assert p_seen(fit_gate([one], BEST, balanced=True), 0)[0] == pytest.approx(0.5, abs=0.02)


def test_each_set_weighs_the_same_when_balanced():
    low, high = evidence(QUANTILES, QUANTILES - 2), evidence(QUANTILES + 3, QUANTILES + 1)
    many = evidence(np.tile(QUANTILES + 3, 30), np.tile(QUANTILES + 1, 30))

    def even_odds(sets, balanced):
        """Where p_seen is one half."""
        grid = np.linspace(-4, 6, 1001)
        return grid[np.abs(p_seen(fit_gate(sets, BEST, balanced), *grid) - 0.5).argmin()]

    assert even_odds([low, high], True) == pytest.approx(0.5, abs=0.05)
    assert even_odds([low, many], True) == pytest.approx(0.5, abs=0.1)
    assert even_odds([low, many], False) > 1.5


@pytest.mark.parametrize("kind", [False, True])
def test_a_set_of_one_kind_is_refused(kind):
    whole = evidence(QUANTILES + 1, QUANTILES - 1)
    part = evidence(QUANTILES, []) if kind else evidence([], QUANTILES)
    with pytest.raises(DataError, match="clips of both kinds, but a set has only seen or only unseen ones"):
        fit_gate([whole, part], BEST, balanced=True)
