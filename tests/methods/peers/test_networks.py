"""Parts of the neural peers, by hand."""

import numpy as np
import pytest
import torch

from gzssar.errors import ConfigError, DataError
from gzssar.methods.method import Task
from gzssar.methods.msf.gaussian import diagonal
from gzssar.methods.peers.cada_vae import warm_up
from gzssar.methods.peers.fs_vae import BANDS, Bands
from gzssar.methods.peers.gaussian_latents import fit_softmax, relative_error, wasserstein
from gzssar.methods.peers.jpose import triplets
from gzssar.methods.peers.network import texts_by_kind
from gzssar.methods.peers.revise import mean_discrepancy
from gzssar.methods.peers.smie import Smie
from gzssar.methods.problem import Spaces, pose
from peers_world import toy_world


def test_relative_errors_do_not_know_units():
    wanted, got = torch.tensor([[3.0, 4.0], [0.0, 0.0]]), torch.tensor([[3.0, 4.0], [5.0, 0.0]])
    assert relative_error(wanted, got).item() == pytest.approx(1.0)
    assert relative_error(10 * wanted, 10 * got).item() == pytest.approx(1.0)


def test_the_wasserstein_distance_of_gaussians():
    one = diagonal(torch.tensor([[0.0, 0.0, 0.0, 0.0]]))
    other = diagonal(torch.tensor([[3.0, 0.0, 2 * np.log(5.0), 0.0]]))
    assert wasserstein(one, other).item() == pytest.approx(5.0, rel=1e-4)  # means 3 apart, deviations 1 and 5


def test_the_softmax_tells_far_texts_apart():
    torch.manual_seed(0)
    means = 4 * torch.eye(3)
    classifier = fit_softmax(diagonal(torch.cat([means, torch.zeros(3, 3)], dim=1)))
    assert classifier(means).argmax(dim=1).tolist() == [0, 1, 2]


def test_warm_up():
    assert [warm_up(done, 0.2, 0.6) for done in (0.1, 0.4, 0.9)] == [0.0, pytest.approx(0.5), 1.0]


def test_samples_of_one_distribution_have_no_discrepancy():
    torch.manual_seed(0)
    one, other = torch.randn(400, 8), torch.randn(400, 8)
    assert mean_discrepancy(one, one).item() == pytest.approx(0, abs=1e-6)
    assert mean_discrepancy(one, other) < 0.02 < mean_discrepancy(one, other + 1)


def test_triplets_ask_for_a_margin_and_leave_pairs_of_one_class_alone():
    cosines = torch.tensor([[1.0, 0.9], [0.9, 1.0]])
    other = torch.tensor([[False, True], [True, False]])
    assert triplets(cosines, other, 0.3).item() == pytest.approx(2 * 0.1)  # squared distances 0 and .2, both ways
    assert triplets(cosines, other, 0.1).item() == 0
    assert triplets(cosines, torch.zeros(2, 2, dtype=torch.bool), 0.3).item() == 0


def test_bands_keep_lengths_until_they_weigh():
    bands = Bands(64)
    clips = torch.randn(5, 64, generator=torch.Generator().manual_seed(0))
    weighed = bands(clips)
    with torch.no_grad():
        bands.strength.zero_()
    torch.testing.assert_close(bands(clips).norm(dim=1), clips.norm(dim=1))
    constant = bands(torch.ones(1, 64))
    torch.testing.assert_close(constant[0], torch.tensor([8.0] + 63 * [0.0]), atol=1e-5, rtol=0)  # one frequency
    factors = (weighed / bands(clips)).detach()
    assert factors[0, 0].item() == pytest.approx(1.3, rel=1e-4)
    assert factors[0, -1].item() == pytest.approx(1 - 0.3 * (1 + 1 / BANDS), rel=1e-4)


def test_each_kind_of_text_has_a_space_of_its_own(tmp_path):
    benchmark, texts = toy_world(tmp_path)
    phase = benchmark.test
    parts = texts_by_kind(pose(Task("toy", phase.train, phase.seen, phase.unseen, texts), Spaces()))
    assert [part.shape for part in parts] == [(24, 24)] * 3
    for part in parts:
        seen = part[list(phase.seen)]
        assert np.square(seen).sum(axis=1).mean() == pytest.approx(1, rel=1e-4)
        np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-5)


def test_settings_are_checked():
    with pytest.raises(ConfigError, match="steps must be positive"):
        Smie(steps=0)


def test_a_loss_that_leaves_the_finite_numbers_is_told(tmp_path):
    benchmark, texts = toy_world(tmp_path)
    phase = benchmark.test
    task = Task("toy", phase.train, phase.seen, phase.unseen, texts)
    with pytest.raises(DataError, match="the loss of smie should stay finite, but it is nan: lower the learning rate"):
        Smie(steps=10, text_noise=1e38).fit([task], 0)
