"""Mutated files of every format: whatever comes out is a clip or one of our own errors."""

import gzip
import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from reader_files import (
    UTD_NAME,
    alphapose_bytes,
    amass_arrays,
    annotation,
    bvh_text,
    c3d_bytes,
    csv_bytes,
    ctr_gcn_arrays,
    kinetics_bytes,
    landmarks,
    long_table_bytes,
    mediapipe_bytes,
    npy_bytes,
    npz_bytes,
    openpose_bytes,
    pyskl_bytes,
    table_bytes,
    trc_text,
    ucla_bytes,
    uniform_arrays,
    utd_bytes,
    walk,
    zip_bytes,
)

from gzssar.errors import GzssarError
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.readers.alphapose import AlphaPoseReader
from gzssar.skeletons.readers.amass import AmassReader
from gzssar.skeletons.readers.bvh import BvhReader
from gzssar.skeletons.readers.c3d import C3dReader
from gzssar.skeletons.readers.ctr_gcn import CtrGcnReader
from gzssar.skeletons.readers.kinetics import KineticsReader
from gzssar.skeletons.readers.mediapipe_json import MediaPipeJsonReader
from gzssar.skeletons.readers.npy import NpyReader
from gzssar.skeletons.readers.npz import NpzReader
from gzssar.skeletons.readers.nw_ucla import NwUclaReader
from gzssar.skeletons.readers.openpose import OpenPoseReader
from gzssar.skeletons.readers.pyskl import PysklReader
from gzssar.skeletons.readers.reader import START, ReadOptions
from gzssar.skeletons.readers.table import CsvReader
from gzssar.skeletons.readers.trc import TrcReader
from gzssar.skeletons.readers.utd_mhad import UtdMhadReader, UtdMhadZipReader
from gzssar.skeletons.sequence import SkeletonSequence

NTU_COLUMNS = [f"{joint}_{axis}" for joint in LAYOUTS["ntu25"].joint_names for axis in "xyz"]
TIMED_ROWS = [[0.04 * frame, *row] for frame, row in enumerate(walk(3, 25).reshape(3, -1).tolist())]
FORMATS = {
    "pickle 0": (PysklReader(), pyskl_bytes(annotation(frames=1), protocol=0)),
    "pickle 2": (PysklReader(), pyskl_bytes(annotation(frames=1), annotation(label=np.int64(3)))),
    "pickle 5": (PysklReader(), pyskl_bytes(annotation(frames=1), protocol=5)),
    "pickle packed": (PysklReader(), gzip.compress(pyskl_bytes(annotation(frames=1)), mtime=0)),
    "mat": (UtdMhadReader(), utd_bytes(frames=1)),
    "mat compressed": (UtdMhadReader(), utd_bytes(frames=1, compressed=True)),
    "mat zip": (UtdMhadZipReader(), zip_bytes({UTD_NAME: utd_bytes(frames=1), "order.txt": b"text"})),
    "npz": (NpzReader(), npz_bytes(uniform_arrays())),
    "ctr-gcn": (CtrGcnReader(), npz_bytes(ctr_gcn_arrays())),
    "ctr-gcn stored": (CtrGcnReader(), npz_bytes(ctr_gcn_arrays(), zipfile.ZIP_STORED)),
    "json": (NwUclaReader(), ucla_bytes(frames=1)),
    "openpose": (OpenPoseReader(), openpose_bytes()),
    "alphapose": (AlphaPoseReader(), alphapose_bytes(frames=1)),
    "kinetics": (KineticsReader(), kinetics_bytes(frames=1)),
    "mediapipe": (MediaPipeJsonReader(), mediapipe_bytes()),
    "csv": (CsvReader(), csv_bytes(walk(2, 25))),
    "table": (CsvReader(), table_bytes(["time", *NTU_COLUMNS], TIMED_ROWS, ";")),
    "table in UTF-16": (CsvReader(), table_bytes(["t", *NTU_COLUMNS], TIMED_ROWS, "\t").decode().encode("utf-16")),
    "long table": (CsvReader(), long_table_bytes(walk(2, 25), LAYOUTS["ntu25"].joint_names)),
    "npy": (NpyReader(), npy_bytes(walk(2, 25).astype(np.float32))),
    "npy of several": (NpyReader(), npy_bytes(walk(8, 50).astype(np.float32).reshape(2, 4, 150))),
    "bvh": (BvhReader(), bvh_text([{}, {}]).encode()),
    "trc": (TrcReader(), trc_text(frames=2).encode()),
    "amass": (AmassReader(), npz_bytes(amass_arrays(frames=2, Jtr=walk(2, 24)))),
    "c3d": (C3dReader(), c3d_bytes(frames=2)),
}
PLACES = st.floats(0, 1, exclude_max=True)
MUTATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), PLACES, st.integers(0, 255)),
        st.tuples(st.just("flip"), PLACES, st.integers(0, 7)),
        st.tuples(st.just("cut"), PLACES, st.just(0)),
        st.tuples(st.just("copy"), PLACES, st.tuples(PLACES, st.integers(1, 40))),
        st.tuples(st.just("drop"), PLACES, st.integers(1, 40)),
        st.tuples(st.just("insert"), PLACES, st.binary(min_size=1, max_size=9)),
    ),
    min_size=1,
    max_size=6,
)
FEW_BYTES = 400  # headers lie here, and at the end of archives


