"""Variations of training clips, by name. Each is linear in the coordinates, so all suit all streams.

Clips are prepared: z up, x to the performer's right; a body that is absent is all zeros and stays so.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from gzssar.skeletons.layout import NTU25

TURN = 0.3
"""Clips are turned about the vertical by up to this angle, in radians."""

SCALE = 0.1
"""Clips grow or shrink by up to this share."""

NOISE = 0.01
"""Standard deviation that is added to each coordinate, in metres: a depth sensor's, or less."""


def augment(
    clips: Float[Tensor, "N C T V M"], targets: Float[Tensor, "N S"], names: Sequence[str], generator: Generator
) -> tuple[Float[Tensor, "N C T V M"], Float[Tensor, "N S"]]:
    """Vary a batch.

    Args:
        clips: prepared clips in layout ntu25.
        targets: a distribution over classes per clip.
        names: what to do, of :data:`AUGMENTATIONS` and ``mixup``; done in this order, mixup last.
        generator: draws everything random; on the device of the clips.

    Returns:
        As many clips, and their targets, which only mixup changes.
    """
    for name in names:
        if name != "mixup":
            clips = AUGMENTATIONS[name](clips, generator)
    return mixup(clips, targets, generator) if "mixup" in names else (clips, targets)


def mirror(clips: Float[Tensor, "N C T V M"], generator: Generator) -> Float[Tensor, "N C T V M"]:
    """Mirror half of the clips: left joints become right ones, and x changes its sign."""
    sign = torch.tensor([-1.0, 1.0, 1.0], device=clips.device).view(1, 3, 1, 1, 1)
    chosen = _uniform(clips, generator) < 0.5
    return torch.where(chosen, clips[:, :, :, list(NTU25.mirror)] * sign, clips)


def rotate(clips: Float[Tensor, "N C T V M"], generator: Generator) -> Float[Tensor, "N C T V M"]:
    """Turn each clip about the vertical by up to :data:`TURN`."""
    angle = TURN * (2 * _uniform(clips, generator)[:, 0] - 1)
    x, y, z = clips.unbind(dim=1)
    return torch.stack([angle.cos() * x - angle.sin() * y, angle.sin() * x + angle.cos() * y, z], dim=1)


def scale(clips: Float[Tensor, "N C T V M"], generator: Generator) -> Float[Tensor, "N C T V M"]:
    """Let each clip grow or shrink by up to :data:`SCALE`."""
    return clips * (1 + SCALE * (2 * _uniform(clips, generator) - 1))


def noise(clips: Float[Tensor, "N C T V M"], generator: Generator) -> Float[Tensor, "N C T V M"]:
    """Add noise to the bodies that are there."""
    present = (clips != 0).any(dim=1, keepdim=True).any(dim=3, keepdim=True)
    drawn = torch.randn(clips.shape, generator=generator, device=clips.device)
    return clips + NOISE * drawn * present


def mixup(
    clips: Float[Tensor, "N C T V M"], targets: Float[Tensor, "N S"], generator: Generator
) -> tuple[Float[Tensor, "N C T V M"], Float[Tensor, "N S"]]:
    """Blend each clip and its target with another's (Zhang et al., ICLR 2018), shares uniform (their alpha = 1)."""
    share = _uniform(clips, generator)
    other = torch.randperm(len(clips), generator=generator, device=clips.device)
    return (
        share * clips + (1 - share) * clips[other],
        share.view(-1, 1) * targets + (1 - share.view(-1, 1)) * targets[other],
    )


AUGMENTATIONS: dict[str, Callable[[Float[Tensor, "N C T V M"], Generator], Float[Tensor, "N C T V M"]]] = {
    "mirror": mirror,
    "rotate": rotate,
    "scale": scale,
    "noise": noise,
}
"""What changes a clip and leaves its class; mixup changes both."""


def _uniform(clips: Float[Tensor, "N C T V M"], generator: Generator) -> Float[Tensor, "N 1 1 1 1"]:
    """A number in [0, 1) per clip."""
    return torch.rand((len(clips), 1, 1, 1, 1), generator=generator, device=clips.device)
