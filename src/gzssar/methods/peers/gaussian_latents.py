"""The common part of the peers with variational autoencoders: a latent space for clips and texts, and a softmax in it.

The softmax is linear. It is trained on latents drawn from the posteriors of the unseen texts and applied to the mean of
a clip's posterior.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gzssar.methods.msf.gaussian import Posterior, diagonal, draw
from gzssar.methods.peers.network import NeuralPeer, mlp

SAMPLES_PER_CLASS = 100
SOFTMAX_STEPS = 100
SOFTMAX_LEARNING_RATE = 3e-2


class SharedLatents(nn.Module, ABC):
    """A network that encodes clips and texts into one latent space."""

    classifier: nn.Linear
    """The classifier of the unseen classes, which is trained last."""

    @abstractmethod
    def clip_posterior(self, clips: Float[Tensor, "N D"]) -> Posterior:
        """q(z | clip)."""

    @abstractmethod
    def text_posterior(self, texts: Float[Tensor, "N E"]) -> Posterior:
        """q(z | text)."""


L = TypeVar("L", bound=SharedLatents)


@dataclass(frozen=True)
class GenerativePeer(NeuralPeer[L]):
    """A method that compares clips and texts by their latents."""

    def prepare(self, network: L, texts: Float[Tensor, "U E"]) -> L:
        """Train the softmax."""
        network.classifier = fit_softmax(network.text_posterior(texts))
        return network

    def unseen_scores(
        self, network: L, texts: Float[Tensor, "U E"], clips: Float[Tensor, "N D"]
    ) -> Float[Tensor, "N U"]:
        """The softmax's logarithms."""
        return torch.log_softmax(network.classifier(network.clip_posterior(clips).base_dist.mean), dim=1)


class Vae(nn.Module):
    """An encoder to μ and log σ², and a decoder; each linear, or with one hidden layer."""

    def __init__(self, width: int, latent_width: int, hidden: int | None = None) -> None:
        super().__init__()
        between = () if hidden is None else (hidden,)
        self.encoder = mlp(width, *between, 2 * latent_width)
        self.decoder = mlp(latent_width, *between, width)

    def posterior(self, inputs: Float[Tensor, "N W"]) -> Posterior:
        """q(z | input): one diagonal Gaussian per row."""
        return diagonal(self.encoder(inputs))


def cycle_schedule(step: int, steps: int, cross_from: float) -> tuple[float, float, float]:
    """Which share of its cycle a step has done, and what the clips' and the texts' KL weigh there, as in SA-DVAE and
    FS-VAE: both grow within a cycle, the texts' from the second one on.

    Args:
        step: counts from 0 over all cycles.
        steps: of a cycle.
        cross_from: share of a cycle from which the texts' KL grows.
    """
    cycle, done = step // steps, step % steps / steps
    k_clip = max(0.0, 0.1 * (done - 1000 / 1700) / (3000 / 1700))
    k_text = max(0.0, 0.1 * (done - cross_from) / (3000 / 1700)) if cycle else 0.0
    return done, k_clip, k_text


def relative_error(wanted: Float[Tensor, "N W"], got: Float[Tensor, "N W"]) -> Float[Tensor, ""]:
    """The squared error as a share of the size of what is wanted, so that skeletons and texts count alike, whatever
    their widths and units are."""
    return (wanted - got).square().sum() / wanted.square().sum()


def fit_softmax(posterior: Posterior) -> nn.Linear:
    """A linear softmax that tells the rows of a posterior from each other, trained on latents drawn from them, full
    batch."""
    mean, deviation = (part.repeat_interleave(SAMPLES_PER_CLASS, dim=0) for part in _moments(posterior))
    latents = (mean + torch.randn_like(mean) * deviation).detach()
    labels = torch.arange(len(mean)) // SAMPLES_PER_CLASS
    classifier = nn.Linear(mean.shape[1], len(mean) // SAMPLES_PER_CLASS)
    adam = torch.optim.Adam(classifier.parameters(), SOFTMAX_LEARNING_RATE, fused=True)
    for _ in range(SOFTMAX_STEPS):
        adam.zero_grad()
        torch.autograd.backward(nn.functional.cross_entropy(classifier(latents), labels))
        adam.step()
    return classifier.requires_grad_(False)


def wasserstein(one: Posterior, other: Posterior) -> Float[Tensor, "N"]:
    """The 2-Wasserstein distance between two diagonal Gaussians, row by row."""
    squares = [(a - b).square().sum(dim=1) for a, b in zip(_moments(one), _moments(other), strict=True)]
    return (squares[0] + squares[1] + 1e-9).sqrt()  # at 0 the root has no derivative


def _moments(posterior: Posterior) -> tuple[Float[Tensor, "N Z"], Float[Tensor, "N Z"]]:
    return posterior.base_dist.mean, posterior.base_dist.stddev


def sample(posterior: Posterior) -> Float[Tensor, "N Z"]:
    """One latent per row."""
    return draw(posterior, shared=False)