def mutate(data, mutations):
    data = bytearray(data)
    for kind, place, how in mutations:
        if not data:
            break
        at = int(place * min(len(data), FEW_BYTES)) if kind != "cut" else int(place * len(data))
        if kind == "set":
            data[at] = how
        elif kind == "flip":
            data[-at - 1 if at % 2 else at] ^= 1 << how
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at : at + how]
        elif kind == "copy":
            source, length = int(how[0] * len(data)), how[1]
            data[at:at] = data[source : source + length]
        else:
            data[at:at] = how
    return bytes(data)


def read_all(reader, path, options):
    """Read what a file holds; only our own errors may come out."""
    try:
        reader.recognizes(path, path.read_bytes()[:START])
        for entry in reader.open(path, options).entries[:3]:
            assert isinstance(entry.read(), SkeletonSequence)
    except GzssarError as error:
        message = str(error)
    else:
        return
    assert 20 < len(message) < 1500


def options_for(reader):
    named = {"layout": "ntu25"} if isinstance(reader, CsvReader | NpyReader) else {}
    return ReadOptions(**named), ReadOptions(**named, fill_gaps=True)


@pytest.mark.parametrize("name", FORMATS)
def test_mutated_files_raise_nothing_else(tmp_path, name):
    reader, data = FORMATS[name]
    if isinstance(reader, C3dReader):
        pytest.importorskip("c3d", reason="c3d is missing: pip install 'gzssar[c3d]'")
    path = tmp_path / UTD_NAME
    plain, filling = options_for(reader)
    path.write_bytes(data)
    assert reader.open(path, plain).entries[0].read()

    @settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(MUTATIONS, st.booleans())
    def check(mutations, fill):
        path.write_bytes(mutate(data, mutations))
        read_all(reader, path, filling if fill else plain)

    check()


@pytest.mark.parametrize("name", sorted(uniform_arrays()))
def test_mutated_arrays_in_a_sound_archive_raise_nothing_else(tmp_path, name):
    arrays = {key: npy_bytes(array) for key, array in uniform_arrays().items()}
    path = tmp_path / "clips.npz"

    @settings(max_examples=40, deadline=None, database=None)
    @given(MUTATIONS)
    def check(mutations):
        files = arrays | {name: mutate(arrays[name], mutations)}
        path.write_bytes(zip_bytes({f"{key}.npy": data for key, data in files.items()}))
        read_all(NpzReader(), path, ReadOptions())

    check()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("a01_s01_e00_v01"),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from(["label", "skeletons"]), values),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None, database=None)
