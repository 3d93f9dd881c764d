"""What every network of a skeleton encoder offers. A new one is a folder beside ``shift_gcn`` and a line in
``registry.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn


class NetworkOutput(NamedTuple):
    """The output of a network for a batch of clips."""

    features: Float[Tensor, "N D"]
    """The last layer before the linear classifier, averaged over frames, joints and bodies."""

    logits: Float[Tensor, "N S"]
    """The logits, with a column for each class on which the network is trained."""


class SkeletonNetwork(nn.Module, ABC):
    """A network that maps prepared clips to features and logits.

    To load saved weights, the package makes a new network with the arguments below. So these arguments and the weights
    must determine the network completely. The weights of a new network are drawn from torch's global generator.

    Args:
        class_count: S, the number of columns of the logits.
        width: the width of the layers; each network defines its meaning.
        body_count: M, the number of bodies.
    """

    name: ClassVar[str]
    """The name of the network in :data:`~gzssar.encoders.registry.NETWORKS` and in saved encoders."""

    largest: ClassVar[Mapping[str, float]] = {}
    """By the end of a weight's name: the largest absolute value that such a weight may have in a file, if it is not the
    general limit."""

    classifier: nn.Linear
    """The last layer, (S, D), which maps features to logits."""

    def __init__(self, class_count: int, width: int, body_count: int) -> None:
        super().__init__()
        self.class_count, self.width, self.body_count = class_count, width, body_count

    @property
    def feature_width(self) -> int:
        """D, the width of a feature."""
        return self.classifier.in_features

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.classifier.weight.device

    @abstractmethod
    def forward(self, clips: Float[Tensor, "N C T V M"]) -> NetworkOutput:
        """Encode clips as :func:`gzssar.skeletons.preprocess.prenormalise` leaves them; an absent body is all zeros."""


@dataclass(frozen=True)
class Architecture:
    """A network and what else is known of it."""

    network: type[SkeletonNetwork]

    fold: Callable[[Any], nn.Module] = lambda network: network
    """Makes of a trained network one that encodes the same, faster, and cannot be trained."""

    load_original: Callable[[Path], SkeletonNetwork] | None = None
    """Reads the weights of the authors' code into a network in evaluation mode; DataError where a file is none."""

    stream_of: Callable[[Any], str | None] = lambda network: None
    """Tells from authors' weights which stream they were trained on; None where they do not show it."""
