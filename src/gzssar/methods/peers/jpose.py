"""JPoSE: fine-grained action retrieval through multiple parts-of-speech embeddings (Wray et al., ICCV 2019).

For each part of the text, a triplet loss trains projections of clips and of texts to a space of this part. The
concatenated projections of all parts are projected to a joint space, also with a triplet loss. A clip gets the unseen
class whose text has the smallest angle to it in the joint space.

Constants: margin .1, as in the paper; parts of width 64, a joint space of width 128.

Differences from the paper:

1. Parts are the kinds of text (label, action, motion), not verbs and nouns.
2. The triplets are all pairs of classes in a batch, between clips and texts in both directions, and none within one
   modality.
3. Distances are squared and between unit vectors. Each projection to a part has one hidden layer of width 128.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import normalize

from gzssar.methods.peers.network import Batch, NeuralPeer, mlp, texts_by_kind
from gzssar.methods.peers.scorer import SHARPNESS
from gzssar.methods.problem import Problem
from gzssar.shapes import TextFeatures


class Projections(nn.Module):
    """Projections to the spaces of the parts, and from them to the joint space."""

    def __init__(self, width: int, text_widths: Sequence[int], hidden: int, part: int, joint: int) -> None:
        super().__init__()
        self.text_widths = list(text_widths)
        self.clip_parts = nn.ModuleList([mlp(width, hidden, part) for _ in text_widths])
        self.text_parts = nn.ModuleList([mlp(one, hidden, part) for one in text_widths])
        self.clip_joint = nn.Linear(part * len(text_widths), joint)
        self.text_joint = nn.Linear(part * len(text_widths), joint)

    def clips(self, clips: Float[Tensor, "N D"]) -> list[Float[Tensor, "N _"]]:
        """Unit vectors in each part's space, and last in the joint one."""
        parts = [normalize(project(clips)) for project in self.clip_parts]
        return [*parts, normalize(self.clip_joint(torch.cat(parts, dim=1)))]

    def texts(self, texts: Float[Tensor, "K E"]) -> list[Float[Tensor, "K _"]]:
        """Likewise for texts."""
        pairs = zip(self.text_parts, torch.split(texts, self.text_widths, dim=1), strict=True)
        parts = [normalize(project(part)) for project, part in pairs]
        return [*parts, normalize(self.text_joint(torch.cat(parts, dim=1)))]


@dataclass(frozen=True)
class Jpose(NeuralPeer[Projections]):
    """Projections to a space for each part, and then to a joint space."""

    name = "jpose"

    steps: int = 40
    margin: float = 0.1
    part_width: int = 64
    joint_width: int = 128
    width: int = 128
    """Of the hidden layers."""

    def text_parts(self, problem: Problem) -> list[TextFeatures]:
        """One per kind of text."""
        return texts_by_kind(problem)

    def network(self, width: int, text_widths: Sequence[int]) -> Projections:
        """Projections of each part and of all."""
        return Projections(width, text_widths, self.width, self.part_width, self.joint_width)

    def loss(self, network: Projections, batch: Batch, step: int) -> Float[Tensor, ""]:
        """The triplet losses of the parts and of the joint space."""
        other = batch.columns[:, None] != batch.columns
        spaces = zip(network.clips(batch.skeletons), network.texts(batch.texts), strict=True)
        return torch.stack([triplets(clips @ texts.T, other, self.margin) for clips, texts in spaces]).sum()

    def unseen_scores(
        self, network: Projections, texts: Float[Tensor, "U E"], clips: Float[Tensor, "N D"]
    ) -> Float[Tensor, "N U"]:
        """Cosines in the joint space."""
        return SHARPNESS * network.clips(clips)[-1] @ network.texts(texts)[-1].T


def triplets(cosines: Float[Tensor, "B B"], other: Bool[Tensor, "B B"], margin: float) -> Float[Tensor, ""]:
    """How much nearer than a true pair, up to a margin, the wrong pairs of its row and of its column are.

    Args:
        cosines: of each clip and each text; true pairs stand on the diagonal.
        other: which pairs are of different classes.
        margin: by how much a wrong pair's squared distance should be larger.
    """
    distances = 2 - 2 * cosines
    true = distances.diagonal()
    wrong = torch.relu(margin + true[:, None] - distances) + torch.relu(margin + true - distances)
    return (wrong * other).sum() / other.sum().clamp(min=1)
