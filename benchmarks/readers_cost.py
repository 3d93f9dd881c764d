"""What the worst files of each kind cost to read or to refuse; writes ``results/readers-cost.json``.

    python benchmarks/readers_cost.py [--mebibytes 1] [--out results/readers-cost.json]

The files are made here, each to take as much memory or time as its kind of file can: numbers of one digit, empty cells,
brackets, one endless line, archives of zeros. Each is read twice, in processes of their own: all its clips, as at the
command line, and one, as the web page reads an upload. An upload may take 20 times its size (16 MiB if it is small),
and at most 300 MiB. At the command line, plain files may take 20 times their size and 4 MiB, packed ones 300 MiB.
"""

import argparse
import gzip
import io
import json
import os
import pickle
import resource
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.errors import GzssarError
from gzssar.files import write_json
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.readers.reader import ReadOptions
from gzssar.skeletons.readers.registry import open_clips
from gzssar.web.limits import Limits
from gzssar.web.reading import bound_memory
from gzssar.web.uploads import read_file
from results import RESULTS, origin

MIB = 2**20
LIMITS = Limits()
TIMES, MOST = 20, 300
"""What a file may take at the command line: so many times its size, and at most so many MiB."""
BASE = 4
"""MiB that any file may take beside that: modules that are loaded when they are needed, and blocks of numbers."""
PACKED = (".gz", ".npz", ".mat", ".zip")
JOINTS = LAYOUTS["ntu25"].joint_names


@dataclass(frozen=True)
class Cost:
    """Of reading one file in one way."""

    peak: float
    """MiB of memory above what the process had before."""

    seconds: float
    """Of the processor."""

    outcome: str
    """"read", or the beginning of the sentence that refuses it."""


