"""Uploads that are small and expensive, beside a visitor who just asks; writes ``results/uploads.json``.

    python benchmarks/uploads.py [--model FOLDER] [--rounds 5]

Four clients upload at the same time, again and again: two a MATLAB file whose variables unpack to 17 GB, two a pickle
of two million empty dictionaries. Meanwhile one asks about an ordinary clip. It has to be answered within 5 s each
time, and the server with all its processes has to stay below 1.2 GB.
"""

import argparse
import json
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

from gzssar.synthetic import SyntheticWorld
from results import origin, write
from serving import LOST, as_npy, ask

SLOWEST_S, MOST_MB = 5.0, 1200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    about = origin("uploads")
    clip = as_npy(SyntheticWorld(seed=1, clips_per_class=1, subject_count=1).clips().joints[0])[1]
    expensive = [matlab(16 * 2**20 - 72, 63 * 2**20), pickled(2_097_000)]
    command = [sys.executable, "-m", "gzssar", "serve", "--port", "0"]
    command += [str(arguments.model)] if arguments.model else []
    over, largest, answered = threading.Event(), [0.0], [0]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[2]
        ask(address, clip)
        quiet = [ask(address, clip)[1] for _ in range(arguments.rounds)]

        def attack(body: bytes) -> None:
            while not over.is_set():
                ask(address, body)
                answered[0] += 1

        def weigh() -> None:
            while not over.is_set():
                largest[0] = max(largest[0], memory_mb(server.pid))
                time.sleep(0.02)

        threads = [threading.Thread(target=attack, args=(body,)) for body in expensive * 2]
        threads += [threading.Thread(target=weigh)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        answers = []
        for _ in range(arguments.rounds):
            answers.append(ask(address, clip))
            time.sleep(0.5)
        over.set()
        for thread in threads:
            thread.join()
        server.terminate()
    slowest = max(seconds for _, seconds in answers)
    result = {
        **about,
        "expensive uploads answered": answered[0],
        "ordinary requests": len(answers),
        "lost": sum(label is LOST for label, _ in answers),
        "alone, ms": 1e3 * max(quiet),
        "beside them, slowest, ms": 1e3 * slowest,
        "peak of all processes, MB": largest[0],
    }
    print(json.dumps(result, indent=2))
    assert not result["lost"]
    assert slowest < SLOWEST_S
    assert largest[0] < MOST_MB
    write("uploads", result)


def matlab(size: int, unpacked: int) -> bytes:
    """A MATLAB file of so many bytes, of compressed variables that unpack to so many zeros each."""
    head = _element(6, struct.pack("<II", 6, 0)) + _element(5, struct.pack("<ii", 1, unpacked // 8)) + _element(1, b"x")
    matrix = struct.pack("<II", 14, len(head) + 8 + unpacked) + head + struct.pack("<II", 9, unpacked)
    packer = zlib.compressobj(9)
    packed = packer.compress(matrix) + packer.compress(bytes(unpacked)) + packer.flush()
    variable = struct.pack("<II", 15, len(packed)) + packed
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + variable * ((size - 128) // len(variable))


def _element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def pickled(count: int) -> bytes:
    """An annotation pickle of so many empty dictionaries, a byte each."""
    return b"\x80\x02}X\x0b\0\0\0annotations](" + b"}" * count + b"es."


def memory_mb(root: int) -> float:
    """Resident memory of a process and all that it has started, pages shared with others in part (PSS), in MB."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):  # it has ended
            continue
    tree, grown = {root}, True
    while grown:
        grown = bool(children := {child for child, parent in parents.items() if parent in tree} - tree)
        tree |= children
    total = 0
    for process in tree:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024 / 1e6


if __name__ == "__main__":
    main()
