"""SA-DVAE: zero-shot skeleton-based action recognition with a semantics-disentangled VAE (Li et al., ECCV 2024).

The latent of a clip has a semantic part and an instance part; a text has only the semantic part. Clips are decoded from
both parts and texts from the semantic part. In cross-reconstruction, the semantic part comes from the other modality. A
discriminator that distinguishes true pairs of parts from shuffled ones keeps the parts independent. A linear softmax is
trained on latents drawn from the unseen texts and applied to the mean of a clip's semantic part.

Constants: widths 160 (semantic) and 8 (instance), as on NTU-60; at step e of a cycle of n steps, the weight of the
clips' KL is .1·(e − 1000n/1700)/(3000n/1700). Cross-reconstruction is used from the share `cross_from` of a cycle on.
From the second cycle on, the texts' KL and the discriminator are used, with weights that grow in the same way. The
discriminator learns at every fifth step.

Differences from the paper:

1. Errors are relative to the size of what is reconstructed; decoders end without a ReLU, because whitened features are
   often negative.
2. There are three cycles of 200 mini-batches of 64 clips, with a larger learning rate, instead of ten cycles of one
   epoch with mini-batches of 32. Because the training is short, cross-reconstruction is used from .2 of a cycle on
   (paper: .8), and the texts' KL and the discriminator from the second cycle on (paper: third).
3. The discriminator has the same Adam optimizer as the VAE.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gzssar.methods.msf.gaussian import Posterior, diagonal, kl_to_standard_normal
from gzssar.methods.peers.gaussian_latents import (
    GenerativePeer,
    SharedLatents,
    Vae,
    cycle_schedule,
    relative_error,
    sample,
)
from gzssar.methods.peers.network import Batch, mlp


class Disentangled(SharedLatents):
    """Encoders and decoders, and the discriminator."""

    def __init__(self, width: int, text_width: int, semantic: int, instance: int) -> None:
        super().__init__()
        both = semantic + instance
        self.semantic = nn.Linear(width, 2 * semantic)
        self.instance = nn.Linear(width, 2 * instance)
        self.decoder = nn.Linear(both, width)
        self.text = Vae(text_width, semantic)
        self.discriminator = mlp(both, max(both // 4, 1), 1)

    def clip_posterior(self, clips: Float[Tensor, "N D"]) -> Posterior:
        """q(z_s | clip)."""
        return diagonal(self.semantic(clips))

    def text_posterior(self, texts: Float[Tensor, "N E"]) -> Posterior:
        """q(z_s | text)."""
        return self.text.posterior(texts)


@dataclass(frozen=True)
class SaDvae(GenerativePeer[Disentangled]):
    """A VAE in which only the semantic part is aligned with texts."""

    name = "sa-dvae"

    steps: int = 200
    learning_rate: float = 3e-3
    semantic: int = 160
    instance: int = 8
    cross_from: float = 0.2
    """The share of a cycle after which cross-reconstruction is used."""

    def network(self, width: int, text_widths: Sequence[int]) -> Disentangled:
        """Linear encoders and decoders."""
        return Disentangled(width, sum(text_widths), self.semantic, self.instance)

    def loss(self, network: Disentangled, batch: Batch, step: int) -> Float[Tensor, ""]:
        """Reconstructions, KL, cross-reconstructions and independence, by the schedule of a cycle."""
        done, k_clip, k_text = cycle_schedule(step, self.steps, self.cross_from)
        semantic, text = network.clip_posterior(batch.skeletons), network.text_posterior(batch.texts)
        instance = diagonal(network.instance(batch.skeletons))
        z_s, z_i, z_t = sample(semantic), sample(instance), sample(text)
        both = torch.cat([z_s, z_i], dim=1)
        loss = relative_error(batch.skeletons, network.decoder(both))
        loss = loss + relative_error(batch.wanted_texts, network.text.decoder(z_t))
        loss = loss + k_clip * (kl_to_standard_normal(semantic) + kl_to_standard_normal(instance)).mean()
        if done >= self.cross_from:
            crossed = network.decoder(torch.cat([z_t, z_i], dim=1))
            loss = loss + relative_error(batch.skeletons, crossed)
            loss = loss + relative_error(batch.wanted_texts, network.text.decoder(z_s))
        if k_text:
            network.discriminator.requires_grad_(False)  # here the parts learn to mislead it
            loss = loss + k_text * kl_to_standard_normal(text).mean()
            loss = loss + k_text * torch.sigmoid(network.discriminator(both)).mean()
            network.discriminator.requires_grad_(True)
        if step % 5 == 0:
            loss = loss + _independence(network, z_s.detach(), z_i.detach())
        return loss


def _independence(network: Disentangled, z_s: Float[Tensor, "B Z"], z_i: Float[Tensor, "B Y"]) -> Float[Tensor, ""]:
    """What the discriminator gets wrong: true pairs of parts are 1, shuffled ones 0."""
    pairs = torch.cat([z_s, z_i], dim=1)
    shuffled = torch.cat([z_s[torch.randperm(len(z_s))], z_i[torch.randperm(len(z_i))]], dim=1)
    logits = network.discriminator(torch.cat([pairs, shuffled]))
    truth = torch.cat([torch.ones(len(pairs), 1), torch.zeros(len(pairs), 1)])
    return binary_cross_entropy_with_logits(logits, truth)
