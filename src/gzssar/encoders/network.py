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
    """What a network says about a batch of clips."""

    features: Float[Tensor, "N D"]
    """The last layer before the linear classifier, mean over frames, joints and bodies."""

    logits: Float[Tensor, "N S"]
    """One column per class the network is trained on."""


class SkeletonNetwork(nn.Module, ABC):
    """Prepared clips in, features and logits out.

    Saved weights are loaded into a network made anew, so the arguments below and the weights must say all there is to
    know. Weights of a new network are drawn from torch's global generator.

    Args:
        class_count: S, columns of the logits.
        width: how wide the layers are, as the network understands it.
        body_count: M.
    """

    name: ClassVar[str]
    """Under which :data:`~gzssar.encoders.registry.NETWORKS` has it, and saved encoders name it."""

    largest: ClassVar[Mapping[str, float]] = {}
    """How large weights may be whose names end so; others may have any size."""

    classifier: nn.Linear
    """The last layer, (S, D): from features to logits."""

    def __init__(self, class_count: int, width: int, body_count: int) -> None:
        super().__init__()
        self.class_count, self.width, self.body_count = class_count, width, body_count

    @property
    def feature_width(self) -> int:
        """D."""
        return self.classifier.in_features

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
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
