"""From features to scores, as an ONNX graph.

The unseen classes' prototypes are an input, not a constant: a class is added or taken away by editing an array that
lies beside the model.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.decision.abstention import Thresholds
from gzssar.decision.decision import Calibration, Decision
from gzssar.decision.gate import Gate
from gzssar.errors import ConfigError
from gzssar.features.whitening import SkeletonSpace
from gzssar.onnx_export.graph import Graph


@dataclass(frozen=True)
class Heads:
    """What turns features into scores. D features, S seen classes; written as float32."""

    space: SkeletonSpace

    seen_means: Float[np.ndarray, "S D"]
    """In the space, like the unseen prototypes."""

    seen_labels: tuple[str, ...]
    """What the rows of `seen_means` are called; kept in the file's metadata."""

    decision: Decision
    """Its gate reads the best scores."""

    thresholds: Thresholds
    """Below which to abstain; kept in the metadata."""


def export_heads(heads: Heads, path: Path) -> None:
    """Write what turns features into scores.

    Inputs: ``features`` (N, D) and ``unseen_prototypes`` (U, D), in the whitened space, U ≥ 1. Outputs: ``scores``
    (N, S + U), probabilities as of :meth:`gzssar.decision.decision.Decision.rank`, seen classes first; ``p_seen`` (N,),
    the gate's σ(w·([highest seen, highest unseen] − centre)/scale + b); and ``seen_densities`` (N, S) and
    ``unseen_densities`` (N, U), log-densities −½‖x − m‖² up to a constant; and ``cosines`` (N, S + U) between clips and
    centres. The metadata holds the seen classes' labels and, for answers of either kind, the score and the cosine below
    which to abstain.

    Raises:
        MissingExtraError: onnx is not installed.
        ConfigError: the decision routes hard, which a graph of softmaxes cannot say.
        OutputError: `path` cannot be written.
    """
    calibration = heads.decision.calibration
    if not calibration.seen_temperature or not calibration.unseen_temperature:
        raise ConfigError('the exported heads need a recipe with routing="soft", but the model has hard routing.')
    graph, width = Graph(), len(heads.space.offset)
    whitened = graph.add("Sub", "features", graph.constant(heads.space.offset))
    if heads.space.matrix is not None:
        whitened = graph.add("MatMul", whitened, graph.constant(heads.space.matrix))
    seen = _densities(graph, whitened, graph.constant(heads.seen_means), "seen_densities")
    unseen = _densities(graph, whitened, "unseen_prototypes", "unseen_densities")
    log_odds = _gate(graph, heads.decision.gate, seen, unseen)
    graph.add("Sigmoid", graph.add("Squeeze", log_odds, graph.constant([1])), output="p_seen")
    _scores(graph, calibration, seen, unseen, log_odds)
    _cosines(graph, whitened, graph.constant(heads.seen_means))
    seen_count = len(heads.seen_means)
    abstain_below = {kind: limits._asdict() for kind, limits in heads.thresholds._asdict().items()}
    graph.write(
        path,
        inputs={"features": ("N", width), "unseen_prototypes": ("U", width)},
        outputs={
            "scores": ("N", "S + U"),
            "p_seen": ("N",),
            "seen_densities": ("N", seen_count),
            "unseen_densities": ("N", "U"),
            "cosines": ("N", "S + U"),
        },
        about={"seen_labels": list(heads.seen_labels), "abstain_below": abstain_below},
    )


def _densities(graph: Graph, whitened: str, means: str, output: str) -> str:
    """−½ squared distances, taken from differences: means are few."""
    differences = graph.add("Sub", graph.add("Unsqueeze", whitened, graph.constant([1])), means)
    squares = graph.add("ReduceSumSquare", differences, graph.constant([2]), keepdims=0)
    return graph.add("Mul", squares, graph.constant(np.float32(-0.5)), output=output)


def _gate(graph: Graph, gate: Gate, seen: str, unseen: str) -> str:
    """The gate's log-odds of "seen": N 1."""
    highest = [graph.add("ReduceMax", one, graph.constant([1]), keepdims=1) for one in (seen, unseen)]
    inputs = graph.add("Sub", graph.add("Concat", *highest, axis=1), graph.constant(gate.centre))
    standard = graph.add("Div", inputs, graph.constant(gate.scale))
    weighed = graph.add("MatMul", standard, graph.constant(gate.weights[:, None]))
    return graph.add("Add", weighed, graph.constant(np.float32(gate.bias)))


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


def _cosines(graph: Graph, whitened: str, seen_means: str) -> None:
    """Cosines between clips and centres, seen classes first."""
    centres = graph.add("Concat", seen_means, "unseen_prototypes", axis=0)
    units = [graph.add("LpNormalization", rows, axis=1, p=2) for rows in (whitened, centres)]
    graph.add("MatMul", units[0], graph.add("Transpose", units[1], perm=[1, 0]), output="cosines")
