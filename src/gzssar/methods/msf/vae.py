"""The cross-modal VAE: a skeleton and a text autoencoder that share one latent space (Li et al., ICIG 2023, §3.3)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gzssar.methods.msf.gaussian import Posterior, diagonal


class ModalityVae(nn.Module):
    """One modality: a linear encoder to μ and log σ², a linear decoder."""

    def __init__(self, width: int, latent_width: int, rectified: bool) -> None:
        super().__init__()
        self.encoder = nn.Linear(width, 2 * latent_width)
        self.decoder = nn.Linear(latent_width, width)
        self.rectified = rectified

    def posterior(self, inputs: Float[Tensor, "N W"]) -> Posterior:
        """q(z | input): one diagonal Gaussian per row."""
        return diagonal(self.encoder(inputs))

    def decode(self, latents: Float[Tensor, "N Z"]) -> Float[Tensor, "N W"]:
        """Reconstruct the modality; with ``rectified`` a ReLU follows, as in the authors' code."""
        decoded = self.decoder(latents)
        return torch.relu(decoded) if self.rectified else decoded


class CrossModalVae(nn.Module):
    """Two autoencoders whose latents stand for the same thing: an action."""

    def __init__(self, skeleton_width: int, text_width: int, latent_width: int, rectified: bool = False) -> None:
        super().__init__()
        self.skeleton = ModalityVae(skeleton_width, latent_width, rectified)
        self.text = ModalityVae(text_width, latent_width, rectified)
