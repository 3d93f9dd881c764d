"""A recognizer as ONNX graphs, to run without PyTorch: the skeleton encoder, and the heads that stand on its features.

Both graphs are written operator by operator, since tracing the network would bring its layout along. PyTorch is fastest
with channels last; ONNX Runtime on a CPU with channels first and time innermost, ``B W V T``: a shift of joints then
copies rows of T numbers, and the convolutions stay in the runtime's own blocked layout from the temporal part's first
norm to the end of the block. Norms are written as they are and folded by the runtime where they follow a convolution.
Bodies pass one at a time, in a Scan, so that activations stay in the cache however many clips there are; its constants
lie in its own graph, since the runtime lays out no weights that come from outside. Opset 18 in IR version 8, which
every ONNX Runtime since 1.14 reads.

The unseen classes' prototypes are an input of the heads, not a constant: a class is added or taken away by editing an
array that lies beside the model.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gzssar.errors import MissingExtraError, OutputError
from gzssar.files import writing
from gzssar.recognition.ranking import Calibration
from gzssar.skeletons.encoder import Encoder
from gzssar.skeletons.shift_gcn import (
    Block,
    PointwiseNorm,
    ShiftGcn,
    SpatialShiftLinear,
    TemporalShift,
    TemporalShiftLinear,
)

OPSET, IR_VERSION = 18, 8

Axes = tuple[str | int, ...]
"""Lengths of an input's or output's axes; a name stands for any length."""


@dataclass(frozen=True)
class HeadArrays:
    """What turns features into scores. D features, S seen classes; written as float32."""

    offset: Float[np.ndarray, "D"]
    """What is taken from the features before they are whitened."""

    matrix: Float[np.ndarray, "D D"]
    """What whitens them, from the right; the identity where features stay as they come."""

    seen_means: Float[np.ndarray, "S D"]
    """In the whitened space, like the unseen prototypes."""

    seen_labels: tuple[str, ...]
    """What the rows of `seen_means` are called; kept in the file's metadata."""

    gate_centre: Float[np.ndarray, "2"]
    """Of the gate's inputs: the highest seen score, the highest unseen score."""

    gate_scale: Float[np.ndarray, "2"]
    gate_weights: Float[np.ndarray, "2"]
    gate_bias: float

    calibration: Calibration = field(default_factory=Calibration)
    """Temperatures and threshold, which go into the scores; `abstain_below` is kept in the metadata."""


