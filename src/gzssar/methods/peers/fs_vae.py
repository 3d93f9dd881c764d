"""FS-VAE: frequency-semantic enhanced variational autoencoder for zero-shot skeleton-based action recognition (Wu et
al., ICCV 2025).

Two linear VAEs share a latent space. Each encoder first takes a discrete cosine transform over the dimensions of its
input, strengthens the low bands and weakens the high ones. The losses between modalities are calibrated: a sigmoid
gives little weight to pairs that hardly match, and a text decoded from its own clip must be nearer to the true text
than one decoded from another clip.

Constants: there are 30 bands. Band b is multiplied by 1 + w_b·k·(1 − b/30) if it ends by coefficient 30, and
otherwise by 1 − w_b·k·(1 − (b − 30)/30), where w and k are learned and k starts at .3. The calibrated loss has weight
α = 2. At step e of a cycle of n steps, the weight of the clips' KL is .1·(e − 1000n/1700)/(3000n/1700). The
calibrated loss is used after the share `cross_from` of a cycle, and from the second cycle on, the texts' KL too.

Differences from the paper:

1. Squared errors are relative to their modality's mean square, and λ, in that unit, is 1 (paper: λ = 100, α = .5, in
   the features' unit).
2. Bands are equally wide, and w starts at 1; the paper leaves this open.
3. There are three cycles of 200 mini-batches, with a larger learning rate. The calibrated loss is used from .2 of a
   cycle on (paper: .8), and the texts' KL from the second cycle on (paper: third).
4. Decoders end without a ReLU, because whitened features are often negative.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.fft import dct
from torch import Tensor, nn

from gzssar.methods.msf.gaussian import Posterior, kl_to_standard_normal
from gzssar.methods.peers.gaussian_latents import (
    GenerativePeer,
    SharedLatents,
    Vae,
    cycle_schedule,
    relative_error,
    sample,
)
from gzssar.methods.peers.network import Batch

BANDS = 30
LAST_LOW = 30
"""The coefficient by which a band ends that counts as low."""


class Bands(nn.Module):
    """The discrete cosine transform of each row, with a learned factor for each band."""

    transform: Float[Tensor, "W W"]
    band: Float[Tensor, "W"]
    slope: Float[Tensor, "bands"]

    def __init__(self, width: int) -> None:
        super().__init__()
        bands = np.arange(BANDS)
        ends = (bands + 1) * width / BANDS
        slope = np.where(ends <= LAST_LOW, 1 - bands / BANDS, -(1 - (bands - BANDS) / BANDS))
        self.register_buffer("transform", torch.from_numpy(dct(np.eye(width), norm="ortho").astype(np.float32)))
        self.register_buffer("band", torch.arange(width) * BANDS // width)
        self.register_buffer("slope", torch.from_numpy(slope.astype(np.float32)))
        self.weight = nn.Parameter(torch.ones(BANDS))
        self.strength = nn.Parameter(torch.tensor(0.3))

    def forward(self, inputs: Float[Tensor, "N W"]) -> Float[Tensor, "N W"]:
        """Coefficients."""
        factors = 1 + self.weight * self.strength * self.slope
        return inputs @ self.transform * factors[self.band]


class FrequencyVaes(SharedLatents):
    """Two VAEs that read these frequencies."""

    def __init__(self, width: int, text_width: int, latent_width: int) -> None:
        super().__init__()
        self.skeleton, self.text = Vae(width, latent_width), Vae(text_width, latent_width)
        self.skeleton_bands, self.text_bands = Bands(width), Bands(text_width)

    def clip_posterior(self, clips: Float[Tensor, "N D"]) -> Posterior:
        """q(z | clip)."""
        return self.skeleton.posterior(self.skeleton_bands(clips))

    def text_posterior(self, texts: Float[Tensor, "N E"]) -> Posterior:
        """q(z | text)."""
        return self.text.posterior(self.text_bands(texts))


@dataclass(frozen=True)
class FsVae(GenerativePeer[FrequencyVaes]):
    """VAEs on frequencies with calibrated losses."""

    name = "fs-vae"

    steps: int = 200
    learning_rate: float = 3e-3
    latent_width: int = 100
    calibration: float = 2.0
    """α."""
    cross_from: float = 0.2
    """The share of a cycle after which the calibrated loss is used."""

    def network(self, width: int, text_widths: Sequence[int]) -> FrequencyVaes:
        """Linear VAEs behind the transforms."""
        return FrequencyVaes(width, sum(text_widths), self.latent_width)

    def loss(self, network: FrequencyVaes, batch: Batch, step: int) -> Float[Tensor, ""]:
        """Reconstructions, KL and the calibrated loss, by the schedule of a cycle."""
        done, k_clip, k_text = cycle_schedule(step, self.steps, self.cross_from)
        skeleton, text = network.clip_posterior(batch.skeletons), network.text_posterior(batch.texts)
        z_s, z_t = sample(skeleton), sample(text)
        loss = relative_error(batch.skeletons, network.skeleton.decoder(z_s))
        loss = loss + relative_error(batch.wanted_texts, network.text.decoder(z_t))
        loss = loss + k_clip * kl_to_standard_normal(skeleton).mean() + k_text * kl_to_standard_normal(text).mean()
        if done >= self.cross_from:
            from_clips = network.text.decoder(z_s)
            nearer = _errors(batch.wanted_texts, from_clips[torch.randperm(len(from_clips))]) - _errors(
                batch.texts, from_clips
            )
            crossed = _errors(batch.skeletons, network.skeleton.decoder(z_t))
            loss = loss + self.calibration * (torch.sigmoid(-nearer).mean() + torch.sigmoid(crossed).mean())
        return loss


def _errors(wanted: Float[Tensor, "N W"], got: Float[Tensor, "N W"]) -> Float[Tensor, "N"]:
    """Squared errors, in units of the mean square of what is wanted."""
    return (wanted - got).square().sum(dim=1) / wanted.square().sum(dim=1).mean()
