"""Diagonal Gaussians in the latent space, and the two kinds of noise to draw from them with."""

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Independent, Normal

if TYPE_CHECKING:
    Posterior = Independent[Normal]
else:
    Posterior = Independent
"""A diagonal Gaussian per row; generic for the type checker only, since older torch cannot subscript it."""


def diagonal(encoded: Float[Tensor, "*N ZZ"]) -> Posterior:
    """A Gaussian out of an encoder's output: μ in the first half of the last axis, log σ² in the second."""
    mean, log_variance = encoded.chunk(2, dim=-1)
    return Independent(Normal(mean, (0.5 * log_variance).exp(), validate_args=False), 1, validate_args=False)


def draw(posterior: Posterior, shared: bool, generator: torch.Generator | None = None) -> Float[Tensor, "*N Z"]:
    """One reparametrised sample per row: μ + ε·σ.

    Args:
        posterior: what to draw from.
        shared: one ε per row for all latent dimensions, as in the MSF authors' code; it moves a sample along one line
            only. Otherwise one ε per dimension, as a Gaussian has it.
        generator: where ε comes from.
    """
    mean, deviation = posterior.base_dist.mean, posterior.base_dist.stddev
    shape = (*mean.shape[:-1], 1) if shared else mean.shape
    return mean + torch.randn(shape, generator=generator, device=mean.device) * deviation


def kl_to_standard_normal(posterior: Posterior) -> Float[Tensor, "*N"]:
    """KL(q ‖ N(0, I)) per row, in nats; never negative. ½ Σ (μ² + σ² − 1 − log σ²), Kingma and Welling 2014, app. B."""
    mean, variance = posterior.base_dist.mean, posterior.base_dist.variance
    return 0.5 * (mean.square() + variance - 1 - variance.log()).sum(dim=-1)
