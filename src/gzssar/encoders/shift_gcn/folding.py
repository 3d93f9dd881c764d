"""Shift-GCN for encoding: the same numbers as :class:`ShiftGcn` in evaluation mode, in fewer passes over memory.

Batch norms are folded into the layers beside them, additions and ReLUs happen in place, and bodies pass one at a time,
so that what one layer leaves is still in the cache when the next one reads it. Measured on one core (AMD EPYC, Zen 5),
full width, 300 frames, per body: 33 ms, against 42 ms as the plain modules have it one body at a time and 60 to 90 ms
for several together. benchmarks/RESULTS.md has the figures of the whole.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gzssar.encoders.network import NetworkOutput
from gzssar.encoders.shift_gcn.network import (
    Block,
    PointwiseNorm,
    ShiftGcn,
    SpatialShiftLinear,
    TemporalShiftLinear,
    bodies_of,
    convolve,
    pointwise,
)

Norm = nn.BatchNorm1d | nn.BatchNorm2d

_FRAMES_AT_ONCE = 300
"""Bodies go in groups of about so many frames: 1.9 MB an activation at full width."""
_KEPT = 30 << 20
"""Bytes that the C library keeps for the next layer when a layer frees them."""


class FoldedShiftGcn(nn.Module):
    """A trained Shift-GCN, ready to encode; it cannot be trained on."""

    def __init__(self, network: ShiftGcn) -> None:
        super().__init__()
        self.input_norm, self.classifier = network.input_norm, network.classifier
        self.blocks = nn.Sequential(*(_Block(block) for block in network.parts))
        self.eval().requires_grad_(False)
        self._absent: dict[int, Tensor] = {}  # by number of frames: one feature per place of a body
        _keep_freed_memory()

    @torch.inference_mode()
    def forward(self, clips: Float[Tensor, "N C T V M"]) -> NetworkOutput:
        """Encode pre-normalised clips; an absent body is all zeros, and is encoded once for all times."""
        n, _, t, _, m = clips.shape
        present = (clips != 0).any(dim=3).any(dim=2).any(dim=1)
        features = self._of_absent(clips[:1], t).expand(n, m, -1).clone() if not present.all() else None
        encoded = self._encode(bodies_of(clips, self.input_norm)[present.flatten()])
        features = encoded.view(n, m, -1) if features is None else features.masked_scatter(present[..., None], encoded)
        features = features.mean(dim=1)
        return NetworkOutput(features, self.classifier(features))

    def _of_absent(self, clip: Float[Tensor, "1 C T V M"], frames: int) -> Float[Tensor, "M D"]:
        """What an absent body leaves: it depends on its place and on the number of frames alone."""
        if frames not in self._absent:
            self._absent[frames] = self._encode(bodies_of(torch.zeros_like(clip), self.input_norm))
        return self._absent[frames]

    def _encode(self, bodies: Float[Tensor, "B T V C"]) -> Float[Tensor, "B D"]:
        if not len(bodies):
            return bodies.new_zeros(0, self.classifier.in_features)
        groups = torch.split(bodies, max(1, _FRAMES_AT_ONCE // bodies.shape[1]))
        return torch.cat([self.blocks(group).mean(dim=(1, 2)) for group in groups])


def _keep_freed_memory() -> None:
    """Let layers reuse memory that is in place: without this, passes over 64 frames take a fifth longer, for every
    layer's pages are handed back to the system and fetched again.

    glibc raises its limits for that to the largest block freed so far, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD); so
    a block is freed here. Other C libraries are not affected.
    """
    torch.empty(_KEPT, dtype=torch.uint8)


class _Block(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        self.spatial, self.temporal = _Spatial(block.spatial), _Temporal(block.temporal)
        self.bypass, self.stride = block.bypass, block.stride
        self.shortcut = _Linear(block.shortcut) if block.shortcut is not None else None

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B R V X"]:
        out: Tensor = self.temporal(self.spatial(hidden))
        if self.bypass:
            out.add_(hidden if self.shortcut is None else self.shortcut(hidden[:, :: self.stride]))
        return out.relu_()


class _Spatial(nn.Module):
    def __init__(self, part: SpatialShiftLinear) -> None:
        super().__init__()
        self.shift_in, self.shift_out = part.shift_in, part.shift_out
        self.mask = (1 + torch.tanh(part.mask)).flatten().detach()
        self.weight, self.bias = part.weight.detach(), part.bias.detach()
        self.scale, self.offset = _affine(part.norm)
        self.shortcut = _Linear(part.shortcut) if part.shortcut is not None else None

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B T V X"]:
        b, t, _, _ = hidden.shape
        shifted = hidden.reshape(b * t, -1).index_select(1, self.shift_in).mul_(self.mask)
        mixed = pointwise(shifted.view(hidden.shape), self.weight, self.bias)
        back = mixed.view(b * t, -1).index_select(1, self.shift_out)
        out = torch.addcmul(self.offset, back, self.scale, out=back).view(mixed.shape)
        return out.add_(hidden if self.shortcut is None else self.shortcut(hidden)).relu_()


class _Temporal(nn.Module):
    """Scales of both norms go into the interpolation kernels. The first norm's offset passes shift and linear layer as
    a constant, except near the ends of the clip, where the shift mixes in zeros: there it is corrected."""

    def __init__(self, part: TemporalShiftLinear) -> None:
        super().__init__()
        scale_in, offset_in = _affine(part.norm_in)
        scale_out, self.offset_out = _affine(part.norm_out)
        kernel_in, kernel_out = part.shift_in.kernel().detach(), part.shift_out.kernel().detach()
        self.kernel_in = kernel_in * scale_in[:, None, None, None]
        self.kernel_out = kernel_out * scale_out[:, None, None, None]
        self.stride = part.shift_out.stride
        self.weight = part.weight.detach()
        self.bias = (part.bias + part.weight @ offset_in).detach()
        self.at_start, self.at_end = (
            -(_missing(taps) * offset_in) @ self.weight.T
            for taps in (kernel_in[:, 0, :, 0], kernel_in[:, 0, :, 0].flip(1))
        )

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B R V W"]:
        mixed = pointwise(convolve(hidden, self.kernel_in), self.weight, self.bias)
        frames, ends = hidden.shape[1], min(len(self.at_start), hidden.shape[1])
        if ends:
            mixed[:, :ends] += self.at_start[:ends, None]
            mixed[:, frames - ends :] += self.at_end[:ends].flip(0)[:, None]
        return convolve(mixed.relu_(), self.kernel_out, self.offset_out, self.stride)


class _Linear(nn.Module):
    """A pointwise layer with the norm behind it."""

    def __init__(self, layer: PointwiseNorm) -> None:
        super().__init__()
        scale, offset = _affine(layer.norm)
        self.weight = (layer.weight * scale[:, None]).detach()
        self.bias = (layer.bias * scale + offset).detach()

    def forward(self, hidden: Float[Tensor, "B T V W"]) -> Float[Tensor, "B T V X"]:
        return pointwise(hidden, self.weight, self.bias)


def _affine(norm: Norm) -> tuple[Tensor, Tensor]:
    """What a batch norm multiplies with and adds in evaluation mode."""
    assert norm.running_mean is not None  # a norm of ours keeps both
    assert norm.running_var is not None
    scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach()
    return scale, (norm.bias - norm.running_mean * scale).detach()


def _missing(taps: Float[Tensor, "W L"]) -> Float[Tensor, "R W"]:
    """Share of each channel's interpolation that falls before the clip, in each of its first frames."""
    reach = taps.shape[1] // 2
    return taps.cumsum(dim=1)[:, :reach].flip(1).T