@given(st.fixed_dictionaries({"skeletons": JSON_VALUES, "label": JSON_VALUES, "file_name": JSON_VALUES}))
def test_unexpected_json_raises_nothing_else(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "clip.json"
    path.write_text(json.dumps(content))
    read_all(NwUclaReader(), path, ReadOptions())


POSE_KEYS = (
    "people",
    "pose_keypoints_2d",
    "data",
    "frame_index",
    "skeleton",
    "pose",
    "score",
    "image_id",
    "keypoints",
)
POSE_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([[1.5] * 36, [1] * 51]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from([*POSE_KEYS, "idx"]), values),
    max_leaves=10,
)


@pytest.mark.parametrize("reader", [OpenPoseReader(), AlphaPoseReader(), KineticsReader()])
def test_unexpected_poses_raise_nothing_else(tmp_path, reader):
    path = tmp_path / "clip_000000000001_keypoints.json"
    frame = {"image_id": "1.jpg", "keypoints": [1.5] * 51, "frame_index": 1, "skeleton": [{"pose": [1.5] * 36}]}
    whole = {"people": [{"pose_keypoints_2d": [1.5] * 75}], "data": [frame], "label_index": 1}

    @settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from([*POSE_KEYS, "idx", "label_index"]), POSE_VALUES, min_size=1))
    def check(changes):
        content = {key: changes.get(key, value) for key, value in whole.items()}
        item = frame | {key: changes.get(key, value) for key, value in frame.items()}
        for written in (content, content | {"data": [item]}, [item, item | changes]):
            path.write_text(json.dumps(written))
            read_all(reader, path, ReadOptions())

    check()


NAMES = st.lists(
    st.sampled_from(["x", "y", "z", "v", "time", "t", "ms", "frame", "joint", "left hip", "nose", "0", "1", "mm", ""]),
    max_size=4,
).map("_".join)
CELLS = st.sampled_from(["0", "1.5", "", "nan", "-2", "1e400", "1_0", "nose", "x", '"', "0,5", "\r", "\0", "9" * 400])


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.lists(NAMES, min_size=1, max_size=6),
    st.lists(st.lists(CELLS, max_size=7), max_size=4),
    st.sampled_from(",;\t "),
    st.sampled_from([None, "ntu25", "coco17", "mediapipe33"]),
)
def test_unexpected_tables_raise_nothing_else(tmp_path_factory, names, rows, separator, layout):
    path = tmp_path_factory.getbasetemp() / "clip.csv"
    for repeat in (1, 6, 17):
        path.write_bytes(table_bytes(names * repeat, [row * repeat for row in rows], separator))
        read_all(CsvReader(), path, ReadOptions(layout=layout, fill_gaps=True))


LANDMARK_KEYS = ("x", "y", "z", "visibility", "poseLandmarks", "worldLandmarks", "landmark", "frames", "time", "fps")
LANDMARK_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(landmarks(walk(1, 33)[0])),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from(LANDMARK_KEYS), values),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None, database=None)
@given(LANDMARK_VALUES, st.integers(0, 32))
def test_unexpected_landmarks_raise_nothing_else(tmp_path_factory, value, joint):
    path = tmp_path_factory.getbasetemp() / "clip.json"
    pose = landmarks(walk(1, 33)[0])
    mended = [*pose[:joint], value, *pose[joint + 1 :]]
    for content in (value, [value, pose], {"frames": value}, [{"landmarks": pose, "t": value}, {"t": 1}], [mended]):
        path.write_text(json.dumps(content))
        read_all(MediaPipeJsonReader(), path, ReadOptions())


VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.builds(np.zeros, st.just((1, 2, 25, 3))),
    lambda values: st.lists(values, max_size=2) | st.tuples(values) | st.dictionaries(st.text(max_size=3), values),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None, database=None)
@given(st.dictionaries(st.sampled_from(list(annotation(keypoint_score=0))), VALUES))
def test_unexpected_annotations_raise_nothing_else(tmp_path_factory, changes):
    path = tmp_path_factory.getbasetemp() / "clips.pkl"
    path.write_bytes(pyskl_bytes(annotation(frames=2) | changes))
    read_all(PysklReader(), path, ReadOptions())
