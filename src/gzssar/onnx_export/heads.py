"""From features to scores, as an ONNX graph.

The unseen classes' prototypes are an input, not a constant: a class is added or taken away by editing an array that
lies beside the model.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.decision.decision import Calibration
from gzssar.onnx_export.graph import Graph


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


def export_heads(heads: HeadArrays, path: Path) -> None:
    """Write what turns features into scores.

    Inputs: ``features`` (N, D) and ``unseen_prototypes`` (U, D), in the whitened space, U ≥ 1. Outputs: ``scores``
    (N, S + U), as of :func:`gzssar.decision.decision.score`, seen classes first, rows sum to 1; ``p_seen`` (N,), the
    gate's σ(w·([highest seen, highest unseen] − centre)/scale + b); and ``seen_densities`` (N, S) and
    ``unseen_densities`` (N, U), log-densities −½‖x − m‖² up to a constant. The metadata holds the seen classes' labels
    and the score below which to abstain.

    Raises:
        MissingExtraError: onnx is not installed.
        OutputError: `path` cannot be written.
    """
    graph, width = Graph(), len(heads.offset)
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


def _densities(graph: Graph, whitened: str, means: str, output: str) -> str:
    """−½ squared distances, taken from differences: means are few."""
    differences = graph.add("Sub", graph.add("Unsqueeze", whitened, graph.constant([1])), means)
    squares = graph.add("ReduceSumSquare", differences, graph.constant([2]), keepdims=0)
    return graph.add("Mul", squares, graph.constant(np.float32(-0.5)), output=output)


def _gate(graph: Graph, heads: HeadArrays, seen: str, unseen: str) -> str:
    """The gate's log-odds of "seen": N 1."""
    highest = [graph.add("ReduceMax", one, graph.constant([1]), keepdims=1) for one in (seen, unseen)]
    inputs = graph.add("Sub", graph.add("Concat", *highest, axis=1), graph.constant(heads.gate_centre))
    standard = graph.add("Div", inputs, graph.constant(heads.gate_scale))
    weighed = graph.add("MatMul", standard, graph.constant(heads.gate_weights[:, None]))
    return graph.add("Add", weighed, graph.constant(np.float32(heads.gate_bias)))


def _scores(graph: Graph, calibration: Calibration, seen: str, unseen: str, log_odds: str) -> None:
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
