"""The skeleton encoder as an ONNX graph; of several streams, one after the other in the same graph.

PyTorch is fastest with channels last; ONNX Runtime on a CPU with channels first and time innermost, ``B W V T``: a
shift of joints then copies rows of T numbers, and the convolutions stay in the runtime's own blocked layout from the
temporal part's first norm to the end of the block. Norms are written as they are and folded by the runtime where they
follow a convolution. Bodies pass one at a time, in a Scan, so that activations stay in the cache however many clips
there are; its constants lie in its own graph, since the runtime lays out no weights that come from outside.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gzssar.encoders.encoder import Encoder
from gzssar.encoders.shift_gcn.network import (
    Block,
    PointwiseNorm,
    ShiftGcn,
    SpatialShiftLinear,
    TemporalShift,
    TemporalShiftLinear,
)
from gzssar.encoders.streams import SkeletonEncoder
from gzssar.errors import ConfigError
from gzssar.onnx_export.graph import Graph


def export_encoder(encoder: SkeletonEncoder, path: Path) -> None:
    """Write the network, or those of several streams in one graph: clips in, features and logits out.

    Input ``clips`` (N, C, T, V, M), float32: what :meth:`Encoder.prepare` returns, stacked; of several streams, one
    after the other along C. T and M are the encoder's, N is free. Outputs ``features`` (N, D), the streams side by
    side, and ``logits`` (N, S), a column per class the encoder is trained on, means over the streams. The metadata says
    which classes, which frames, at which rate, and which streams. Second bodies that are absent (all zeros) cost
    nothing: their features are a constant in the graph.

    Raises:
        ConfigError: a network is no Shift-GCN.
        MissingExtraError: onnx is not installed.
        OutputError: `path` cannot be written.
    """
    networks, graph = [_shift_gcn(member) for member in encoder.members], Graph()
    coordinates = [network.parts[0].spatial.mask.shape[1] for network in networks]
    joints, body_count = len(networks[0].parts[0].spatial.mask), networks[0].body_count
    said = []
    for number, network in enumerate(networks):
        clips = "clips" if len(networks) == 1 else _channels(graph, sum(coordinates[:number]), coordinates[number])
        said.append(_stream(graph, network, encoder.frames, clips, f"in_body_of_{number}_"))
    features, logits = zip(*said, strict=True)
    graph.add("Concat", *features, axis=1, output="features")
    graph.add("Mean", *logits, output="logits")
    graph.write(
        path,
        inputs={"clips": ("N", sum(coordinates), encoder.frames, joints, body_count)},
        outputs={"features": ("N", encoder.feature_width), "logits": ("N", len(encoder.classes))},
        about={
            "classes": list(encoder.classes),
            "frames": encoder.frames,
            "fps": encoder.fps,
            "streams": list(encoder.streams),
            "provenance": [dict(member.provenance) for member in encoder.members],
        },
    )


def _shift_gcn(encoder: Encoder) -> ShiftGcn:
    network = encoder.network
    if not isinstance(network, ShiftGcn):
        raise ConfigError(
            f"only encoders of the network {ShiftGcn.name} can be exported to ONNX, but this one is a {network.name}: "
            "run it with PyTorch."
        )
    return network


def _channels(graph: Graph, start: int, count: int) -> str:
    """One stream of the clips."""
    return graph.add("Slice", "clips", *(graph.constant([number]) for number in (start, start + count, 1)))


def _stream(graph: Graph, network: ShiftGcn, frames: int, clips: str, prefix: str) -> tuple[str, str]:
    """One stream's features and logits."""
    bodies = _bodies(graph, network, frames, clips)
    rows = _present(graph, network.body_count, clips) if network.body_count > 1 else None
    present = bodies if rows is None else graph.add("Gather", bodies, rows, axis=0)
    features = graph.add("Scan", present, body=_one_body(network, frames, prefix), num_scan_inputs=1)
    if rows is not None:
        features = _mean_over_bodies(graph, features, rows, _absent_features(network, frames))
    weight, bias = _numpy(network.classifier.weight), _numpy(network.classifier.bias)
    logits = graph.add("Gemm", features, graph.constant(weight), graph.constant(bias), transB=1)
    return features, logits


def _bodies(graph: Graph, network: ShiftGcn, frames: int, clips: str) -> str:
    """All clips' bodies one after another, normalised: B C V T."""
    joints, coordinates = network.parts[0].spatial.mask.shape
    every = graph.add("Transpose", clips, perm=[0, 4, 3, 1, 2])
    channels = graph.reshape(every, network.body_count * joints * coordinates, frames)
    normal = _norm(graph, channels, network.input_norm)
    return graph.add("Transpose", graph.reshape(normal, joints, coordinates, frames), perm=[0, 2, 1, 3])


def _present(graph: Graph, body_count: int, clips: str) -> str:
    """Rows of the bodies to encode: each clip's first body, and all others that are not zero throughout."""
    largest = graph.add("ReduceMax", graph.add("Abs", clips), graph.constant([1, 2, 3]), keepdims=0)
    first = graph.constant(np.arange(body_count) == 0)
    wanted = graph.add("Or", graph.add("Cast", largest, to=graph.onnx.TensorProto.BOOL), first)
    return graph.add("Squeeze", graph.add("NonZero", graph.reshape(wanted)), graph.constant([0]))


