"""Times the NTU text reader on generated files of 100,000 frames; writes ``results/parsing.json``.

    python benchmarks/parsing.py [--frames 100000] [--repeats 5] [--out results/parsing.json]

A reader that splits line after line in Python, as they are usually written, reads the same files in the same run, and
both must find the same clips. Machines are shared: believe the ratio rather than the megabytes per second.
"""

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gzssar.files import write_json
from gzssar.skeletons.readers.ntu import read_ntu
from gzssar.skeletons.readers.ntu_bodies import Track, choose_bodies
from results import HERE, origin

CLIP_FRAMES = 80  # about the mean of NTU-60
FIRST_ID = 72057594037931101


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "parsing.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_files(Path(folder), arguments.frames, arguments.seed)
        result = origin("parsing") | {"numpy": np.__version__}
        result |= measure(files, arguments.repeats)
    write_json(arguments.out, result)
    print(json.dumps(result, indent=2))


def measure(files: list[Path], repeats: int) -> dict[str, float]:
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    growth = memory_growth(files)
    for path in files:
        np.testing.assert_array_equal(ours(path), line_by_line(path))
    speeds: dict[str, list[float]] = {"ours, MB/s": [], "line by line, MB/s": []}
    for _ in range(repeats):
        for name, reader in zip(speeds, (ours, line_by_line), strict=True):
            speeds[name].append(megabytes / seconds(reader, files))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    return {
        "files": len(files),
        "frames": len(files) * CLIP_FRAMES,
        "megabytes": megabytes,
        **medians,
        "ours / line by line": medians["ours, MB/s"] / medians["line by line, MB/s"],
        "memory growth from the first 50 files to the last, MiB": growth,
    }


def seconds(reader: Callable[[Path], np.ndarray], files: list[Path]) -> float:
    """CPU time, so that other work on the machine counts as little as it can."""
    started = time.process_time()
    for path in files:
        reader(path)
    return time.process_time() - started


def memory_growth(files: list[Path]) -> float:
    for path in files[:50]:
        ours(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in files:
        ours(path)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def ours(path: Path) -> np.ndarray:
    return read_ntu(path).joints


def line_by_line(path: Path) -> np.ndarray:
    """The usual way: no checks, every value of every joint through ``split`` and ``float``."""
    seen: dict[str, tuple[list[int], list[list[list[float]]]]] = {}
    with path.open() as file:
        for frame in range(int(file.readline())):
            for _ in range(int(file.readline())):
                frames, poses = seen.setdefault(file.readline().split()[0], ([], []))
                values = [[float(word) for word in file.readline().split()] for _ in range(int(file.readline()))]
                frames.append(frame)
                poses.append([joint[:3] for joint in values])
    return choose_bodies([Track(np.array(frames), np.array(poses, np.float32)) for frames, poses in seen.values()])[0]


def write_files(folder: Path, frames: int, seed: int) -> list[Path]:
    """Clips of 80 frames with the number of digits and the line ends of the original; every fifth has two bodies."""
    rng = np.random.default_rng(seed)
    files = []
    for clip in range(max(1, frames // CLIP_FRAMES)):
        path = folder / f"S{clip // 120 + 1:03}C001P001R001A{clip % 120 + 1:03}.skeleton"
        path.write_text(clip_text(rng, bodies=2 if clip % 5 == 4 else 1), newline="")
        files.append(path)
    return files


def clip_text(rng: np.random.Generator, bodies: int) -> str:
    lines = [str(CLIP_FRAMES)]
    joint = " ".join(["%.7g"] * 11) + " 2"
    for values in clip_values(rng, bodies):
        lines.append(str(bodies))
        for body, pose in enumerate(values):
            lines += [f"{FIRST_ID + body} 0 1 1 0 0 0 {pose[0, 0]:.7g} {pose[0, 1]:.7g} 2", "25"]
            lines += [joint % tuple(row) for row in pose.tolist()]
    return "\r\n".join(lines) + "\r\n"


def clip_values(rng: np.random.Generator, bodies: int) -> np.ndarray:
    """Random walks of upright people: (frames, bodies, joints, the 11 numbers of a joint)."""
    values = np.empty((CLIP_FRAMES, bodies, 25, 11))
    walk = rng.normal(0, 0.02, (CLIP_FRAMES, bodies, 1, 3)).cumsum(axis=0)
    pose = rng.uniform((-0.3, -0.9, 2.9), (0.3, 0.9, 3.3), (bodies, 25, 3))
    values[..., :3] = pose + walk + rng.normal(0, 0.01, (CLIP_FRAMES, bodies, 25, 3))
    values[..., 3:5] = rng.uniform(0, 400, (*values.shape[:-1], 2))
    values[..., 5:7] = rng.uniform(0, 1500, (*values.shape[:-1], 2))
    values[..., 7:] = rng.uniform(-1, 1, (*values.shape[:-1], 4))
    return values


if __name__ == "__main__":
    main()
