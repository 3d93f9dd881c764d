"""Shift-GCN (Cheng et al., CVPR 2020, "Skeleton-Based Action Recognition With Shift Graph Convolutional Network").

Ten blocks; in each a spatial part mixes joints and a temporal part mixes frames. Both do so by *shifting* channels
before a pointwise linear layer: there is no adjacency matrix and no long convolution.

Pure PyTorch, CPU and CUDA. Activations lie as ``B T V W`` (bodies, frames, joints, channels last). Why: the spatial
shift is then one gather within a frame, the linear layers are matrix products without a transpose, and the temporal
shift is a depthwise convolution, for which PyTorch has a fast path.

Difference from the authors' code, 1: their CUDA kernel of the temporal shift is an interpolation kernel here, which
computes the same and has a gradient without code of its own. 2: the width can be chosen.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from gzssar.encoders.network import NetworkOutput, SkeletonNetwork

STAGES = (1, 1, 1, 1, 2, 2, 2, 4, 4, 4)
"""Channels of the ten blocks, in multiples of the width; where they double, the frames halve."""


class ShiftGcn(SkeletonNetwork):
    """Clips in, features and logits out."""

    name = "shift-gcn"
    largest: ClassVar[Mapping[str, float]] = {"shift_in.offset": 300.0, "shift_out.offset": 300.0}
    """In frames, and memory is proportional to it."""

    def __init__(
        self, class_count: int, width: int = 64, joint_count: int = 25, body_count: int = 2, coordinate_count: int = 3
    ) -> None:
        """Make an untrained encoder; weights are drawn from torch's global generator.

        Args:
            class_count: S, columns of the logits.
            width: channels of the first four blocks; features have four times as many. The paper: 64.
            joint_count: V.
            body_count: M.
            coordinate_count: C.
        """
        super().__init__(class_count, width, body_count)
        self.input_norm = nn.BatchNorm1d(body_count * joint_count * coordinate_count)
        widths = [coordinate_count, *(width * stage for stage in STAGES)]
        strides = [1 + (after > before) for before, after in zip((1, *STAGES), STAGES, strict=False)]
        self.blocks = nn.Sequential(
            *(Block(widths[i], widths[i + 1], joint_count, strides[i], bypass=i > 0) for i in range(len(STAGES)))
        )
        self.classifier = nn.Linear(widths[-1], class_count)
        nn.init.normal_(self.classifier.weight, 0, (2 / class_count) ** 0.5)

    @property
    def parts(self) -> list["Block"]:
        """The ten blocks."""
        return [block for block in self.blocks if isinstance(block, Block)]

    def forward(self, clips: Float[Tensor, "N C T V M"]) -> NetworkOutput:
        """See :class:`SkeletonNetwork`."""
        bodies = self.blocks(bodies_of(clips, self.input_norm)).mean(dim=(1, 2))
        features = bodies.view(len(clips), clips.shape[4], -1).mean(dim=1)
        return NetworkOutput(features, self.classifier(features))


class Block(nn.Module):
    """A spatial part, a temporal part, and a way around both."""

    def __init__(self, width_in: int, width_out: int, joint_count: int, stride: int, bypass: bool) -> None:
        super().__init__()
        self.spatial = SpatialShiftLinear(width_in, width_out, joint_count)
        self.temporal = TemporalShiftLinear(width_out, stride)
        self.bypass = bypass
        self.stride = stride
        self.shortcut = PointwiseNorm(width_in, width_out) if bypass and (stride > 1 or width_in != width_out) else None

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B R V X"]:
        """Mix joints, mix frames, add what went around."""
        out: Tensor = self.temporal(self.spatial(hidden))
        if self.bypass:
            kept = hidden[:, :: self.stride]
            out = out + (kept if self.shortcut is None else self.shortcut(kept))
        return torch.relu(out)


class SpatialShiftLinear(nn.Module):
    """Non-local shift graph convolution (section 3.2, "non-local shift graph operation" with adaptive mask).

    Channel c of joint v comes from joint v + c (modulo V), passes a linear layer, and goes back by as much; so every
    joint hears of every other. The mask weighs each joint's channels by 1 + tanh.
    """

    shift_in: Tensor
    shift_in_back: Tensor
    shift_out: Tensor
    shift_out_back: Tensor

    def __init__(self, width_in: int, width_out: int, joint_count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width_out, width_in) * width_out**-0.5)
        self.bias = nn.Parameter(torch.zeros(width_out))
        self.mask = nn.Parameter(torch.zeros(joint_count, width_in))
        self.norm = nn.BatchNorm1d(joint_count * width_out)
        self.shortcut = PointwiseNorm(width_in, width_out) if width_in != width_out else None
        for name, width, sign in (("shift_in", width_in, 1), ("shift_out", width_out, -1)):
            for way, direction in ((name, sign), (f"{name}_back", -sign)):
                self.register_buffer(way, joint_shift(joint_count, width, direction), persistent=False)

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B T V X"]:
        """Mix joints."""
        b, t, v, _ = hidden.shape
        shifted = _permute(hidden.reshape(b * t, -1), self.shift_in, self.shift_in_back).view(hidden.shape)
        mixed = pointwise(shifted * (1 + torch.tanh(self.mask)), self.weight, self.bias)
        back = self.norm(_permute(mixed.reshape(b * t, -1), self.shift_out, self.shift_out_back))
        return torch.relu(back.view(b, t, v, -1) + (hidden if self.shortcut is None else self.shortcut(hidden)))


class TemporalShiftLinear(nn.Module):
    """Adaptive temporal shift, linear layer, ReLU, adaptive temporal shift (section 3.3)."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.norm_in = ChannelNorm(width)
        self.shift_in = TemporalShift(width)
        self.weight = nn.Parameter(torch.empty(width, width))
        self.bias = nn.Parameter(torch.zeros(width))
        nn.init.kaiming_normal_(self.weight, mode="fan_out")
        self.shift_out = TemporalShift(width, stride)
        self.norm_out = ChannelNorm(width)

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B R V W"]:
        """Mix frames; with stride 2 there are half as many after."""
        shifted = self.shift_in(self.norm_in(hidden))
        return self.norm_out(self.shift_out(torch.relu(pointwise(shifted, self.weight, self.bias))))