def require_empty(folder: Path) -> None:
    """See that `folder` can take an export: it does not exist, or is empty.

    Raises:
        OutputError: it holds something, or is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} should be a folder for the ONNX files, but it is a file: name another one.")
    if folder.exists() and any(folder.iterdir()):
        raise OutputError(f"{folder} should be empty or not exist, but it holds files: name another folder.")


def export_encoder(encoder: Encoder, path: Path) -> None:
    """Write the network: clips in, features and logits out.

    Input ``clips`` (N, C, T, V, M), float32: what :meth:`Encoder.prepare` returns, stacked; T and M are the encoder's,
    N is free. Outputs ``features`` (N, D) and ``logits`` (N, S), a column per class the encoder is trained on. The
    metadata says which classes, which frames and which stream. Second bodies that are absent (all zeros) cost nothing:
    their features are a constant in the graph.

    Raises:
        MissingExtraError: onnx is not installed.
        OutputError: `path` cannot be written.
    """
    network, graph = encoder.network, _Graph()
    joints, coordinates = network.parts[0].spatial.mask.shape
    bodies = _bodies(graph, network, encoder.frames)
    rows = _present(graph, network.body_count) if network.body_count > 1 else None
    present = bodies if rows is None else graph.add("Gather", bodies, rows, axis=0)
    features = graph.add("Scan", present, body=_one_body(network, encoder.frames), num_scan_inputs=1)
    if rows is not None:
        features = _mean_over_bodies(graph, features, rows, _absent_features(network, encoder.frames))
    graph.add("Identity", features, output="features")
    weight, bias = _numpy(network.classifier.weight), _numpy(network.classifier.bias)
    graph.add("Gemm", "features", graph.constant(weight), graph.constant(bias), transB=1, output="logits")
    graph.write(
        path,
        inputs={"clips": ("N", coordinates, encoder.frames, joints, network.body_count)},
        outputs={"features": ("N", weight.shape[1]), "logits": ("N", weight.shape[0])},
        about={
            "classes": list(encoder.classes),
            "frames": encoder.frames,
            "stream": encoder.stream,
            "provenance": dict(encoder.provenance),
        },
    )


def export_heads(heads: HeadArrays, path: Path) -> None:
    """Write what turns features into scores.

    Inputs: ``features`` (N, D) and ``unseen_prototypes`` (U, D), in the whitened space, U ≥ 1. Outputs: ``scores``
    (N, S + U), as of :func:`gzssar.recognition.ranking.score`, seen classes first, rows sum to 1; ``p_seen`` (N,), the
    gate's σ(w·([highest seen, highest unseen] − centre)/scale + b); and ``seen_densities`` (N, S) and
    ``unseen_densities`` (N, U), log-densities −½‖x − m‖² up to a constant. The metadata holds the seen classes' labels
    and the score below which to abstain.

    Raises:
        MissingExtraError: onnx is not installed.
        OutputError: `path` cannot be written.
    """
    graph, width = _Graph(), len(heads.offset)
    centred = graph.add("Sub", "features", graph.constant(heads.offset))
    whitened = graph.add("MatMul", centred, graph.constant(heads.matrix))
    seen = _densities(graph, whitened, graph.constant(heads.seen_means), "seen_densities")
    unseen = _densities(graph, whitened, "unseen_prototypes", "unseen_densities")
    log_odds = _gate(graph, heads, seen, unseen)
    graph.add("Sigmoid", graph.add("Squeeze", log_odds, graph.constant([1])), output="p_seen")
    _scores(graph, heads.calibration, seen, unseen, log_odds)
    seen_count = len(heads.seen_means)
    graph.write(
        path,
        inputs={"features": ("N", width), "unseen_prototypes": ("U", width)},
        outputs={
            "scores": ("N", "S + U"),
            "p_seen": ("N",),
            "seen_densities": ("N", seen_count),
            "unseen_densities": ("N", "U"),
        },
        about={"seen_labels": list(heads.seen_labels), "abstain_below": heads.calibration.abstain_below},
    )


def _densities(graph: "_Graph", whitened: str, means: str, output: str) -> str:
    """−½ squared distances, taken from differences: means are few."""
    differences = graph.add("Sub", graph.add("Unsqueeze", whitened, graph.constant([1])), means)
    squares = graph.add("ReduceSumSquare", differences, graph.constant([2]), keepdims=0)
    return graph.add("Mul", squares, graph.constant(np.float32(-0.5)), output=output)


def _gate(graph: "_Graph", heads: HeadArrays, seen: str, unseen: str) -> str:
    """The gate's log-odds of "seen": N 1."""
    highest = [graph.add("ReduceMax", one, graph.constant([1]), keepdims=1) for one in (seen, unseen)]
    inputs = graph.add("Sub", graph.add("Concat", *highest, axis=1), graph.constant(heads.gate_centre))
    standard = graph.add("Div", inputs, graph.constant(heads.gate_scale))
    weighed = graph.add("MatMul", standard, graph.constant(heads.gate_weights[:, None]))
    return graph.add("Add", weighed, graph.constant(np.float32(heads.gate_bias)))


