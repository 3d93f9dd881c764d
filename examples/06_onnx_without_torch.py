"""A recognizer exported to ONNX, answering without PyTorch and without this package: numpy and ONNX Runtime.

Usage: python examples/06_onnx_without_torch.py FOLDER FRAMES.npy LAYOUT FPS

FOLDER is a folder that `gzssar export MODEL --onnx FOLDER` wrote: encoder.onnx, heads.onnx, prepare.py with the files
that it reads, and the unseen classes. Each unseen class is a row of prototypes.npy and of texts.csv, which you may
edit. FRAMES.npy holds joints in metres, (T, V, 3) for one body or (T, M, V, 3) for M bodies, in the order of LAYOUT
(ntu25, mediapipe33, coco17, …). FPS is the number of frames per second. The script needs numpy and onnxruntime.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


def main(folder: Path, frames: Path, layout: str, fps: float) -> None:
    """Print the five likeliest classes of a clip."""
    sys.path.insert(0, str(folder))
    from prepare import is_resting, prepare, recording

    clip = recording(np.load(frames), layout, fps)
    if is_resting(clip):
        print("nothing is happening")
        return
    encoder, heads = (load(folder / name) for name in ("encoder.onnx", "heads.onnx"))
    (features,) = encoder.run(["features"], {"clips": prepare(clip)[None]})
    prototypes = np.load(folder / "prototypes.npy").astype(np.float32)
    (scores,) = heads.run(["scores"], {"features": features, "unseen_prototypes": prototypes})[0]
    with (folder / "texts.csv").open(encoding="utf-8", newline="") as file:
        unseen_labels = [row["label"] for row in csv.DictReader(file)]
    seen_labels = json.loads(heads.get_modelmeta().custom_metadata_map["seen_labels"])
    for row in np.argsort(-scores)[:5]:
        kind = "seen" if row < len(seen_labels) else "unseen"
        print(f"{scores[row]:.3f}  {kind:<6}  {[*seen_labels, *unseen_labels][row]}")


def load(path: Path) -> onnxruntime.InferenceSession:
    """Open a graph on one CPU thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
