"""SynSE: syntactically guided generative embeddings for zero-shot skeleton action recognition (Gupta et al., ICIP
2021).

Each part of the text has a VAE. Clips have one VAE, whose latent is divided into a piece for each part. Clips are
decoded from the concatenated latents of the parts, and each part is decoded from its piece of a clip's latent. A linear
softmax is trained on latents drawn from the unseen texts and applied to the mean of a clip's posterior.

Constants: a piece is 32 wide, the weight of the KL is .001, and cross-reconstruction is used after .2 of each cycle.

Differences from the paper:

1. Parts are the kinds of text (label, action, motion), not verbs and nouns.
2. Errors are relative to the size of what is reconstructed; decoders are linear.
3. The harness fits the gate. The paper's gate is the same as that of MSF, trained on one validation phase.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Independent, Normal

from gzssar.methods.msf.gaussian import Posterior, kl_to_standard_normal
from gzssar.methods.peers.gaussian_latents import GenerativePeer, SharedLatents, Vae, relative_error, sample
from gzssar.methods.peers.network import Batch, texts_by_kind
from gzssar.methods.problem import Problem
from gzssar.shapes import TextFeatures


class SplitVaes(SharedLatents):
    """A VAE for clips, and one for each part of the text."""

    def __init__(self, width: int, text_widths: Sequence[int], piece: int) -> None:
        super().__init__()
        self.text_widths, self.piece = list(text_widths), piece
        self.skeleton = Vae(width, piece * len(text_widths))
        self.parts = nn.ModuleList([Vae(one, piece) for one in text_widths])

    def clip_posterior(self, clips: Float[Tensor, "N D"]) -> Posterior:
        """q(z | clip)."""
        return self.skeleton.posterior(clips)

    def text_posterior(self, texts: Float[Tensor, "N E"]) -> Posterior:
        """The parts' posteriors as one."""
        pairs = zip(self._vaes, torch.split(texts, self.text_widths, dim=1), strict=True)
        normals = [part.posterior(text).base_dist for part, text in pairs]
        mean, deviation = (torch.cat([getattr(n, what) for n in normals], dim=1) for what in ("mean", "stddev"))
        return Independent(Normal(mean, deviation, validate_args=False), 1, validate_args=False)

    def decode_texts(self, latents: Float[Tensor, "N Z"]) -> Float[Tensor, "N E"]:
        """Each part from its piece."""
        pieces = zip(self._vaes, torch.split(latents, self.piece, dim=1), strict=True)
        return torch.cat([part.decoder(piece) for part, piece in pieces], dim=1)

    @property
    def _vaes(self) -> list[Vae]:
        return cast("list[Vae]", list(self.parts))


@dataclass(frozen=True)
class Synse(GenerativePeer[SplitVaes]):
    """VAEs with a piece of the latent for each part of the text."""

    name = "synse"

    steps: int = 200
    learning_rate: float = 3e-3
    piece: int = 32
    kl: float = 0.001
    cross_from: float = 0.2
    """The share of a cycle after which cross-reconstruction is used."""

    def text_parts(self, problem: Problem) -> list[TextFeatures]:
        """One per kind of text."""
        return texts_by_kind(problem)

    def network(self, width: int, text_widths: Sequence[int]) -> SplitVaes:
        """Linear VAEs."""
        return SplitVaes(width, text_widths, self.piece)

    def loss(self, network: SplitVaes, batch: Batch, step: int) -> Float[Tensor, ""]:
        """Reconstructions, KL, and later cross-reconstructions."""
        skeleton, text = network.skeleton.posterior(batch.skeletons), network.text_posterior(batch.texts)
        z_s, z_t = sample(skeleton), sample(text)
        loss = relative_error(batch.skeletons, network.skeleton.decoder(z_s))
        loss = loss + relative_error(batch.wanted_texts, network.decode_texts(z_t))
        loss = loss + self.kl * (kl_to_standard_normal(skeleton) + kl_to_standard_normal(text)).mean()
        if step % self.steps >= self.cross_from * self.steps:
            loss = loss + relative_error(batch.skeletons, network.skeleton.decoder(z_t))
            loss = loss + relative_error(batch.wanted_texts, network.decode_texts(z_s))
        return loss
