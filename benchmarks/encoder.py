"""Measures the skeleton encoder: against a straightforward eager version, in training, and on UTD-MHAD.

    python benchmarks/encoder.py [--data ../shared/data] [--device cpu]

One thread on the CPU. Writes results/encoder-<device>.json; benchmarks/report.py puts it into RESULTS.md.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from eager_shift_gcn import eager_features
from gzssar.encoders.shift_gcn.folding import FoldedShiftGcn
from gzssar.encoders.shift_gcn.network import ShiftGcn
from gzssar.encoders.shift_gcn.original_weights import load_original
from gzssar.encoders.weights import StreamWeights
from gzssar.features.embedding import EmbedJob, embed_clips
from results import HERE, origin, write

REPEATS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(arguments.device)
    result = origin("encoder") | {"torch": torch.__version__}
    if device.type == "cuda":
        result["machine"] = torch.cuda.get_device_name()
    result |= forward(arguments.data / "shiftgcn" / "ntu120_xset_joint.pt", device)
    result |= training(device)
    result |= utd(arguments.data, arguments.device)
    write(f"encoder-{device.type}", result)
    print(json.dumps(result, indent=2))


def forward(weights: Path, device: torch.device) -> dict[str, float]:
    """Sequences per second: T = 64, one body, full width, fp32; the versions in turn, medians."""
    network = load_original(weights)
    one_body = ShiftGcn(network.classifier.out_features, network.width, body_count=1).eval().requires_grad_(False)
    kept = {k: v for k, v in network.state_dict().items() if not k.startswith("input_norm")}
    one_body.load_state_dict(kept, strict=False)
    one_body.to(device)
    folded = FoldedShiftGcn(one_body)
    count = 16 if device.type == "cpu" else 1024
    clips = torch.randn(count, 3, 64, 25, 1, generator=torch.Generator().manual_seed(0)).to(device)
    versions: dict[str, Callable[[], torch.Tensor]] = {"folded": lambda: folded(clips).features}
    if device.type == "cpu":
        versions["straightforward eager"] = lambda: eager_features(one_body, clips)
    with torch.inference_mode():
        outputs = [version() for version in versions.values()]
        times: dict[str, list[float]] = {name: [] for name in versions}
        for _ in range(REPEATS):
            for name, version in versions.items():
                times[name].append(seconds(version, device))
    result = {f"forward, {name}: sequences a second": count / statistics.median(t) for name, t in times.items()}
    if len(outputs) == 2:
        ours, eager = (statistics.median(t) for t in times.values())
        result["forward, folded / eager"] = eager / ours
        result["forward, largest relative difference"] = float(
            (outputs[0] - outputs[1]).abs().max() / outputs[1].abs().max()
        )
    return result


def training(device: torch.device) -> dict[str, float]:
    """Sequences per core-second (per second on a GPU): T = 64, one body, full width, forward, backward and a step."""
    result = {}
    for name, dtype in (("fp32", None), ("bf16", torch.bfloat16)):
        torch.manual_seed(0)
        network = ShiftGcn(60, body_count=1).to(device)
        optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, nesterov=True)
        count = 16 if device.type == "cpu" else 256
        clips = torch.randn(count, 3, 64, 25, 1).to(device)
        labels = torch.randint(60, (count,)).to(device)

        def step(
            network: ShiftGcn = network,
            optimizer: torch.optim.Optimizer = optimizer,
            clips: torch.Tensor = clips,
            labels: torch.Tensor = labels,
            dtype: torch.dtype | None = dtype,
        ) -> None:
            optimizer.zero_grad()
            with torch.autocast(clips.device.type, dtype, enabled=dtype is not None):
                loss = torch.nn.functional.cross_entropy(network(clips).logits.float(), labels)
            loss.backward()
            optimizer.step()

        step()
        times = [seconds(step, device) for _ in range(5)]
        result[f"training, {name}: sequences a second"] = count / statistics.median(times)
    return result


def utd(data: Path, device: str) -> dict[str, float]:
    """Encoder seconds for the 861 clips of UTD-MHAD at T = 300, and a linear probe: odd performers train, even test."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "utd.npz"
        weights = data / "shiftgcn" / "ntu120_xset_joint.pt"
        started = time.perf_counter()
        done = embed_clips(EmbedJob(data / "utd_mhad" / "Skeleton.zip", (StreamWeights(weights),), out, device=device))
        whole = time.perf_counter() - started
        with np.load(out) as file:
            features, labels, subjects = file["feature"], file["label"], file["subject"]
    train = subjects % 2 == 1
    centre, scale = features[train].mean(axis=0), features[train].std(axis=0) + 1e-6
    standard = (features - centre) / scale
    probe = LogisticRegression(max_iter=2000).fit(standard[train], labels[train])
    return {
        "UTD-MHAD: clips": done.clip_count,
        "UTD-MHAD: encoder seconds": done.encoder_seconds,
        "UTD-MHAD: seconds with reading": whole,
        "UTD-MHAD: linear probe accuracy": float((probe.predict(standard[~train]) == labels[~train]).mean()),
    }


def seconds(function: Callable[[], object], device: torch.device) -> float:
    started = time.perf_counter()
    function()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
