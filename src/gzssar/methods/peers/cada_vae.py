"""CADA-VAE: generalized zero- and few-shot learning via aligned variational autoencoders (Schönfeld et al., CVPR 2019).

Two VAEs, one for clips and one for texts, share a latent space: each decodes the other's latents
(cross-reconstruction), and the 2-Wasserstein distance between the posteriors of a clip and of its text is minimised. A
linear softmax is trained on latents drawn from the unseen texts and applied to the mean of a clip's posterior.

Constants: latent width 64, one hidden layer in each network; at the end of the warm-up, the weights are .25 for the KL,
2.37 for the cross-reconstruction and 8.13 for the distance. The warm-ups are those of the paper, as shares of the
training: KL from 0 to .93, cross-reconstruction from .21 to .75, distance from .06 to .22.

Differences from the paper:

1. Errors are squared and relative to the size of what is reconstructed, not absolute; the KL and the distance are
   divided by the latent width, so the weights have the same effect.
2. Hidden layers are 128 wide instead of 450 to 1,660.
3. The softmax has only the unseen classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from gzssar.methods.msf.gaussian import Posterior, kl_to_standard_normal
from gzssar.methods.peers.gaussian_latents import (
    GenerativePeer,
    SharedLatents,
    Vae,
    relative_error,
    sample,
    wasserstein,
)
from gzssar.methods.peers.network import Batch


class AlignedVaes(SharedLatents):
    """Two VAEs."""

    def __init__(self, width: int, text_width: int, latent_width: int, hidden: int | None) -> None:
        super().__init__()
        self.skeleton = Vae(width, latent_width, hidden)
        self.text = Vae(text_width, latent_width, hidden)

    def clip_posterior(self, clips: Float[Tensor, "N D"]) -> Posterior:
        """q(z | clip)."""
        return self.skeleton.posterior(clips)

    def text_posterior(self, texts: Float[Tensor, "N E"]) -> Posterior:
        """q(z | text)."""
        return self.text.posterior(texts)


@dataclass(frozen=True)
class CadaVae(GenerativePeer[AlignedVaes]):
    """Aligned VAEs."""

    name = "cada-vae"

    latent_width: int = 64
    width: int = 128
    """Of the hidden layers."""

    def network(self, width: int, text_widths: Sequence[int]) -> AlignedVaes:
        """Two VAEs with hidden layers."""
        return AlignedVaes(width, sum(text_widths), self.latent_width, self.width)

    def loss(self, network: AlignedVaes, batch: Batch, step: int) -> Float[Tensor, ""]:
        """Reconstructions, KL, cross-reconstructions and distance, each with its warm-up."""
        done = step / (self.cycles * self.steps)
        skeleton, text = network.clip_posterior(batch.skeletons), network.text_posterior(batch.texts)
        z_s, z_t = sample(skeleton), sample(text)
        own = relative_error(batch.skeletons, network.skeleton.decoder(z_s))
        own = own + relative_error(batch.wanted_texts, network.text.decoder(z_t))
        cross = relative_error(batch.skeletons, network.skeleton.decoder(z_t))
        cross = cross + relative_error(batch.wanted_texts, network.text.decoder(z_s))
        kl = (kl_to_standard_normal(skeleton) + kl_to_standard_normal(text)).mean() / self.latent_width
        distance = wasserstein(skeleton, text).mean() / self.latent_width
        return (
            own
            + 0.25 * warm_up(done, 0.0, 0.93) * kl
            + 2.37 * warm_up(done, 0.21, 0.75) * cross
            + 8.13 * warm_up(done, 0.06, 0.22) * distance
        )


def warm_up(done: float, start: float, end: float) -> float:
    """From 0 to 1 between two shares of the training."""
    return min(max((done - start) / (end - start), 0.0), 1.0)