def _scores(graph: "_Graph", calibration: Calibration, seen: str, unseen: str, log_odds: str) -> None:
    """p(kind) · p(class | kind), with even odds where p_seen is the threshold."""
    even = np.float32(np.log((1 - calibration.threshold) / calibration.threshold))
    moved = graph.add("Add", log_odds, graph.constant(even))
    parts = []
    for densities, temperature, odds in (
        (seen, calibration.seen_temperature, moved),
        (unseen, calibration.unseen_temperature, graph.add("Neg", moved)),
    ):
        logits = graph.add("Div", densities, graph.constant(np.float32(temperature)))
        parts.append(graph.add("Mul", graph.add("Sigmoid", odds), graph.add("Softmax", logits, axis=1)))
    graph.add("Concat", *parts, axis=1, output="scores")


def _bodies(graph: "_Graph", network: ShiftGcn, frames: int) -> str:
    """All clips' bodies one after another, normalised: B C V T."""
    joints, coordinates = network.parts[0].spatial.mask.shape
    every = graph.add("Transpose", "clips", perm=[0, 4, 3, 1, 2])
    channels = graph.reshape(every, network.body_count * joints * coordinates, frames)
    normal = _norm(graph, channels, network.input_norm)
    return graph.add("Transpose", graph.reshape(normal, joints, coordinates, frames), perm=[0, 2, 1, 3])


def _present(graph: "_Graph", body_count: int) -> str:
    """Rows of the bodies to encode: each clip's first body, and all others that are not zero throughout."""
    largest = graph.add("ReduceMax", graph.add("Abs", "clips"), graph.constant([1, 2, 3]), keepdims=0)
    first = graph.constant(np.arange(body_count) == 0)
    wanted = graph.add("Or", graph.add("Cast", largest, to=_onnx().TensorProto.BOOL), first)
    return graph.add("Squeeze", graph.add("NonZero", graph.reshape(wanted)), graph.constant([0]))


def _mean_over_bodies(graph: "_Graph", features: str, rows: str, absent: Float[np.ndarray, "M D"]) -> str:
    """Put the encoded bodies among the absent ones, and take each clip's mean: N D."""
    count = graph.add("Shape", "clips", start=0, end=1)
    repeats = graph.add("Concat", count, graph.constant([1]), axis=0)
    base = graph.add("Tile", graph.constant(absent), repeats)
    every = graph.add("ScatterND", base, graph.add("Unsqueeze", rows, graph.constant([1])), features)
    return graph.add("ReduceMean", graph.reshape(every, *absent.shape), graph.constant([1]), keepdims=0)


def _one_body(network: ShiftGcn, frames: int) -> Any:
    """The blocks as a graph of their own: one body C V T in, its features out."""
    graph, (joints, coordinates) = _Graph("in_body_"), network.parts[0].spatial.mask.shape
    inputs = {"body": (coordinates, joints, frames)}
    hidden = graph.reshape("body", *inputs["body"])
    for block in network.parts:
        hidden, frames = _block(graph, block, hidden, frames)
    graph.add("ReduceMean", hidden, graph.constant([0, 2, 3]), keepdims=0, output="body_features")
    return graph.finish("one_body", inputs, {"body_features": (network.classifier.in_features,)})


@torch.no_grad()
def _absent_features(network: ShiftGcn, frames: int) -> Float[np.ndarray, "M D"]:
    """What the network makes of each body where it is all zeros."""
    joints, coordinates = network.parts[0].spatial.mask.shape
    zeros = torch.zeros(1, network.input_norm.num_features, frames, device=network.classifier.weight.device)
    normal = network.input_norm(zeros).view(network.body_count, joints, coordinates, frames)
    return _numpy(network.blocks(normal.permute(0, 3, 1, 2).contiguous()).mean(dim=(1, 2)))


