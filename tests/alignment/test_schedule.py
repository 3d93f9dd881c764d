from dataclasses import replace

import pytest

from gzssar.alignment.schedule import weights_at
from gzssar.config import DEFAULT, PAPER

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
    weights = weights_at(replace(PAPER, cycle_steps=cycle_steps), cycle, step, D, E)
    assert weights == pytest.approx((1 / D, 1 / E, skeleton_kl, text_kl, cross))


def test_cycles_of_another_length_keep_the_shares():
    recipe = replace(PAPER, cycle_steps=170)
    steps = [weights_at(recipe, 0, step, D, E) for step in range(170)]
    assert next(i for i, w in enumerate(steps) if w.skeleton_kl > 0) == 101
    assert next(i for i, w in enumerate(steps) if w.cross > 0) == 141


def test_a_likelihood_with_constant_weights():
    recipe = replace(DEFAULT, reconstruction="likelihood", schedule="constant", text_precision=30.0)
    weights = {weights_at(recipe, cycle, step, D, E) for cycle in (0, 2) for step in (0, 1699)}
    assert weights == {(0.5, 15.0, 1.0, 1.0, 1.0)}