def _mean_over_bodies(graph: Graph, features: str, rows: str, absent: Float[np.ndarray, "M D"]) -> str:
    """Put the encoded bodies among the absent ones, and take each clip's mean: N D."""
    count = graph.add("Shape", "clips", start=0, end=1)
    repeats = graph.add("Concat", count, graph.constant([1]), axis=0)
    base = graph.add("Tile", graph.constant(absent), repeats)
    every = graph.add("ScatterND", base, graph.add("Unsqueeze", rows, graph.constant([1])), features)
    return graph.add("ReduceMean", graph.reshape(every, *absent.shape), graph.constant([1]), keepdims=0)


def _one_body(network: ShiftGcn, frames: int, prefix: str) -> Any:
    """The blocks as a graph of their own: one body C V T in, its features out."""
    graph, (joints, coordinates) = Graph(prefix), network.parts[0].spatial.mask.shape
    body, features = f"{prefix}body", f"{prefix}features"
    inputs = {body: (coordinates, joints, frames)}
    hidden = graph.reshape(body, *inputs[body])
    for block in network.parts:
        hidden, frames = _block(graph, block, hidden, frames)
    graph.add("ReduceMean", hidden, graph.constant([0, 2, 3]), keepdims=0, output=features)
    return graph.finish("one_body", inputs, {features: (network.feature_width,)})


@torch.no_grad()
def _absent_features(network: ShiftGcn, frames: int) -> Float[np.ndarray, "M D"]:
    """What the network makes of each body where it is all zeros."""
    joints, coordinates = network.parts[0].spatial.mask.shape
    zeros = torch.zeros(1, network.input_norm.num_features, frames, device=network.device)
    normal = network.input_norm(zeros).view(network.body_count, joints, coordinates, frames)
    return _numpy(network.blocks(normal.permute(0, 3, 1, 2).contiguous()).mean(dim=(1, 2)))


def _block(graph: Graph, block: Block, hidden: str, frames: int) -> tuple[str, int]:
    """One block, and how many frames it leaves."""
    out = _temporal(graph, block.temporal, _spatial(graph, block.spatial, hidden, frames))
    if block.bypass:
        around = hidden if block.shortcut is None else _pointwise_norm(graph, block.shortcut, hidden, block.stride)
        out = graph.add("Add", out, around)
    return graph.add("Relu", out), -(-frames // block.stride)


def _spatial(graph: Graph, part: SpatialShiftLinear, hidden: str, frames: int) -> str:
    (joints, width_in), width_out = part.mask.shape, len(part.weight)
    rows = graph.reshape(hidden, width_in * joints, frames)
    shifted = graph.add("Gather", rows, graph.constant(_channels_first(part.shift_in, joints)), axis=1)
    mask = (1 + torch.tanh(part.mask)).T.reshape(-1, 1)
    weighed = graph.reshape(graph.add("Mul", shifted, graph.constant(_numpy(mask))), width_in, joints, frames)
    mixed = graph.reshape(_pointwise(graph, part.weight, part.bias, weighed), width_out * joints, frames)
    back = graph.add("Gather", mixed, graph.constant(_channels_first(part.shift_out, joints)), axis=1)
    order = np.arange(joints * width_out).reshape(joints, width_out).T.ravel()
    normal = graph.reshape(_norm(graph, back, part.norm, order), width_out, joints, frames)
    around = hidden if part.shortcut is None else _pointwise_norm(graph, part.shortcut, hidden)
    return graph.add("Relu", graph.add("Add", normal, around))


def _temporal(graph: Graph, part: TemporalShiftLinear, hidden: str) -> str:
    shifted = _shift(graph, part.shift_in, _norm(graph, hidden, part.norm_in))
    mixed = graph.add("Relu", _pointwise(graph, part.weight, part.bias, shifted))
    return _norm(graph, _shift(graph, part.shift_out, mixed), part.norm_out)


def _shift(graph: Graph, shift: TemporalShift, hidden: str) -> str:
    """A depthwise convolution along time."""
    kernel = _numpy(shift.kernel().permute(0, 1, 3, 2))
    width, _, _, length = kernel.shape
    pads = [0, length // 2, 0, length // 2]
    return graph.add("Conv", hidden, graph.constant(kernel), group=width, pads=pads, strides=[1, shift.stride])


def _pointwise(graph: Graph, weight: Tensor, bias: Tensor, hidden: str, stride: int = 1) -> str:
    kernel, offset = graph.constant(_numpy(weight[:, :, None, None])), graph.constant(_numpy(bias))
    return graph.add("Conv", hidden, kernel, offset, strides=[1, stride])


def _pointwise_norm(graph: Graph, layer: PointwiseNorm, hidden: str, stride: int = 1) -> str:
    return _norm(graph, _pointwise(graph, layer.weight, layer.bias, hidden, stride), layer.norm)


def _norm(
    graph: Graph, hidden: str, norm: nn.BatchNorm1d | nn.BatchNorm2d, order: Int[np.ndarray, "W"] | None = None
) -> str:
    """Batch normalisation of axis 1, whose channels may lie in another order than the norm's."""
    assert norm.running_mean is not None  # a norm of ours keeps both
    assert norm.running_var is not None
    statistics = [_numpy(one) for one in (norm.weight, norm.bias, norm.running_mean, norm.running_var)]
    constants = [graph.constant(one if order is None else one[order]) for one in statistics]
    return graph.add("BatchNormalization", hidden, *constants, epsilon=norm.eps)


def _channels_first(shift: Int[Tensor, "VW"], joints: int) -> Int[np.ndarray, "WV"]:
    """Where each joint of each channel comes from, given where each channel of each joint does."""
    source = _numpy(shift).reshape(joints, -1)
    joint, channel = np.divmod(source, source.shape[1])
    return (channel * joints + joint).T.ravel()


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
