"""Times recognition from clip to scores, in PyTorch and in ONNX Runtime; writes ``results/latency.json``.

    python benchmarks/latency.py

One thread, warm, full width, random weights: clips of 64 frames, prepared, encoded and scored against 55 seen and 5
unseen classes; one clip also at the 300 frames of the published weights; and live, from a line with a frame to the
answer for the last two seconds. In PyTorch the folded network is kept between calls. Both run in turn in one process,
since machines are shared: believe the ratio rather than the milliseconds.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from gzssar.decision.abstention import Limits, Thresholds
from gzssar.decision.decision import Calibration, Decision
from gzssar.decision.gate import BestScores, Gate
from gzssar.encoders.encoder import Encoder
from gzssar.encoders.shift_gcn.folding import FoldedShiftGcn
from gzssar.encoders.shift_gcn.network import ShiftGcn
from gzssar.features.whitening import SkeletonSpace, cosines
from gzssar.inference.live import answer_frames
from gzssar.methods.method import ClassScores
from gzssar.onnx_export import Heads, export_encoder, export_heads
from gzssar.recognizer import Prediction
from gzssar.running import one_thread
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.synthetic import SyntheticWorld
from results import origin, write

FRAMES, PUBLISHED, SEEN, UNSEEN = 64, 300, 55, 5
LIVE = 90
"""Frames of a stream; the last third, by which the window is full, is timed."""
REPEATS = {1: 60, 8: 15, 32: 7}
"""How often each batch size is timed."""

Recognize = Callable[[Sequence[SkeletonSequence]], np.ndarray]
"""Clips to scores (N, S + U)."""


@one_thread()
def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    result = origin("latency") | {"load at the start": os.getloadavg()[0]}
    result |= {name: version(name) for name in ("torch", "onnxruntime")}
    for bodies, performers in ((1, 1), (2, 1), (2, 2)):
        what = f"encoder of {counted(bodies)}, clips of {counted(performers)}"
        result[what] = timings(bodies, performers, FRAMES, REPEATS)
        result[f"{what}, {PUBLISHED} frames"] = timings(bodies, performers, PUBLISHED, {1: 20})
    result["live, encoder of 2 bodies, one body: ms a frame"] = live()
    result["load at the end"] = os.getloadavg()[0]
    write("latency", result)
    print(json.dumps(result, indent=2))


def counted(bodies: int) -> str:
    return "one body" if bodies == 1 else f"{bodies} bodies"


def timings(body_count: int, performers: int, frames: int, repeated: dict[int, int]) -> dict[str, float]:
    """Milliseconds of one clip and clips per second of batches: medians, the versions in turn."""
    encoder, heads, prototypes = random_recognizer(body_count, frames)
    versions = {"PyTorch": in_pytorch(encoder, heads, prototypes), "ONNX Runtime": in_onnx(encoder, heads, prototypes)}
    result: dict[str, float] = {}
    for count, repeats in repeated.items():
        clips = synthetic_clips(count, performers)
        answers = [recognize(clips) for recognize in versions.values()]  # warms up, too
        times: dict[str, list[float]] = {name: [] for name in versions}
        for _ in range(repeats):
            for name, recognize in versions.items():
                started = time.perf_counter()
                recognize(clips)
                times[name].append(time.perf_counter() - started)
        for name, taken in times.items():
            median = statistics.median(taken)
            if count == 1:
                result[f"one clip, {name}: ms"] = 1000 * median
            else:
                result[f"batches of {count}, {name}: clips a second"] = count / median
        plain, exported = (statistics.median(taken) for taken in times.values())
        result[f"batches of {count}: time in PyTorch / in ONNX Runtime"] = plain / exported
        result[f"batches of {count}: largest difference of a score"] = float(np.abs(answers[0] - answers[1]).max())
    return result


def live() -> float:
    """Median milliseconds from a line of a stream to its answer, in PyTorch."""
    recognize = in_pytorch(*random_recognizer(2, FRAMES))

    def answer(clips: Sequence[SkeletonSequence]) -> list[Prediction]:
        return [Prediction(({"label": "", "score": float(row.max()), "seen": True},), 1.0) for row in recognize(clips)]

    joints = np.concatenate([clip.joints[..., 0] for clip in synthetic_clips(2, 1)], axis=1)[:, :LIVE]
    lines = [json.dumps({"joints": joints[:, t].T.tolist()}) for t in range(LIVE)]
    taken, started = [], time.perf_counter()
    for _ in answer_frames(lines, answer, NTU25):
        taken.append(time.perf_counter() - started)
        started = time.perf_counter()
    return 1000 * statistics.median(taken[-LIVE // 3 :])


def random_recognizer(body_count: int, frames: int) -> tuple[Encoder, Heads, np.ndarray]:
    """An encoder at full width and heads, whose every number is drawn."""
    torch.manual_seed(0)
    network = ShiftGcn(SEEN, body_count=body_count).eval().requires_grad_(False)
    encoder = Encoder(network, tuple(range(SEEN)), frames)
    width, rng = encoder.network.classifier.in_features, np.random.default_rng(0)
    means = rng.standard_normal((SEEN + UNSEEN, 2 * width), dtype=np.float32)
    heads = Heads(
        SkeletonSpace(
            rng.standard_normal(2 * width, dtype=np.float32),
            0.01 * rng.standard_normal((2, width, width), dtype=np.float32),
            roots=True,
        ),
        seen_means=means[:SEEN],
        advantages=np.zeros(SEEN, dtype=np.float32),
        seen_labels=tuple(map(str, range(SEEN))),
        decision=Decision(
            Gate(np.full(2, 0.1), np.full(2, 0.05), np.array([1.0, -1.0]), 0.0, BestScores()),
            Calibration(0.05, 0.05),
        ),
        thresholds=Thresholds(Limits(0.3, 0.2), Limits(0.3, 0.2)),
    )
    return encoder, heads, means[SEEN:]


def synthetic_clips(count: int, performers: int) -> list[SkeletonSequence]:
    joints = SyntheticWorld(clips_per_class=2, frames=FRAMES, subject_count=2).clips().joints
    pairs = np.concatenate([joints, joints[::-1]], axis=-1)[..., :performers]
    return [SkeletonSequence(pairs[i % len(pairs)], 30.0, NTU25) for i in range(count)]


def in_pytorch(encoder: Encoder, heads: Heads, prototypes: np.ndarray) -> Recognize:
    folded = FoldedShiftGcn(encoder.network)

    def recognize(clips: Sequence[SkeletonSequence]) -> np.ndarray:
        prepared = np.stack([encoder.prepare(clip) for clip in clips])
        features = folded(torch.from_numpy(prepared)).features.numpy()
        whitened = heads.space(features)
        unseen, seen = cosines(whitened, prototypes), cosines(whitened, heads.seen_means)
        return np.concatenate(heads.decision.rank(ClassScores(seen, unseen))[:2], axis=1)

    return recognize


def in_onnx(encoder: Encoder, heads: Heads, prototypes: np.ndarray) -> Recognize:
    with tempfile.TemporaryDirectory() as folder:
        export_encoder(encoder, Path(folder) / "encoder.onnx")
        export_heads(heads, Path(folder) / "heads.onnx")
        network, scores = (session(Path(folder) / name) for name in ("encoder.onnx", "heads.onnx"))

    def recognize(clips: Sequence[SkeletonSequence]) -> np.ndarray:
        prepared = np.stack([encoder.prepare(clip) for clip in clips])
        (features,) = network.run(["features"], {"clips": prepared})
        return scores.run(["scores"], {"features": features, "unseen_prototypes": prototypes})[0]

    return recognize


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
