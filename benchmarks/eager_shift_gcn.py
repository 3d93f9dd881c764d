"""Shift-GCN as one would first write it, for comparison: channels second, one operation after the other, no folding.

It computes what :class:`gzssar.encoders.shift_gcn.network.ShiftGcn` computes, from the same weights.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from gzssar.encoders.shift_gcn.network import Block, PointwiseNorm, ShiftGcn, TemporalShift


def eager_features(network: ShiftGcn, clips: Tensor) -> Tensor:
    """(N, C, T, V, M) → (N, D), in evaluation mode."""
    n, c, t, v, m = clips.shape
    x = network.input_norm(clips.permute(0, 4, 3, 1, 2).contiguous().view(n, m * v * c, t))
    x = x.view(n, m, v, c, t).permute(0, 1, 3, 4, 2).contiguous().view(n * m, c, t, v)
    for block in network.parts:
        x = _block(block, x)
    return x.view(n, m, x.shape[1], -1).mean(3).mean(1)


def _block(block: Block, x: Tensor) -> Tensor:
    out = _temporal(block, _spatial(block, x))
    if block.bypass:
        kept = x[:, :, :: block.stride]
        out = out + (kept if block.shortcut is None else _linear(block.shortcut, kept))
    return torch.relu(out)


def _spatial(block: Block, x0: Tensor) -> Tensor:
    part = block.spatial
    n, c, t, v = x0.shape
    x = x0.permute(0, 2, 3, 1).contiguous().view(n * t, v * c)
    x = torch.index_select(x, 1, part.shift_in).view(n * t, v, c)
    x = x * (torch.tanh(part.mask) + 1)
    x = torch.einsum("nwc,dc->nwd", x, part.weight) + part.bias
    x = torch.index_select(x.view(n * t, -1), 1, part.shift_out)
    x = part.norm(x).view(n, t, v, -1).permute(0, 3, 1, 2)
    return torch.relu(x + (x0 if part.shortcut is None else _linear(part.shortcut, x0)))


def _temporal(block: Block, x: Tensor) -> Tensor:
    part = block.temporal
    x = _shift(part.shift_in, _norm(part.norm_in, x))
    x = torch.relu(F.conv2d(x, part.weight[:, :, None, None], part.bias))
    return _norm(part.norm_out, _shift(part.shift_out, x))


def _shift(shift: TemporalShift, x: Tensor) -> Tensor:
    """Two gathers along time, weighted."""
    n, _, t, v = x.shape
    ahead = shift.offset + (shift.stride - 1) / 2
    whole = ahead.floor()
    first = torch.arange(0, t, shift.stride) + whole.long()[:, None]
    out = torch.zeros(())
    for frames, weight in ((first, 1 - (ahead - whole)), (first + 1, ahead - whole)):
        inside = (frames >= 0) & (frames < t)
        index = frames.clamp(0, t - 1)[None, :, :, None].expand(n, -1, -1, v)
        out = out + torch.gather(x, 2, index) * (weight[:, None] * inside)[None, :, :, None]
    return out


def _linear(layer: PointwiseNorm, x: Tensor) -> Tensor:
    return _norm(layer.norm, F.conv2d(x, layer.weight[:, :, None, None], layer.bias))


def _norm(norm: torch.nn.BatchNorm2d, x: Tensor) -> Tensor:
    return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)