def _block(graph: "_Graph", block: Block, hidden: str, frames: int) -> tuple[str, int]:
    """One block, and how many frames it leaves."""
    out = _temporal(graph, block.temporal, _spatial(graph, block.spatial, hidden, frames))
    if block.bypass:
        around = hidden if block.shortcut is None else _pointwise_norm(graph, block.shortcut, hidden, block.stride)
        out = graph.add("Add", out, around)
    return graph.add("Relu", out), -(-frames // block.stride)


def _spatial(graph: "_Graph", part: SpatialShiftLinear, hidden: str, frames: int) -> str:
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


def _temporal(graph: "_Graph", part: TemporalShiftLinear, hidden: str) -> str:
    shifted = _shift(graph, part.shift_in, _norm(graph, hidden, part.norm_in))
    mixed = graph.add("Relu", _pointwise(graph, part.weight, part.bias, shifted))
    return _norm(graph, _shift(graph, part.shift_out, mixed), part.norm_out)


def _shift(graph: "_Graph", shift: TemporalShift, hidden: str) -> str:
    """A depthwise convolution along time."""
    kernel = _numpy(shift.kernel().permute(0, 1, 3, 2))
    width, _, _, length = kernel.shape
    pads = [0, length // 2, 0, length // 2]
    return graph.add("Conv", hidden, graph.constant(kernel), group=width, pads=pads, strides=[1, shift.stride])


def _pointwise(graph: "_Graph", weight: Tensor, bias: Tensor, hidden: str, stride: int = 1) -> str:
    kernel, offset = graph.constant(_numpy(weight[:, :, None, None])), graph.constant(_numpy(bias))
    return graph.add("Conv", hidden, kernel, offset, strides=[1, stride])


def _pointwise_norm(graph: "_Graph", layer: PointwiseNorm, hidden: str, stride: int = 1) -> str:
    return _norm(graph, _pointwise(graph, layer.weight, layer.bias, hidden, stride), layer.norm)


def _norm(
    graph: "_Graph", hidden: str, norm: nn.BatchNorm1d | nn.BatchNorm2d, order: Int[np.ndarray, "W"] | None = None
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


class _Graph:
    """An ONNX graph as it grows: values are named by the operator that makes them.

    Args:
        prefix: of all names; a graph inside another one must not repeat its names.
    """

    def __init__(self, prefix: str = "") -> None:
        self.onnx, self.prefix = _onnx(), prefix
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: np.ndarray | np.generic | Sequence[int]) -> str:
        """Keep an array in the file: real numbers as float32, whole ones as int64."""
        array = np.asarray(value)
        array = array if array.dtype == np.bool_ else array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        name = f"{self.prefix}constant_{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Append an operator with one output, and name that."""
        name = output or f"{self.prefix}{operator}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [name], name, **attributes))
        return name

    def reshape(self, value: str, *lengths: int) -> str:
        """Fix all axes but the first."""
        return self.add("Reshape", value, self.constant([-1, *lengths]))

    def finish(self, name: str, inputs: Mapping[str, Axes], outputs: Mapping[str, Axes]) -> Any:
        """The graph, whose inputs and outputs are float32."""
        helper, real = self.onnx.helper, self.onnx.TensorProto.FLOAT
        named = [
            [helper.make_tensor_value_info(value, real, axes) for value, axes in values.items()]
            for values in (inputs, outputs)
        ]
        return helper.make_graph(self.nodes, name, *named, self.constants)

    def write(
        self, path: Path, inputs: Mapping[str, Axes], outputs: Mapping[str, Axes], about: Mapping[str, Any]
    ) -> None:
        """Write the model, all of it or nothing; `about` becomes metadata, each value as JSON."""
        helper, graph = self.onnx.helper, self.finish(path.stem, inputs, outputs)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="gzssar")
        helper.set_model_props(model, {key: json.dumps(value, ensure_ascii=False) for key, value in about.items()})
        try:
            with writing(path) as file:
                file.write(model.SerializeToString(deterministic=True))
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({error.strerror}): name another folder.") from error


def _onnx() -> Any:
    """Import late: it is an extra."""
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("an export to ONNX needs onnx: pip install 'gzssar[onnx]'.") from error
    return onnx
