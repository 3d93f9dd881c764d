"""Loads the web page's routes: 200 predictions from 16 clients on loopback; writes ``results/serving.json``.

    python benchmarks/serving.py [--model FOLDER]

Without a model, the embedded synthetic one. Each client uploads clips of its own; an answer counts as wrong where it
differs from the recognizer's own.
"""

import argparse
import io
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from gzssar.recognizer import Recognizer
from gzssar.recognizer.embedded import synthetic_model
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.synthetic import SyntheticWorld
from results import origin, write

REQUESTS, CLIENTS = 200, 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    about = origin("serving")
    recognizer = Recognizer.load(arguments.model) if arguments.model else synthetic_model()
    drawn = SyntheticWorld(seed=1, clips_per_class=2, subject_count=2).clips()
    clips = [as_npy(drawn.joints[k % len(drawn)]) for k in range(REQUESTS)]
    expected = [recognizer.predict(SkeletonSequence(joints, 30.0, NTU25)).label for joints, _ in clips]
    command = [sys.executable, "-m", "gzssar", "serve", "--port", "0"]
    command += [str(arguments.model)] if arguments.model else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[2]
        ask(address, clips[0][1], {"classes": '[{"label": "warm up"}]'})  # by its answer, everything is loaded
        started = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(lambda clip: ask(address, clip[1]), clips))
        seconds = time.perf_counter() - started
        server.terminate()
    took = sorted(one for _, one in answers)
    result = {
        **about,
        "model": repr(recognizer),
        "requests": REQUESTS,
        "clients": CLIENTS,
        "lost": sum(label is LOST for label, _ in answers),
        "wrong": sum(label != wanted for (label, _), wanted in zip(answers, expected, strict=True)),
        "p50, ms": 1e3 * statistics.median(took),
        "p99, ms": 1e3 * took[int(0.99 * len(took))],
        "requests a second": REQUESTS / seconds,
    }
    write("serving", result)
    print(json.dumps(result, indent=2))


LOST = "lost"


def as_npy(joints: np.ndarray) -> tuple[np.ndarray, bytes]:
    """A clip as it will be read, and as the (T, V, C) table that is uploaded."""
    file = io.BytesIO()
    np.save(file, joints[..., 0].transpose(1, 2, 0))
    return joints, file.getvalue()


def ask(address: str, clip: bytes, more: dict[str, str] | None = None) -> tuple[str | None, float]:
    """The label, and the seconds it took."""
    boundary = "clip-boundary"
    fields = {"layout": "ntu25", "fps": "30", **(more or {})}
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="clip"; filename="clip.npy"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + clip + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{address}/api/predict", body, headers), timeout=60) as got:
            label = json.load(got)["label"]
    except OSError:
        label = LOST
    return label, time.perf_counter() - started


if __name__ == "__main__":
    main()
