"""From features to scores, as an ONNX graph.

The unseen classes' prototypes are an input, not a constant: a class is added or taken away by editing an array that
lies beside the model. Where clips show classes later, the seen ones' centres are an input too.
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
from gzssar.onnx_export.graph import Axes, Graph


@dataclass(frozen=True)
class Heads:
    """What turns features into scores. D features, S seen classes; written as float32."""

    space: SkeletonSpace

    seen_means: Float[np.ndarray, "S W"]
    """In the space, like the unseen prototypes."""

    advantages: Float[np.ndarray, "S"]
    """What to add to the cosines of seen classes that a few clips show; 0 for the others."""

    seen_labels: tuple[str, ...]
    """What the rows of `seen_means` are called; kept in the file's metadata."""

    decision: Decision
    """Its gate reads the best score of either kind."""

    thresholds: Thresholds
    """Below which to abstain; kept in the metadata."""


def export_heads(heads: Heads, path: Path, open_to_clips: bool = False) -> None:
    """Write what turns features into scores.

    Inputs: ``features`` (N, D) and ``unseen_prototypes`` (U, W), in the whitened space, U ≥ 1. Outputs: ``scores``
    (N, S + U), probabilities as of :meth:`gzssar.decision.decision.Decision.rank`, seen classes first; ``p_seen`` (N,),
    the gate's σ(w·(x − centre)/scale + b), x being the highest cosine to a seen class and to an unseen one; and
    ``cosines`` (N, S + U) between clips and centres. The metadata holds the seen classes' labels and, for answers of
    either kind, the score and the cosine below which to abstain.

    Args:
        heads: what to write.
        path: of the file.
        open_to_clips: make the seen classes two more inputs, so that clips can show one more: ``seen_centres`` (S, W)
            and ``seen_advantages`` (S,), which the file does not hold then.

    Raises:
        MissingExtraError: onnx is not installed.
        ConfigError: the decision routes hard, which a graph of softmaxes cannot say.
        OutputError: `path` cannot be written.
    """
    calibration = heads.decision.calibration
    if not calibration.seen_temperature or not calibration.unseen_temperature:
        raise ConfigError('the exported heads need a recipe with routing="soft", but this model has hard routing.')
    graph, width = Graph(), len(heads.space.offset)
    inputs: dict[str, Axes] = {"features": ("N", heads.space.width), "unseen_prototypes": ("U", width)}
    if open_to_clips:
        centres, advantages = "seen_centres", "seen_advantages"
        inputs |= {centres: ("S", width), advantages: ("S",)}
    else:
        centres, advantages = graph.constant(heads.seen_means), graph.constant(heads.advantages)
    clips = _unit(graph, _whitened(graph, heads.space))
    seen, unseen = (
        graph.add("MatMul", clips, graph.add("Transpose", _unit(graph, rows), perm=[1, 0]))
        for rows in (centres, "unseen_prototypes")
    )
    graph.add("Concat", seen, unseen, axis=1, output="cosines")
    seen = graph.add("Add", seen, advantages)
    log_odds = _gate(graph, heads.decision.gate, seen, unseen)
    graph.add("Sigmoid", graph.add("Squeeze", log_odds, graph.constant([1])), output="p_seen")
    _scores(graph, calibration, seen, unseen, log_odds)
    abstain_below = {kind: limits._asdict() for kind, limits in heads.thresholds._asdict().items()}
    graph.write(
        path,
        inputs=inputs,
        outputs={
            "scores": ("N", "S + U"),
            "p_seen": ("N",),
            "cosines": ("N", "S + U"),
        },
        about={"seen_labels": list(heads.seen_labels), "abstain_below": abstain_below},
    )


def _whitened(graph: Graph, space: SkeletonSpace) -> str:
    """Features in the skeleton space."""
    features = "features"
    if space.roots:
        roots = graph.add("Mul", graph.add("Sign", features), graph.add("Sqrt", graph.add("Abs", features)))
        features = graph.add("Concat", features, roots, axis=1)
    centred = graph.add("Sub", features, graph.constant(space.offset))
    if space.blocks is None:
        return centred
    apart = graph.add("Transpose", graph.reshape(centred, *space.blocks.shape[:2]), perm=[1, 0, 2])  # block by block
    mapped = graph.add("MatMul", apart, graph.constant(space.blocks))
    return graph.reshape(graph.add("Transpose", mapped, perm=[1, 0, 2]), len(space.offset))


def _unit(graph: Graph, rows: str) -> str:
    return graph.add("LpNormalization", rows, axis=1, p=2)


def _gate(graph: Graph, gate: Gate, seen: str, unseen: str) -> str:
    """The gate's log-odds of "seen": N 1."""
    highest = [graph.add("ReduceMax", scores, graph.constant([1])) for scores in (seen, unseen)]
    inputs = graph.add("Sub", graph.add("Concat", *highest, axis=1), graph.constant(gate.centre))
    standard = graph.add("Div", inputs, graph.constant(gate.scale))
    weighed = graph.add("MatMul", standard, graph.constant(gate.weights[:, None]))
    return graph.add("Add", weighed, graph.constant(np.float32(gate.bias)))


def _scores(graph: Graph, calibration: Calibration, seen: str, unseen: str, log_odds: str) -> None:
    """p(kind) · p(class | kind), with even odds where p_seen is the threshold."""
    even = np.float32(np.log((1 - calibration.threshold) / calibration.threshold))
    moved = graph.add("Add", log_odds, graph.constant(even))
    parts = []
    for cosines, temperature, odds in (
        (seen, calibration.seen_temperature, moved),
        (unseen, calibration.unseen_temperature, graph.add("Neg", moved)),
    ):
        logits = graph.add("Div", cosines, graph.constant(np.float32(temperature)))
        parts.append(graph.add("Mul", graph.add("Sigmoid", odds), graph.add("Softmax", logits, axis=1)))
    graph.add("Concat", *parts, axis=1, output="scores")
