"""How the benchmark of texts compares the similarities of two tables."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from gzssar.errors import TextError
from gzssar.texts.authoring.checking import similarity


@pytest.fixture
def texts(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    return importlib.import_module("texts")


def symmetric(*pairs: float) -> np.ndarray:
    """The matrix with these values above its diagonal, row by row, and ones on it."""
    size = int((1 + np.sqrt(1 + 8 * len(pairs))) / 2)
    matrix = np.zeros((size, size))
    matrix[np.triu_indices(size, 1)] = pairs
    return matrix + matrix.T + np.eye(size)


def test_nearest_neighbours_that_agree(texts):
    a = symmetric(0.9, 0.1, 0.2, 0.3, 0.4, 0.5)  # nearest: 0→1, 1→0, 2→3, 3→2
    b = symmetric(0.9, 0.1, 0.2, 0.95, 0.4, 0.5)  # nearest: 0→1, 1→2, 2→1, 3→2
    assert texts.nearest_neighbour_agreement(a, a) == 1
    assert texts.nearest_neighbour_agreement(a, b) == 0.5
    with pytest.raises(TextError, match="at least 2 classes, but there is 1"):
        texts.nearest_neighbour_agreement(np.ones((1, 1)), np.ones((1, 1)))


def test_rank_correlation_by_hand(texts):
    up, down, tied = symmetric(0.1, 0.2, 0.3), symmetric(0.3, 0.2, -0.1), symmetric(0.1, 0.2, 0.2)
    assert texts.rank_correlation(up, up) == pytest.approx(1)
    assert texts.rank_correlation(up, down) == pytest.approx(-1)
    # ranks 1, 2, 3 against 1, 2.5, 2.5: 1.5 / √(2 · 1.5)
    assert texts.rank_correlation(up, tied) == pytest.approx(np.sqrt(3) / 2)
    assert np.isnan(texts.rank_correlation(up, symmetric(0.5, 0.5, 0.5)))
    with pytest.raises(TextError, match="at least 3 classes, but there are 2"):
        texts.rank_correlation(np.eye(2), np.eye(2))


@pytest.mark.parametrize("decimals", [1, 8])
def test_rank_correlation_is_scipys(texts, decimals):
    rng = np.random.default_rng(0)
    a, b = (similarity(rng.normal(size=(20, 3))).round(decimals) for _ in range(2))
    pairs = np.triu_indices(20, 1)
    assert texts.rank_correlation(a, b) == pytest.approx(spearmanr(a[pairs], b[pairs]).statistic)
