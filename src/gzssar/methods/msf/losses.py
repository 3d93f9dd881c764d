"""The loss of the cross-modal VAE, one idea per function; weights stay outside.

Deviation from the paper's text, 1: a modality's error is written as a *sum* over its dimensions, times a weight. With
weight 1/width it is the authors' mean squared error; with ½ it is a Gaussian's negative log-likelihood.
"""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from gzssar.methods.msf.gaussian import diagonal, kl_to_standard_normal
from gzssar.methods.msf.schedule import LossWeights
from gzssar.methods.msf.vae import CrossModalVae


class LossTerms(NamedTuple):
    """The terms of one mini-batch before weighting; each a scalar, none negative."""

    skeleton_reconstruction: Tensor
    text_reconstruction: Tensor
    skeleton_from_text: Tensor
    text_from_skeleton: Tensor
    skeleton_kl: Tensor
    text_kl: Tensor


def squared_error(reconstruction: Float[Tensor, "N W"], target: Float[Tensor, "N W"]) -> Float[Tensor, ""]:
    """Σ over dimensions, mean over the batch."""
    return (reconstruction - target).square().sum(dim=-1).mean()


def loss_terms(
    vae: CrossModalVae,
    skeletons: Float[Tensor, "N D"],
    encoded_texts: Float[Tensor, "N E"],
    texts: Float[Tensor, "N E"],
    skeleton_noise: Float[Tensor, "N _"],
    text_noise: Float[Tensor, "N _"],
) -> LossTerms:
    """Every term of one mini-batch.

    Args:
        vae: the model.
        skeletons: skeleton features.
        encoded_texts: text features as the text encoder sees them (with input noise, if the recipe adds any).
        texts: text features as the decoder should give them back.
        skeleton_noise: ε of the skeleton latents, one per dimension or one for all (width 1).
        text_noise: the same for the text latents.
    """
    q_skeleton = diagonal(vae.skeleton.encoder(skeletons))
    q_text = diagonal(vae.text.encoder(encoded_texts))
    z_skeleton = q_skeleton.base_dist.mean + skeleton_noise * q_skeleton.base_dist.stddev
    z_text = q_text.base_dist.mean + text_noise * q_text.base_dist.stddev
    return LossTerms(
        skeleton_reconstruction=squared_error(vae.skeleton.decode(z_skeleton), skeletons),
        text_reconstruction=squared_error(vae.text.decode(z_text), texts),
        skeleton_from_text=squared_error(vae.skeleton.decode(z_text), skeletons),
        text_from_skeleton=squared_error(vae.text.decode(z_skeleton), texts),
        skeleton_kl=kl_to_standard_normal(q_skeleton).mean(),
        text_kl=kl_to_standard_normal(q_text).mean(),
    )


def total(terms: LossTerms, weights: LossWeights) -> Float[Tensor, ""]:
    """The loss of a step (METHOD: Li et al., ICIG 2023, eq. for L; reconstruction, cross-reconstruction, KL)."""
    return (
        weights.skeleton * (terms.skeleton_reconstruction + weights.cross * terms.skeleton_from_text)
        + weights.text * (terms.text_reconstruction + weights.cross * terms.text_from_skeleton)
        + weights.skeleton_kl * terms.skeleton_kl
        + weights.text_kl * terms.text_kl
    )
