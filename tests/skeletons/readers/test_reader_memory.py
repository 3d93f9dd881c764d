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
    kinetics_bytes,
    landmarks,
    mediapipe_bytes,
    npy_bytes,
    npz_bytes,
    openpose_bytes,
    scored,
    table_bytes,
    trc_text,
    ucla_bytes,
)

from gzssar.errors import DataError
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.readers import bvh, density, json_files, mocap, ntu, table
from gzssar.skeletons.readers.alphapose import AlphaPoseReader
from gzssar.skeletons.readers.bvh import BvhReader
from gzssar.skeletons.readers.kinetics import KineticsReader
from gzssar.skeletons.readers.ntu import read_ntu
from gzssar.skeletons.readers.nw_ucla import NwUclaReader
from gzssar.skeletons.readers.pyskl import PysklReader
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
    "kinetics": (2, lambda: json.dumps(kinetics(clip(700, 18))).encode()),
    "mediapipe": (2, lambda: json.dumps([landmarks(pose) for pose in clip(150, 33)]).encode()),
}


@pytest.mark.parametrize("name", FILES)
def test_reading_takes_little_memory(tmp_path, monkeypatch, name):
    monkeypatch.setattr(json_files, "_BLOCK", 2**14)
    monkeypatch.setattr(json_files, "_LONGEST_ITEM", 2**13)
    monkeypatch.setattr(bvh, "_BLOCK", 500)
    monkeypatch.setattr(mocap, "_BLOCK", 20)
    monkeypatch.setattr(table, "_LOOK", 2**13)
    if name == "c3d":
        pytest.importorskip("c3d", reason="c3d is missing: pip install 'gzssar[c3d]'")
    (times, make), path = FILES[name], tmp_path / "clip"
    options = ReadOptions(layout="ntu25" if name == "npy" else None)
    path.write_bytes(make())
    read = find_reader(path).open
    assert read(path, options).entries[0].read().joints.any()  # what is imported meanwhile does not count
    tracemalloc.start()
    try:
        read(path, options).entries[0].read()
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


def openpose(people):
    return openpose_bytes(*scored(people, 25))


def frames_by_number():
    return json.dumps({f"frame_{n}": landmarks(pose) for n, pose in enumerate(clip(9, 33))}).encode()


