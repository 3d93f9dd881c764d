"""ReViSE: learning robust visual-semantic embeddings (Tsai, Huang and Salakhutdinov, ICCV 2017).

Two autoencoders, one for clips and one for texts, learn similar codes by two losses: the maximum mean discrepancy
between the codes, and a classifier, by which the code of a clip has its largest inner product with the code of its
class's text.

Constants: codes of width 64 with tanh. The discrepancy has Gaussian kernels of five widths and the weight
`discrepancy`.

Differences from the paper:

1. Hidden layers are 128 wide, and the autoencoders are neither contractive nor denoising.
2. The supervised loss is the cross-entropy over the seen classes.
3. The method does not learn from unlabelled test clips, as the paper does in its transductive setting.
4. Errors are relative to the size of what is reconstructed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gzssar.methods.peers.gaussian_latents import relative_error
from gzssar.methods.peers.network import Batch, NeuralPeer, mlp


class Autoencoders(nn.Module):
    """An autoencoder for clips and one for texts."""

    def __init__(self, width: int, text_width: int, hidden: int, code: int) -> None:
        super().__init__()
        self.encoders = nn.ModuleList([mlp(one, hidden, code) for one in (width, text_width)])
        self.decoders = nn.ModuleList([mlp(code, hidden, one) for one in (width, text_width)])

    def skeleton_code(self, clips: Float[Tensor, "N D"]) -> Float[Tensor, "N Z"]:
        """Between −1 and 1."""
        return torch.tanh(self.encoders[0](clips))

    def text_code(self, texts: Float[Tensor, "K E"]) -> Float[Tensor, "K Z"]:
        """Between −1 and 1."""
        return torch.tanh(self.encoders[1](texts))


@dataclass(frozen=True)
class Revise(NeuralPeer[Autoencoders]):
    """Autoencoders with matching codes."""

    name = "revise"

    steps: int = 40
    code_width: int = 64
    width: int = 128
    """Of the hidden layers."""

    discrepancy: float = 1.0

    def network(self, width: int, text_widths: Sequence[int]) -> Autoencoders:
        """Two autoencoders."""
        return Autoencoders(width, sum(text_widths), self.width, self.code_width)

    def loss(self, network: Autoencoders, batch: Batch, step: int) -> Float[Tensor, ""]:
        """Reconstructions, discrepancy and classification."""
        clips, texts = network.skeleton_code(batch.skeletons), network.text_code(batch.seen_texts)
        of_clips = texts[batch.columns]
        return (
            relative_error(batch.skeletons, network.decoders[0](clips))
            + relative_error(batch.wanted_texts, network.decoders[1](of_clips))
            + self.discrepancy * mean_discrepancy(clips, of_clips)
            + cross_entropy(clips @ texts.T, batch.columns)
        )

    def unseen_scores(
        self, network: Autoencoders, texts: Float[Tensor, "U E"], clips: Float[Tensor, "N D"]
    ) -> Float[Tensor, "N U"]:
        """Inner products of the codes."""
        return network.skeleton_code(clips) @ network.text_code(texts).T


def mean_discrepancy(one: Float[Tensor, "N Z"], other: Float[Tensor, "N Z"]) -> Float[Tensor, ""]:
    """The squared maximum mean discrepancy between two samples (Gretton et al., JMLR 2012), with the mean of Gaussian
    kernels whose variances are 1/4 to 4 times the code's width."""
    both = torch.cat([one, other])
    squares = both.square().sum(dim=1)
    distances = (squares[:, None] + squares - 2 * both @ both.T) / both.shape[1]
    kernel = torch.stack([torch.exp(-distances / (2 * scale)) for scale in (0.25, 0.5, 1.0, 2.0, 4.0)]).mean(dim=0)
    n = len(one)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()