class TemporalShift(nn.Module):
    """Moves each channel along time by a learned number of frames, which need not be whole.

    out[t] = (1 − f)·x[s·t + i] + f·x[s·t + i + 1], with i + f = offset + (s − 1)/2, stride s, and zeros outside the
    clip. The half frame at stride 2 is the authors': an output frame stands in the middle of the two it replaces.
    """

    def __init__(self, width: int, stride: int = 1) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.empty(width).uniform_(-1, 1))
        """In frames; positive looks ahead."""
        self.stride = stride

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B R V W"]:
        """Move the channels."""
        return convolve(hidden, self.kernel(), stride=self.stride)

    def kernel(self) -> Float[Tensor, "W 1 L 1"]:
        """Linear interpolation as a convolution: the hat function max(0, 1 − |k − offset|) has two taps a channel."""
        ahead = self.offset + (self.stride - 1) / 2
        reach = int(ahead.detach().abs().max().ceil())
        taps = torch.arange(-reach, reach + 1, device=ahead.device, dtype=ahead.dtype)
        return (1 - (taps - ahead[:, None]).abs()).clamp(min=0)[:, None, :, None]


class ChannelNorm(nn.BatchNorm2d):
    """Batch normalisation of channels that lie last."""

    channel_axis = -1

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B T V W"]:
        """Normalise."""
        return super().forward(hidden.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class PointwiseNorm(nn.Module):
    """A linear layer on the channels of every joint and frame, and batch normalisation."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width_out, width_in))
        self.bias = nn.Parameter(torch.zeros(width_out))
        nn.init.kaiming_normal_(self.weight, mode="fan_out")
        self.norm = ChannelNorm(width_out)

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B T V X"]:
        """Apply both."""
        normal: Tensor = self.norm(pointwise(hidden, self.weight, self.bias))
        return normal


def bodies_of(clips: Float[Tensor, "N C T V M"], norm: nn.BatchNorm1d) -> Float[Tensor, "B T V C"]:
    """All clips' bodies one after another, normalised."""
    n, c, t, v, m = clips.shape
    channels: Tensor = norm(clips.permute(0, 4, 3, 1, 2).reshape(n, m * v * c, t))
    return channels.view(n * m, v, c, t).permute(0, 3, 1, 2).contiguous()


def pointwise(
    hidden: Float[Tensor, "B T V W"], weight: Float[Tensor, "X W"], bias: Float[Tensor, "X"]
) -> Float[Tensor, "B T V X"]:
    """A linear layer on the last axis, as a 1×1 convolution over B·T pictures.

    Why no ``F.linear``: on CPUs that one asks MKL, which computes 100 GFLOP/s on one core of an AMD EPYC (Zen 5); the
    convolution asks oneDNN, which computes 230, if there are 16 pictures or more.
    """
    b, t, v, w = hidden.shape
    pictures = hidden.reshape(b * t, 1, v, w).permute(0, 3, 1, 2)
    return F.conv2d(pictures, weight[:, :, None, None], bias).permute(0, 2, 3, 1).reshape(b, t, v, -1)


def convolve(
    hidden: Float[Tensor, "B T V W"],
    kernel: Float[Tensor, "W 1 L 1"],
    bias: Float[Tensor, "W"] | None = None,
    stride: int = 1,
) -> Float[Tensor, "B R V W"]:
    """Each channel with its own kernel along time, centred, zeros outside the clip."""
    width, _, length, _ = kernel.shape
    moved = F.conv2d(hidden.permute(0, 3, 1, 2), kernel, bias, (stride, 1), (length // 2, 0), groups=width)
    return moved.permute(0, 2, 3, 1)


def joint_shift(joint_count: int, width: int, direction: int) -> Int[Tensor, "VW"]:
    """Where each channel of each joint comes from: channel c of joint v from joint v + direction·c, modulo V.

    Args:
        joint_count: V.
        width: channels.
        direction: 1 before the linear layer, -1 after it.
    """
    joint, channel = torch.arange(joint_count)[:, None], torch.arange(width)
    return ((joint + direction * channel) % joint_count * width + channel).flatten()


class _Permute(torch.autograd.Function):
    """Reorder columns. Its gradient is a gather too, by the inverse order; autograd's own would scatter."""

    @staticmethod
    def forward(ctx, columns: Tensor, order: Tensor, inverse: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(inverse)
        return columns.index_select(1, order)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[no-untyped-def]
        (inverse,) = ctx.saved_tensors
        return gradient.index_select(1, inverse), None, None


def _permute(columns: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
    permuted: Tensor = _Permute.apply(columns, order, inverse)  # type: ignore[no-untyped-call]
    return permuted
