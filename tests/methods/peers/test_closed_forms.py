"""Each closed form against the equation that it solves, or its answer by hand."""

import numpy as np
import pytest
import scipy.linalg

from gzssar.methods.peers.cca import directions
from gzssar.methods.peers.conse import average
from gzssar.methods.peers.eszsl import bilinear
from gzssar.methods.peers.sae import encoder


@pytest.fixture
def world():
    """40 clips of 5 classes: (clips, labels, texts)."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 6)), np.arange(40) % 5, rng.normal(size=(5, 4))


def test_eszsl_satisfies_its_normal_equations(world):
    x, labels, s = world
    y = np.where(labels[:, None] == np.arange(5), 1.0, -1.0)
    v = bilinear(x.astype(np.float32), y, s.astype(np.float32), 3.0, 0.5)
    there = (x.T @ x + 3 * np.eye(6)) @ v @ (s.T @ s + 0.5 * np.eye(4))
    np.testing.assert_allclose(there, x.T @ y @ s, atol=1e-4)


def test_sae_solves_its_sylvester_equation(world):
    x, labels, s = world
    found = encoder(x.astype(np.float32), s[labels].astype(np.float32), 0.2)
    left, right = s[labels].T @ s[labels], 0.2 * x.T @ x
    expected = scipy.linalg.solve_sylvester(left, right, 1.2 * s[labels].T @ x)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_sae_leaves_text_dimensions_alone_that_no_text_has(world):
    x, labels, s = world
    padded = np.pad(s[labels], ((0, 0), (0, 2))).astype(np.float32)
    np.testing.assert_allclose(encoder(x.astype(np.float32), padded, 0.2)[4:], 0, atol=1e-9)


def test_cca_finds_the_eigenvectors_of_the_textbook(world):
    x, labels, s = world
    found = directions(x, s[labels], np.ones(40), 0.0)
    both = np.cov(np.hstack([x, s[labels]]).T, bias=True)
    cxx, cxy, cyy = both[:6, :6], both[:6, 6:], both[6:, 6:]
    squares = scipy.linalg.eigvals(np.linalg.solve(cxx, cxy) @ np.linalg.solve(cyy, cxy.T)).real
    np.testing.assert_allclose(found.correlations**2, np.sort(squares)[::-1][:4], atol=1e-8)
    np.testing.assert_allclose(found.clips.T @ cxx @ found.clips, np.eye(4), atol=1e-8)
    np.testing.assert_allclose(found.clips.T @ cxy @ found.texts, np.diag(found.correlations), atol=1e-8)


def test_a_penalty_weakens_the_correlations(world):
    x, labels, s = world
    free, held = (directions(x, s[labels], np.ones(40), penalty).correlations for penalty in (0.0, 1.0))
    assert (held < free).all()


def test_conse_averages_the_likeliest_texts():
    logits = np.log(np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]))
    texts = np.array([[1.0, 0], [0, 1], [5, 5]], dtype=np.float32)
    np.testing.assert_allclose(average(logits, texts, 2)[0], [2 / 3, 1 / 3], atol=1e-6)
    np.testing.assert_allclose(average(logits, texts, 10)[1], [3.2, 3.2], atol=1e-6)
