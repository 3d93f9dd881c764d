import numpy as np
import pytest

from gzssar.features.features import FeatureSet, Phase
from gzssar.methods.msf.text_weights import PARTS, _grid, _regress, fit_text_weights
from gzssar.recipe import DEFAULT
from gzssar.texts.fusion import unit

CLASSES, WIDTH, PER_CLASS = 16, 8, 12
UNSEEN = (1, 5, 10, 14)
SEEN = tuple(c for c in range(CLASSES) if c not in UNSEEN)


@pytest.fixture
def world():
    """Clips that scatter around a linear map of one table of texts; another table is noise."""
    rng = np.random.default_rng(0)
    telling, noise = (unit(rng.normal(size=(CLASSES, 5))).astype(np.float32) for _ in range(2))
    means = 1.2 * telling @ rng.normal(size=(5, WIDTH))
    labels = np.repeat(np.arange(CLASSES), PER_CLASS)
    clips = FeatureSet((means[labels] + rng.normal(size=(len(labels), WIDTH))).astype(np.float32), labels)
    return Phase("fold", clips.of(SEEN), clips, SEEN, UNSEEN), telling, noise


def test_the_table_that_tells_classes_apart_gets_the_weight(world):
    phase, telling, noise = world
    for tables, best in (([noise, telling], 1), ([telling, noise], 0)):
        weights = fit_text_weights([phase], tables, DEFAULT)
        assert sum(weights) == pytest.approx(1)
        assert weights[best] >= 0.6


def test_one_table_weighs_all(world):
    assert fit_text_weights([world[0]], [world[1]], DEFAULT) == (1.0,)


def test_equal_tables_weigh_the_same(world):
    phase, telling, _ = world
    assert fit_text_weights([phase], [telling, telling], DEFAULT) == (0.5, 0.5)


def test_candidates_are_all_the_ways_to_hand_out_the_parts():
    grid = list(_grid(3))
    assert len(grid) == 1 + (PARTS + 2) * (PARTS + 1) // 2
    assert all(sum(weights) == pytest.approx(1) for weights in grid)
    assert (1.0, 0.0, 0.0) in grid


def test_without_noise_the_regression_meets_the_class_means():
    rng = np.random.default_rng(1)
    texts, means = rng.normal(size=(6, 9)).astype(np.float32), rng.normal(size=(4, 3)).astype(np.float32)
    texts -= texts[:4].mean(axis=0)  # as centred texts are
    predicted = _regress(texts, means, (0, 1, 2, 3), 1e-4)
    np.testing.assert_allclose(predicted[:4], means, atol=1e-3)
