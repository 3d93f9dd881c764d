"""Seconds and peak memory of a seed of `default`, as clips and classes grow; writes ``results/growth.json``.

    python benchmarks/growth.py

Features (256 numbers) and texts (two tables of 384) are drawn at random, a tenth of the classes is unseen, and 50,000
clips are judged. Each size runs in a process of its own, on one thread.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import torch

from gzssar.experiment.story import Experiment, judge, train
from gzssar.features.class_cut import drawn_split
from gzssar.features.features import Benchmark, FeatureSet, Phase
from gzssar.methods.recipe import DEFAULT
from results import origin, write

SIZES = ((7_000, 43), (63_000, 120), (63_000, 1_000), (250_000, 120), (1_000_000, 1_000))
"""Training clips and classes."""
JUDGED = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs=2, type=int, metavar=("CLIPS", "CLASSES"), help="only this one")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.size:
        print(json.dumps(measured(*arguments.size)))
        return
    result = origin("growth")
    for clips, classes in SIZES:
        command = [sys.executable, __file__, "--size", str(clips), str(classes)]
        done = subprocess.run(command, capture_output=True, text=True)
        last = done.stdout.splitlines()[-1:] or ["null"]
        result[f"{clips:,} clips, {classes:,} classes"] = json.loads(last[0]) or "did not end: too little memory"
        write("growth", result)
        print(clips, classes, last[0], flush=True)


def measured(count: int, class_count: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    split = drawn_split("random", class_count, class_count // 10, 0)

    def clips(classes: tuple[int, ...], number: int) -> FeatureSet:
        return FeatureSet(rng.random((number, 256), dtype=np.float32), rng.permutation(np.resize(classes, number)))

    every = tuple(range(class_count))
    test = Phase("test", clips(split.seen, count), clips(every, JUDGED), split.seen, split.unseen)
    benchmark = Benchmark(split, test, None, "random", tuple(map(str, every)))
    tables = {kind: (rng.standard_normal((class_count, 384), dtype=np.float32),) for kind in ("ad", "md")}
    before = peak()
    started = time.perf_counter()
    judge(train(Experiment(benchmark, tables, DEFAULT), 0), "validation")
    return {"seconds": time.perf_counter() - started, "peak memory, GiB": peak(), "of it before, GiB": before}


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
