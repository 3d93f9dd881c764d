"""How much memory readers take at most, in times of a file's size, and which files they refuse to go on with."""

import json
import tracemalloc

import numpy as np
import pytest
from reader_files import (
    alphapose_bytes,
    amass_arrays,
    bvh_text,
    c3d_bytes,
    landmarks,
    npy_bytes,
    npz_bytes,
    table_bytes,
    trc_text,
)

from gzssar.errors import DataError
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.readers import bvh, json_files, mocap, ntu, table
from gzssar.skeletons.readers.alphapose import AlphaPoseReader
from gzssar.skeletons.readers.bvh import BvhReader
from gzssar.skeletons.readers.ntu import read_ntu
from gzssar.skeletons.readers.nw_ucla import NwUclaReader
from gzssar.skeletons.readers.reader import ReadOptions
from gzssar.skeletons.readers.registry import find_reader
from gzssar.skeletons.readers.trc import TrcReader

NAMES = LAYOUTS["ntu25"].joint_names
BASE = 200_000
"""Bytes that any reader may take."""


def clip(frames, joints):
    """T V 3: somebody who moves at random, with six decimals."""
    return np.random.default_rng(0).uniform(0.5, 2, (frames, joints, 3)).round(6)


def bvh_bytes(rows):
    """The body of `bvh_text` with these channels of its joints."""
    head = bvh_text([{}]).splitlines()[:-1]
    lines = ["0 90 0 " + " ".join(f"{number:.6f}" for number in row) for row in rows]
    return "\n".join([*head, *lines, ""]).replace("Frames: 1", f"Frames: {len(rows)}").encode()


def kinetics(poses):
    people = [[{"pose": pose[:, :2].ravel().tolist(), "score": pose[:, 2].tolist()}] for pose in poses]
    return {"data": [{"frame_index": n, "skeleton": found} for n, found in enumerate(people)], "label_index": 1}


FILES = {
    "table": (2, lambda: table_bytes([f"{n}_{axis}" for n in NAMES for axis in "xyz"], clip(400, 25).reshape(400, -1))),
    "bvh": (2, lambda: bvh_bytes(clip(400, 22).reshape(400, -1))),
    "trc": (2, lambda: trc_text(frames=600).encode()),
    "c3d": (2.5, lambda: c3d_bytes(frames=2000)),
    "amass": (3.3, lambda: npz_bytes(amass_arrays(frames=2, Jtr=clip(3000, 22).astype(np.float32)))),
    "npy": (2, lambda: npy_bytes(clip(3000, 25).astype(np.float32))),
    "alphapose": (2, lambda: alphapose_bytes(frames=500)),
    "kinetics": (3.3, lambda: json.dumps(kinetics(clip(700, 18))).encode()),
    "mediapipe": (2.5, lambda: json.dumps([landmarks(pose) for pose in clip(150, 33)]).encode()),
}


@pytest.mark.parametrize("name", FILES)
def test_reading_takes_little_memory(tmp_path, monkeypatch, name):
    monkeypatch.setattr(json_files, "_BLOCK", 2**14)
    monkeypatch.setattr(bvh, "_BLOCK", 500)
    monkeypatch.setattr(mocap, "_BLOCK", 20)
    monkeypatch.setattr(table, "_LOOK", 2**13)
    if name == "c3d":
        pytest.importorskip("c3d", reason="c3d is missing: pip install 'gzssar[c3d]'")
    (times, make), path = FILES[name], tmp_path / "clip"
    options = ReadOptions(layout="ntu25" if name == "npy" else None)
    path.write_bytes(make())
    read = find_reader(path).open
    tracemalloc.start()
    try:
        assert read(path, options).entries[0].read().joints.any()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= times * path.stat().st_size + BASE


@pytest.mark.parametrize(
    ("reader", "data", "line"),
    [
        (BvhReader(), b"HIERARCHY\n" + b"\n" * 20_000, 10_002),
        (BvhReader(), bvh_text([{}]).encode() + b" \n" * 20_000, None),
        (TrcReader(), trc_text(frames=2).encode() + b"\n" * 20_000, 10_009),
    ],
)
def test_thousands_of_blank_lines_are_refused(tmp_path, reader, data, line):
    path = tmp_path / "clip"
    path.write_bytes(data)
    with pytest.raises(DataError, match=f"line {line or ''}.*should not be the 10001th blank one"):
        reader.open(path, ReadOptions()).entries[0].read()


def test_lists_are_read_by_windows(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    path.write_bytes(alphapose_bytes(frames=40))
    (whole,) = AlphaPoseReader().open(path, ReadOptions()).entries
    monkeypatch.setattr(json_files, "_BLOCK", 1500)
    monkeypatch.setattr(json_files, "_LONGEST_ITEM", 1000)
    (part,) = AlphaPoseReader().open(path, ReadOptions()).entries
    assert whole.read().joints.shape == (2, 40, 17, 1)
    np.testing.assert_array_equal(part.read().joints, whole.read().joints)
    monkeypatch.setattr(json_files, "_BLOCK", 120)
    monkeypatch.setattr(json_files, "_LONGEST_ITEM", 100)
    with pytest.raises(DataError, match="cut off or damaged"):
        AlphaPoseReader().open(path, ReadOptions())


def test_long_items_of_a_list_are_refused(tmp_path):
    path = tmp_path / "results.json"
    path.write_bytes(alphapose_bytes(frames=2, note="x" * 70_000))
    with pytest.raises(DataError, match="an item has more than 65536 characters"):
        AlphaPoseReader().open(path, ReadOptions())


def test_large_files_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "clip.json"
    path.write_bytes(b'{"skeletons": [' + b" " * 16 * 2**20 + b"]}")
    with pytest.raises(DataError, match="at most 16777216 bytes"):
        NwUclaReader().open(path, ReadOptions()).entries[0].read()
    path.write_text("500001\n" + "0\n" * 9)
    with pytest.raises(DataError, match="line 1, should hold at most 500000 frames"):
        read_ntu(path)
    monkeypatch.setattr(ntu, "_LARGEST", 10)
    with pytest.raises(DataError, match="at most 10 bytes"):
        read_ntu(path)
