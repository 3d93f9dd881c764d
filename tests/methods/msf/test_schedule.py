from dataclasses import replace

import pytest

from gzssar.methods.msf.schedule import weights_at
from gzssar.methods.msf.settings import MsfSettings
from gzssar.methods.recipe import PAPER, recipe_for

D, E = 256, 1536


@pytest.mark.parametrize(
    ("cycle_steps", "cycle", "step", "skeleton_kl", "text_kl", "cross"),
    [
        (1700, 0, 0, 0, 0, 0),
        (1700, 0, 1000, 0, 0, 0),
        (1700, 0, 1001, 0.1 / 3000, 0, 0),
        (1700, 0, 1400, 40 / 3000, 0, 0),
        (1700, 0, 1401, 40.1 / 3000, 0, 1),
        (1700, 1, 1699, 69.9 / 3000, 0, 1),
        (1700, 2, 1400, 40 / 3000, 0, 0),
        (1700, 2, 1699, 69.9 / 3000, 29.9 / 3000, 1),
        (1700, 9, 1500, 50 / 3000, 10 / 3000, 1),
        (1900, 1, 1500, 50 / 3000, 0, 0),
        (1900, 1, 1501, 50.1 / 3000, 0, 1),
        (1900, 2, 1899, 89.9 / 3000, 39.9 / 3000, 1),
    ],
)
def test_the_papers_annealing_by_hand(cycle_steps, cycle, step, skeleton_kl, text_kl, cross):
    settings = recipe_for("paper", {1700: "ntu60-55-5", 1900: "ntu60-48-12"}[cycle_steps]).method
    weights = weights_at(settings, cycle, step, D, E)
    assert weights == pytest.approx((1 / D, 1 / E, skeleton_kl, text_kl, cross))


def test_the_onset_of_the_cross_terms_is_the_recipes():
    settings = replace(PAPER.method, cycle_steps=60, cross_from=30)
    assert [weights_at(settings, 0, step, D, E).cross for step in (30, 31)] == [0, 1]


def test_a_likelihood_with_constant_weights():
    settings = MsfSettings(reconstruction="likelihood", schedule="constant", text_precision=30.0)
    weights = {weights_at(settings, cycle, step, D, E) for cycle in (0, 2) for step in (0, 1699)}
    assert weights == {(0.5, 15.0, 1.0, 1.0, 1.0)}
