import pytest
import torch
from hypothesis import given, strategies as st
from torch.distributions import Independent, Normal, kl_divergence

from gzssar.methods.msf.gaussian import diagonal, draw, kl_to_standard_normal

numbers = st.floats(-8, 8)


def posterior(mean, log_variance):
    return diagonal(torch.tensor([[*mean, *log_variance]], dtype=torch.float64))


def standard(width):
    return Independent(Normal(torch.zeros(width).double(), torch.ones(width).double()), 1)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5))
def test_kl_is_never_negative_and_what_torch_says(pairs):
    mean, log_variance = zip(*pairs, strict=True)
    q = posterior(mean, log_variance)
    kl = kl_to_standard_normal(q)
    assert kl.shape == (1,)
    assert kl.item() >= -1e-12
    torch.testing.assert_close(kl, kl_divergence(q, standard(len(pairs))), rtol=1e-9, atol=1e-9)


def test_kl_by_hand():
    assert kl_to_standard_normal(posterior([0, 0, 0], [0, 0, 0])).item() == 0
    # μ = (1, 2), σ² = (1, e): ½(1 + 4 + (e − 1 − 1))
    assert kl_to_standard_normal(posterior([1, 2], [0, 1])).item() == pytest.approx(0.5 * (5 + 2.718281828459045 - 2))


def test_the_first_half_is_the_mean_and_the_second_the_log_variance():
    q = posterior([3, -1], [0, 2])
    assert q.base_dist.mean.tolist() == [[3, -1]]
    torch.testing.assert_close(q.base_dist.variance, torch.tensor([[1, 2.718281828459045**2]]).double())


def drawn(shared, count=4000):
    encoded = torch.tensor([[1.0, -2.0, 0.5, 0.0, 2.0, -1.0]]).repeat(count, 1)
    return draw(diagonal(encoded), shared, torch.Generator().manual_seed(0))


def test_shared_noise_moves_all_dimensions_along_one_line():
    moves = drawn(shared=True) - torch.tensor([1.0, -2.0, 0.5])
    along = torch.tensor([0.0, 1.0, -0.5]).exp()  # σ
    torch.testing.assert_close(moves, moves[:, :1] * along, rtol=1e-4, atol=1e-5)
    assert moves[:, 0].std().item() == pytest.approx(1, abs=0.05)


def test_independent_noise_has_the_posteriors_covariance():
    latents = drawn(shared=False)
    torch.testing.assert_close(latents.mean(dim=0), torch.tensor([1.0, -2.0, 0.5]), rtol=0, atol=0.15)
    deviations = torch.tensor([0.0, 1.0, -0.5]).exp()
    correlation = torch.cov(latents.T) / deviations.outer(deviations)
    torch.testing.assert_close(correlation, torch.eye(3), rtol=0, atol=0.08)


@pytest.mark.parametrize("shared", [True, False])
def test_equal_generators_draw_equal_latents(shared):
    assert torch.equal(drawn(shared, 5), drawn(shared, 5))