@dataclass(frozen=True)
class Costs:
    """Of one file."""

    mib: float
    """Its size."""

    commanded: Cost
    """Of all its clips, as at the command line."""

    uploaded: Cost
    """Of its first clip, as the web page reads it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "readers-cost.json")
    arguments = parser.parse_args()
    result = origin("readers")
    costs: dict[str, Costs] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, make in FILES.items():
            path = Path(folder) / name
            size = apart(lambda path=path, make=make: path.write_bytes(make(arguments.mebibytes * MIB)))
            costs[name] = Costs(
                size / MIB,
                Cost(**apart(lambda path=path: asdict(cost_of(path, read_all)))),
                Cost(**apart(lambda path=path: asdict(cost_of(path, read_upload)))),
            )
            path.unlink()
            print(row(name, costs[name]), flush=True)
    if dear := [name for name, cost in costs.items() if is_dear(name, cost)]:
        raise SystemExit(f"These take more than they may: {', '.join(dear)}.")
    write_json(arguments.out, result | {"files": {name: asdict(cost) for name, cost in costs.items()}})


def is_dear(name: str, costs: Costs) -> bool:
    commanded = MOST if name.endswith(PACKED) else min(MOST, BASE + TIMES * costs.mib)
    uploaded = LIMITS.reading_bytes(round(costs.mib * MIB)) / MIB
    return costs.commanded.peak > commanded or costs.uploaded.peak > uploaded


def row(name: str, costs: Costs) -> str:
    ways = [f"{cost.peak:6.1f} MiB {cost.seconds:5.2f} s" for cost in (costs.commanded, costs.uploaded)]
    return f"{name:28} {costs.mib:6.2f} MiB: {', '.join(ways)}  {costs.uploaded.outcome[:70]}"


def apart(work: Callable[[], Any]) -> Any:
    """What this returns in a child process, of whose memory nothing is left afterwards."""
    receiver, sender = os.pipe()
    if not (child := os.fork()):
        with os.fdopen(sender, "w") as pipe:
            json.dump(work(), pipe)
            pipe.flush()
            os._exit(0)
    os.close(sender)
    with os.fdopen(receiver) as pipe:
        answer = json.load(pipe)
    os.waitpid(child, 0)
    return answer


def cost_of(path: Path, read: Callable[[Path, ReadOptions], object]) -> Cost:
    before, started = _peak(), time.process_time()
    try:
        read(path, ReadOptions("ntu25" if path.suffix == ".npy" else None, fill_gaps=True))
        outcome = "read"
    except GzssarError as error:
        outcome = str(error).replace(f"{path.parent}/", "")
    except MemoryError:
        outcome = "it takes more memory than an upload of its size may."
    return Cost(_peak() - before, time.process_time() - started, outcome[:200])


def read_all(path: Path, options: ReadOptions) -> None:
    for entry in open_clips(path, options).entries:
        entry.read()


def read_upload(path: Path, options: ReadOptions) -> None:
    bound_memory(LIMITS.reading_bytes(path.stat().st_size))
    read_file(path, path.name, options, 0, LIMITS)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def filled(head: bytes, piece: bytes, tail: bytes = b"") -> Callable[[int], bytes]:
    """A file of so many bytes, most of them the same piece again and again."""
    return lambda size: head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail


def table(cells: list[str]) -> Callable[[int], bytes]:
    names = ",".join(f"{joint}_{axis}" for joint in JOINTS for axis in "xyz")
    return filled(f"{names}\n".encode(), f"{','.join(cells)}\n".encode())


def long_table(size: int) -> bytes:
    rows = (f"{frame},{joint},0,0,0\n" for frame in range(size // 400) for joint in JOINTS)
    return ("frame,joint,x,y,z\n" + "".join(rows)).encode()


def ntu(size: int) -> bytes:
    joint = b"0 0 0 0 0 0 0 0 0 0 0 0\n"
    body = b"1\n72057594037931101 0 1 1 0 0 0 0 0 2\n25\n" + b"1" + joint[1:] + joint * 24
    return b"%d\n" % (size // len(body)) + body * (size // len(body))


def bvh(size: int) -> bytes:
    parts = ["HIERARCHY"]
    row = ["0", "90", "0"]

    def add(name: str, offset: str, *children: tuple) -> None:
        root = len(parts) == 1
        channels = "Zrotation Xrotation Yrotation"
        row.extend("000")
        parts.extend([f"{'ROOT' if root else 'JOINT'} {name}", "{", f"OFFSET {offset}"])
        parts.append(f"CHANNELS 6 Xposition Yposition Zposition {channels}" if root else f"CHANNELS 3 {channels}")
        for child in children:
            add(*child)
        parts.extend(["}"] if children else ["End Site", "{", "OFFSET 0 5 0", "}", "}"])

    def limb(*joints: tuple[str, str]) -> tuple:
        (name, offset), *rest = joints
        return (name, offset, limb(*rest)) if rest else (name, offset)

    arms = [
        limb(
            (f"{side}Shoulder", f"{sign}4 10 0"),
            (f"{side}Arm", f"{sign}12 0 0"),
            (f"{side}ForeArm", f"{sign}28 0 0"),
            (f"{side}Hand", f"{sign}25 0 0"),
        )
        for side, sign in (("Left", ""), ("Right", "-"))
    ]
    legs = [
        limb(
            (f"{side}UpLeg", f"{sign}9 -4 0"),
            (f"{side}Leg", "0 -42 0"),
            (f"{side}Foot", "0 -40 0"),
            (f"{side}ToeBase", "0 -5 14"),
        )
        for side, sign in (("Left", ""), ("Right", "-"))
    ]
    head = ("Neck", "0 15 0", ("Head", "0 10 0"))
    add("Hips", "0 90 0", ("Spine", "0 10 0", ("Spine1", "0 12 0", head, *arms)), *legs)
    line = f"{' '.join(row)}\n"
    frames = (size - 3000) // len(line)
    return "\n".join([*parts, "MOTION", f"Frames: {frames}", "Frame Time: 0.01", line * frames]).encode()


def landmarks(piece: bytes) -> Callable[[int], bytes]:
    frame = b"[" + b",".join([piece] * 33) + b"]"
    return filled(b"[", frame + b",", frame + b"]")


def alphapose(size: int) -> bytes:
    items = [f'{{"image_id":"{frame}","keypoints":[{",".join("1" * 51)}]}}' for frame in range(size // 135)]
    return f"[{','.join(items)}]".encode()


def kinetics(size: int) -> bytes:
    person = f'{{"pose":[{",".join("1" * 36)}],"score":[{",".join("1" * 18)}]}}'
    frames = [f'{{"frame_index":{frame},"skeleton":[{person}]}}' for frame in range(size // 170)]
    return f'{{"data":[{",".join(frames)}],"label_index":1}}'.encode()


def npy(kind: str) -> Callable[[int], bytes]:
    return lambda size: npy_bytes(
        (np.arange(size // 75 // np.dtype(kind).itemsize * 75) % 99).astype(kind).reshape(-1, 25, 3)
    )


def npy_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(name: str, times: int) -> Callable[[int], bytes]:
    """An archive of an array that unpacks to so many times its size: noise, and zeros behind it."""

    def make(size: int) -> bytes:
        noise = np.random.default_rng(0).normal(size=size // 4).astype(np.float32)
        array = np.zeros(size * times // 4 // 75 * 75, np.float32)
        array[: len(noise)] = noise
        arrays = {name: array.reshape(-1, 25, 3)}
        if name == "joints":
            arrays["joint_names"] = np.array(JOINTS)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for key, values in arrays.items():
                archive.writestr(f"{key}.npy", npy_bytes(values))
        return buffer.getvalue()

    return make


def many_clips(size: int) -> bytes:
    """As many clips of a frame as there is room for."""
    arrays = {"joints": np.zeros((5 * MIB, 1, 3), np.float32), "offsets": np.arange(5 * MIB)}
    arrays["joints"][:1000, 0, 0] = np.random.default_rng(0).normal(size=1000)  # all zeros would be packed too tightly
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, values in arrays.items():
            archive.writestr(f"{key}.npy", npy_bytes(values))
        archive.writestr("noise", np.random.default_rng(0).bytes(max(0, size - 8 * MIB)))
    return buffer.getvalue()


def many_entries(size: int) -> bytes:
    """A list of as many entries as there is room for, of which none is there."""
    head = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, *[0] * 7, 8, *[0] * 6)
    count = (size - 60) // (len(head) + 8)
    entries = b"".join(head + b"%08d" % number for number in range(count))
    start = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 5, 0) + b"a.npy"
    counted = min(count, 2**16 - 1)
    return start + entries + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, counted, counted, len(entries), len(start), 0)


def trailing(size: int) -> bytes:
    """An archive with an entry that ends long before the next one begins."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    array = npy_bytes(np.zeros((2, 25, 3), np.float32))
    packed = packer.compress(array) + packer.flush() + bytes(size)
    head = struct.pack("<5H3L2H", 20, 0, 8, 0, 0, zlib.crc32(array), len(packed), len(array), 10, 0)
    entry = b"PK\3\4" + head + b"joints.npy" + packed
    listed = b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<3H2L", 0, 0, 0, 0, 0) + b"joints.npy"
    return entry + listed + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(listed), len(entry), 0)


