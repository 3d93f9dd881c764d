"""TDSM: bridging the skeleton-text modality gap by diffusion-powered modality alignment (Do and Kim, ICCV 2025).

A network removes the noise from a noisy clip, given the text of a class. It learns to do so well with the text of the
clip and badly with another text. A clip gets the unseen class with the lowest error in the middle of the diffusion,
averaged over fixed noises.

Constants, as in the paper: 50 steps of diffusion, scores at step 25, three noises, margin 1.

Differences from the paper:

1. The network is small: two residual layers of width 128, each conditioned on text and time (paper: a transformer of
   width 768 and depth 12, trained for 50,000 steps). A clip is one vector, so there is nothing to attend to.
2. The network predicts the clip, not the noise. The noise follows a cosine schedule. Texts are layer-normalised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from gzssar.methods.peers.network import Batch, NeuralPeer
from gzssar.methods.peers.scorer import SHARPNESS

DIFFUSION_STEPS = 50
ASKED_AT = 25


class Steered(nn.Module):
    """A residual layer whose input is scaled and shifted depending on a condition."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.steer = nn.Linear(width, 2 * width)
        self.layer = nn.Linear(width, width)

    def forward(self, inputs: Float[Tensor, "N W"], condition: Float[Tensor, "N W"]) -> Float[Tensor, "N W"]:
        """One step further."""
        scale, shift = self.steer(condition).chunk(2, dim=1)
        return inputs + self.layer(torch.relu(self.norm(inputs) * (1 + scale) + shift))


class Denoiser(nn.Module):
    """Predicts the clip from the noisy clip, its text and the step of the diffusion. It keeps the noises that scoring
    adds."""

    noises: Float[Tensor, "noises D"]

    def __init__(self, width: int, text_width: int, inner: int, depth: int, noises: int) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(width + text_width, inner), nn.Linear(inner, width)
        self.steer = nn.Linear(text_width + 2, inner)
        self.layers = nn.ModuleList([Steered(inner) for _ in range(depth)])
        self.register_buffer("noises", torch.randn(noises, width))

    def forward(
        self, noised: Float[Tensor, "N D"], texts: Float[Tensor, "N E"], angles: Float[Tensor, "N 1"]
    ) -> Float[Tensor, "N D"]:
        """The clip."""
        texts = layer_norm(texts, texts.shape[1:])
        condition = torch.relu(self.steer(torch.cat([texts, torch.sin(angles), torch.cos(angles)], dim=1)))
        state = self.enter(torch.cat([noised, texts], dim=1))
        for layer in self.layers:
            state = layer(state, condition)
        return self.leave(state)

    def errors(
        self, clips: Float[Tensor, "N D"], texts: Float[Tensor, "N E"], noise: Float[Tensor, "N D"], step: Tensor
    ) -> Float[Tensor, "N"]:
        """How wrongly the clip is told, in the mean over dimensions."""
        angles = pi / 2 * step[:, None] / DIFFUSION_STEPS
        noised = torch.cos(angles) * clips + torch.sin(angles) * noise
        return (self(noised, texts, angles) - clips).square().mean(dim=1)


@dataclass(frozen=True)
class Tdsm(NeuralPeer[Denoiser]):
    """The score says how much a text helps to remove the noise."""

    name = "tdsm"

    steps: int = 150
    learning_rate: float = 3e-3
    width: int = 128
    depth: int = 2
    noises: int = 3
    margin: float = 1.0

    def network(self, width: int, text_widths: Sequence[int]) -> Denoiser:
        """A small denoiser."""
        return Denoiser(width, sum(text_widths), self.width, self.depth, self.noises)

    def loss(self, network: Denoiser, batch: Batch, step: int) -> Float[Tensor, ""]:
        """The error with the right text, and how little larger the one with a wrong text is."""
        size = len(batch.columns)
        steps, noise = torch.randint(1, DIFFUSION_STEPS + 1, (size,)), torch.randn_like(batch.skeletons)
        away = torch.randint(1, len(batch.seen_texts), (size,))
        wrong_texts = batch.seen_texts[(batch.columns + away) % len(batch.seen_texts)]
        right = network.errors(batch.skeletons, batch.texts, noise, steps).mean()
        wrong = network.errors(batch.skeletons, wrong_texts, noise, steps).mean()
        return right + torch.relu(right - wrong + self.margin)

    def unseen_scores(
        self, network: Denoiser, texts: Float[Tensor, "U E"], clips: Float[Tensor, "N D"]
    ) -> Float[Tensor, "N U"]:
        """The negated error, averaged over the noises."""
        step = torch.full((len(clips),), ASKED_AT)

        def error(text: Float[Tensor, "E"]) -> Float[Tensor, "N"]:
            rows = text.expand(len(clips), -1)
            each = [network.errors(clips, rows, noise.expand(len(clips), -1), step) for noise in network.noises]
            return torch.stack(each).mean(dim=0)

        return -SHARPNESS * torch.stack([error(text) for text in texts], dim=1)