@pytest.mark.parametrize(
    "data",
    [
        alphapose_bytes(frames=40),
        kinetics_bytes(40),
        ucla_bytes(40),
        openpose(40),
        mediapipe_bytes(9),
        json.dumps(
            {"fps": 24, "frames": [{"t": n, "landmarks": landmarks(p)} for n, p in enumerate(clip(9, 33))]}
        ).encode(),
        frames_by_number(),
        b"\n".join(json.dumps(landmarks(pose)).encode() for pose in clip(9, 33)),
        kinetics_bytes(40).decode().encode("utf-16"),
    ],
)
def test_json_is_read_by_windows(tmp_path, monkeypatch, data):
    path = tmp_path / "clip_0.json"
    path.write_bytes(data)
    reader = find_reader(path) or KineticsReader()
    whole = reader.open(path, ReadOptions()).entries[0].read()
    monkeypatch.setattr(json_files, "_BLOCK", 5000)
    monkeypatch.setattr(json_files, "_LONGEST_ITEM", 4000)
    part = reader.open(path, ReadOptions()).entries[0].read()
    np.testing.assert_array_equal(part.joints, whole.joints)
    np.testing.assert_array_equal(part.seconds, whole.seconds)
    assert (part.label, part.doubts) == (whole.label, whole.doubts)
    monkeypatch.setattr(json_files, "_BLOCK", 50)
    monkeypatch.setattr(json_files, "_LONGEST_ITEM", 40)
    with pytest.raises(DataError, match=r"clip_0\.json should be JSON, but it is cut off or damaged"):
        reader.open(path, ReadOptions()).entries[0].read()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'{"skeletons": [], "skeletons": []}', "the same twice"),
        (b'{"skeletons": [] "label": 1}', "',' should stand in the place of '\"'"),
        (b'{"skeletons" [], "label": 1}', "':' should stand"),
        (b'{"skeletons": [], 3: 1, "a": 5}', "no valid names"),
        (b'{"skeletons": [1, 2, 3]} 3', "more follows after its end"),
        (b'{"skeletons": [1, 2, 3], "a": 3', "',' should stand in the place of ''"),
        (b'["a", "b", "c", "d" "e"]', "',' should stand in the place of '\"'"),
        (b'["a", "b", "c", "d", ]', "Expecting value"),
        (b'{"skeletons": 3, "label": "a longer word"}', "an item has more than 13 characters"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_damaged_json_is_refused(tmp_path, monkeypatch, data, fault):
    monkeypatch.setattr(json_files, "_LONGEST_ITEM", len(data) if b"[[" in data else 13)
    (tmp_path / "clip.json").write_bytes(data)
    with pytest.raises(DataError, match=rf"clip\.json should be JSON, but it is cut off or damaged .*{fault}"):
        list(json_files.read_json_items(tmp_path / "clip.json"))


NTU_BODY = b"1\n72057594037931101 0 1 1 0 0 0 0 0 2\n25\n" + b"1 1 1 0 0 0 0 0 0 0 0 0\n" * 25
DENSE = {
    "table": table_bytes([f"{n}_{axis}" for n in NAMES for axis in "xyz"], [[0] * 75] * 1400),
    "empty": table_bytes([f"{n}_{axis}" for n in NAMES for axis in "xyz"], [["0", *[""] * 74]] * 1400),
    "bvh": bvh_text([{}] * 2000).replace("\n0 90 ", "\n0 9 ").encode(),
    "trc": trc_text(frames=2).encode()
    + b"".join(b"\t".join([b"%d" % n, b"%d" % n, *[b"0"] * 66]) + b"\n" for n in range(3, 900)),
    "nobody": b"20000\n" + b"0\n" * 20_000,
    "alphapose": json.dumps(
        [{"image_id": str(n), "keypoints": [1] * 51} for n in range(100)], separators=(",", ":")
    ).encode(),
    "mediapipe": json.dumps([[{"x": 0, "y": 0, "z": 0}] * 33] * 150, separators=(",", ":")).encode(),
    "nobody at all": b'{"landmarks": [' + b"[]," * 2000 + b"[]]}",
}


@pytest.mark.parametrize("name", DENSE)
def test_large_files_with_hardly_any_digits_are_refused(tmp_path, monkeypatch, name):
    path = tmp_path / "clip"
    path.write_bytes(DENSE[name])
    monkeypatch.setattr(density, "_SMALL", 1000)
    monkeypatch.setattr(bvh, "_BLOCK", 500)
    with pytest.raises(
        DataError, match=r"clip should hold numbers of several digits, but its \w+ \(\d+ or more\) have"
    ):
        find_reader(path).open(path, ReadOptions()).entries[0].read()


def test_small_files_may_have_hardly_any_digits(tmp_path):
    path = tmp_path / "S001C001P001R001A001.skeleton"
    path.write_bytes(b"3\n" + NTU_BODY + b"0\n" + NTU_BODY)
    assert read_ntu(path).joints.shape == (3, 2, 25, 1)


def test_bodies_of_ntu_are_parsed_some_at_a_time(tmp_path, monkeypatch):
    path = tmp_path / "clip.skeleton"
    path.write_bytes(b"9\n" + b"".join(NTU_BODY.replace(b"1 1 1", b"%d.5 1 1" % n) for n in range(9)))
    whole = read_ntu(path).joints
    monkeypatch.setattr(ntu, "_BODIES", 2)
    np.testing.assert_array_equal(read_ntu(path).joints, whole)
    assert whole[0, :, 7, 0].tolist() == [n + 0.5 for n in range(9)]
    path.write_bytes(path.read_bytes().replace(b"7.5 1 1", b"7.5.5 1 1", 1))
    with pytest.raises(DataError, match=r"line 201, should hold the 12 numbers of a joint, but it holds '7\.5\.5"):
        read_ntu(path)


def test_an_endless_line_of_ntu_is_refused(tmp_path):
    path = tmp_path / "clip.skeleton"
    path.write_bytes(b"1\n" + b"1 " * 50_000)
    with pytest.raises(DataError, match="line 2, should have fewer than 32768 characters"):
        read_ntu(path)


@pytest.mark.parametrize("piece", [b"}", b"]", b"K\x05", b"(l", b"}q\x01"])
def test_pickles_of_little_but_objects_are_refused_before_they_are_built(tmp_path, piece):
    path = tmp_path / "clips.pkl"
    path.write_bytes(b"\x80\x02}X\x0b\0\0\0annotations](" + piece * (2**21 // len(piece)) + b"es.")
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"clips\.pkl should hold numpy arrays, but it holds almost only empty"):
            PysklReader().open(path, ReadOptions())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * 2**20


def test_long_items_of_a_list_are_refused(tmp_path):
    path = tmp_path / "results.json"
    path.write_bytes(alphapose_bytes(frames=2, note="x" * 300_000))
    with pytest.raises(DataError, match="an item has more than 262144 characters"):
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