def annotations(size: int) -> bytes:
    keypoint = np.ones((1, 1, 25, 3), np.int8)
    one = {"frame_dir": "a", "label": 1, "total_frames": 1, "keypoint": keypoint}
    return pickle.dumps([{**one, "keypoint": keypoint.copy()} for _ in range(size // 200)], 4)


def packed_pickle(size: int) -> bytes:
    """An annotation whose numbers unpack to almost as much as they may."""
    noise = np.random.default_rng(0).integers(0, 2**15, size // 2, dtype=np.int16)
    keypoint = np.zeros(size * 18 // 2 // 75 * 75, np.int16)
    keypoint[: len(noise)] = noise
    one = {"frame_dir": "a", "label": 1, "keypoint": keypoint.reshape(1, -1, 25, 3)}
    return gzip.compress(pickle.dumps([one], 4), 9)


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matlab(name: str) -> Callable[[int], bytes]:
    """Compressed variables of 63 MiB of zeros each, as many as there is room for."""

    def make(size: int) -> bytes:
        one = variable(name, bytes(63 * MIB // 480 * 480))
        return MATLAB + one * max(1, size // len(one))

    return make


def padded_matlab(size: int) -> bytes:
    """A variable that unpacks to almost as much as it may: noise, and zeros behind it."""
    noise = np.random.default_rng(0).normal(size=size // 8).tobytes()
    return MATLAB + variable("d_skel", noise + bytes((size * 48 - len(noise)) // 480 * 480))


MATLAB = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


def variable(name: str, numbers: bytes) -> bytes:
    content = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack("<iii", 20, 3, len(numbers) // 480))
    content += element(1, name.encode()) + element(9, numbers)
    packed = zlib.compress(element(14, content), 9)
    return struct.pack("<II", 15, len(packed)) + packed


FILES: dict[str, Callable[[int], bytes]] = {
    "zeros.csv": table(["0"] * 75),
    "empty.csv": table(["1", *[""] * 74]),
    "one cell a line.csv": table(["1"]),
    "a row a joint.csv": long_table,
    "zeros.skeleton": ntu,
    "empty frames.skeleton": filled(b"300000\n", b"0\n"),
    "blank lines.skeleton": filled(b"5\n", b"\n"),
    "one line.skeleton": filled(b"1\n1\n", b"1 "),
    "zeros.bvh": bvh,
    "words.bvh": filled(b"HIERARCHY\nROOT Hips\n{\n", b"w "),
    "lines.bvh": filled(b"HIERARCHY\nROOT Hips\n{\n", b"w\n"),
    "landmarks.json": landmarks(b'{"x":0,"y":0,"z":0}'),
    "frames without anybody.json": filled(b'{"landmarks":[', b"[],", b"[]]}"),
    "timed frames.json": filled(b'{"frames":[', b'{"t":1,"landmarks":[]},', b"{}]}"),
    "landmarks of numbers.json": filled(b'[{"x":1,"y":1,"z":1,"a":[', b"0.1,", b"1]}]"),
    "members.json": lambda size: b'{"landmarks":[],' + b",".join(b'"%d":[]' % n for n in range(size // 11)) + b"}",
    "people.json": filled(b'{"people":[{"pose_keypoints_2d":[]}', b',{"pose_keypoints_2d":[]}', b"]}"),
    "alphapose.json": alphapose,
    "kinetics.json": kinetics,
    "brackets.json": filled(b'{"skeletons":[', b"[],", b"[]]}"),
    "deep.json": filled(b'{"skeletons":[', b"["),
    "skeletons.json": filled(b'{"skeletons":[', b"[" + b",".join([b"[0,0,0]"] * 20) + b"],", b"[]]}"),
    "dictionaries.pkl": filled(b"\x80\x02}X\x0b\0\0\0annotations](", b"}", b"es."),
    "lists in a split.pkl": filled(b"\x80\x02}(X\x05\0\0\0split](", b"]", b"eu."),
    "memo.pkl": filled(b"\x80\x04]\x94(", b"}\x94", b"e."),
    "numbers.pkl": filled(b"\x80\x02](", b"M\xff\xff", b"e."),
    "small annotations.pkl": annotations,
    "padded.pkl.gz": packed_pickle,
    "bytes.npy": npy("i1"),
    "halves.npy": npy("f2"),
    "padded.npz": npz("joints", 60),
    "padded amass.npz": npz("Jtr", 60),
    "many clips.npz": many_clips,
    "many entries.npz": many_entries,
    "trailing.npz": trailing,
    "other variables.mat": matlab("other"),
    "zeros.mat": matlab("d_skel"),
    "padded.mat": padded_matlab,
}


if __name__ == "__main__":
    main()
