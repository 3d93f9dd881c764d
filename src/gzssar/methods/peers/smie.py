"""SMIE: zero-shot skeleton-based action recognition via mutual information estimation and maximization (Zhou et al.,
ACM MM 2023).

A network T(v, t) scores a clip and a text. It is trained with an estimator of their mutual information, so T is high
for true pairs and low for a clip with the text of another clip. A clip gets the unseen class with the highest T.

Constants: Adam, batch 128; layers 256 and 128 wide.

Differences from the paper:

1. Layers are narrower (paper: 1,024 and 512), the learning rate is larger (1e-3; paper: 1e-5), and the training is
   shorter.
2. The second estimator, on features whose moving frames are masked, is left out, because there is one feature vector
   for each clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import layer_norm, normalize, softplus

from gzssar.methods.peers.network import Batch, NeuralPeer, mlp


@dataclass(frozen=True)
class Smie(NeuralPeer[nn.Sequential]):
    """The score is T(v, t)."""

    name = "smie"

    batch_size: int = 128
    width: int = 256
    """The width of the first hidden layer; the second has half of it."""

    def network(self, width: int, text_widths: Sequence[int]) -> nn.Sequential:
        """T, for clip and text side by side."""
        return mlp(width + sum(text_widths), self.width, self.width // 2, 1)

    def loss(self, network: nn.Sequential, batch: Batch, step: int) -> Float[Tensor, ""]:
        """The estimator's bound (Jensen–Shannon), negated; wrong pairs are those of the batch shifted by one."""
        true, wrong = (_fit(network, batch.skeletons, texts) for texts in (batch.texts, batch.texts.roll(1, 0)))
        return softplus(-true).mean() + softplus(wrong).mean()

    def unseen_scores(
        self, network: nn.Sequential, texts: Float[Tensor, "U E"], clips: Float[Tensor, "N D"]
    ) -> Float[Tensor, "N U"]:
        """T for each pair."""
        return torch.stack([_fit(network, clips, text.expand(len(clips), -1)) for text in texts], dim=1)


def _fit(network: nn.Sequential, clips: Float[Tensor, "N D"], texts: Float[Tensor, "N E"]) -> Float[Tensor, "N"]:
    """T of each clip with its text."""
    return network(torch.cat([layer_norm(clips, clips.shape[1:]), normalize(texts)], dim=1))[:, 0]
