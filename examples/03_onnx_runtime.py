"""A recognizer exported to ONNX, answering without PyTorch and without this package: numpy and ONNX Runtime.

Usage: python examples/03_onnx_runtime.py FOLDER CLIP.npy

FOLDER is what `gzssar export MODEL --onnx FOLDER` wrote: encoder.onnx, heads.onnx, and the unseen classes, which may be
edited: a row of prototypes.npy and of texts.csv each. CLIP.npy holds one clip as `Recognizer.prepare` returns it,
(3, T, 25, M). Needs numpy and onnxruntime.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


def main(folder: Path, clip: Path) -> None:
    """Print the five likeliest classes of a clip."""
    encoder, heads = (load(folder / name) for name in ("encoder.onnx", "heads.onnx"))
    with (folder / "texts.csv").open(encoding="utf-8", newline="") as file:
        unseen_labels = [row["label"] for row in csv.DictReader(file)]
    seen_labels = json.loads(heads.get_modelmeta().custom_metadata_map["seen_labels"])
    (features,) = encoder.run(["features"], {"clips": np.load(clip)[None].astype(np.float32)})
    prototypes = np.load(folder / "prototypes.npy").astype(np.float32)
    (scores,) = heads.run(["scores"], {"features": features, "unseen_prototypes": prototypes})[0]
    for row in np.argsort(-scores)[:5]:
        kind = "seen" if row < len(seen_labels) else "unseen"
        print(f"{scores[row]:.3f}  {kind:<6}  {[*seen_labels, *unseen_labels][row]}")


def load(path: Path) -> onnxruntime.InferenceSession:
    """Open a graph on one CPU thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
