"""A small skeleton encoder of our own: temporal convolutions over joints and their velocities.

It is the encoder of the synthetic world and of quick runs; Shift-GCN takes its place where the published features
are to be reproduced. Whatever takes its place has the same door: clips in, :class:`Encoded` out.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

_FRAME_STEP = 0.05
"""Metres per frame of a brisk movement: brings velocities to the size of positions."""


class Encoded(NamedTuple):
    """What an encoder says about a batch of clips."""

    features: Float[Tensor, "N D"]
    """The last layer before the linear classifier, mean over frames and bodies."""

    logits: Float[Tensor, "N S"]
    """One column per class the encoder is trained on."""


class MotionEncoder(nn.Module):
    """Joints and velocities per frame, residual temporal convolutions, mean over frames and bodies, linear classifier.

    Bodies share all weights; a body that is absent (all zeros) does not count in the mean.
    """

    def __init__(self, class_count: int, joint_count: int = 25, width: int = 64, feature_width: int = 256) -> None:
        """Make an untrained encoder.

        Args:
            class_count: S, columns of the logits.
            joint_count: V.
            width: channels of the first convolutions; they double as the frames halve.
            feature_width: D.
        """
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(2 * 3 * joint_count, width, 1), nn.BatchNorm1d(width), nn.ReLU())
        self.blocks = nn.Sequential(
            _Block(width, width, stride=2),
            _Block(width, 2 * width, stride=2),
            _Block(2 * width, feature_width, stride=2),
        )
        self.classifier = nn.Linear(feature_width, class_count)

    def forward(self, clips: Float[Tensor, "N C T V M"]) -> Encoded:
        """Encode clips that :func:`~gzssar.skeletons.preprocess.normalise` prepared (metres, centred and turned)."""
        n, c, t, v, m = clips.shape
        present = clips.detach().abs().amax(dim=(1, 2, 3)) > 0
        weights = present / present.sum(dim=1, keepdim=True).clamp(min=1)
        per_body = clips.permute(0, 4, 1, 3, 2).reshape(n * m, c * v, t)
        velocity = torch.diff(per_body, dim=2, prepend=per_body[:, :, :1])
        hidden = self.blocks(self.stem(torch.cat([per_body, velocity / _FRAME_STEP], dim=1)))
        features = (hidden.mean(dim=2).reshape(n, m, -1) * weights[:, :, None]).sum(dim=1)
        return Encoded(features, self.classifier(features))


class _Block(nn.Module):
    """Two temporal convolutions and a way around them."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv1d(width_in, width_out, 5, stride, padding=2, bias=False),
            nn.BatchNorm1d(width_out),
            nn.ReLU(),
            nn.Conv1d(width_out, width_out, 5, padding=2, bias=False),
            nn.BatchNorm1d(width_out),
        )
        self.shortcut = nn.Conv1d(width_in, width_out, 1, stride)

    def forward(self, hidden: Float[Tensor, "N W T"]) -> Float[Tensor, "N X R"]:
        return torch.relu(self.shortcut(hidden) + self.residual(hidden))
