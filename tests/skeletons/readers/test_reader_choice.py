"""Every format is recognized by its own reader and by no other: the order in which they are asked does not matter."""

import pytest
from ntu_files import one_person, skeleton_text
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
    mediapipe_bytes,
    npy_bytes,
    npz_bytes,
    openpose_bytes,
    pyskl_bytes,
    trc_text,
    ucla_bytes,
    uniform_arrays,
    utd_bytes,
    walk,
    zip_bytes,
)

from gzssar.skeletons.readers.reader import START, Reader
from gzssar.skeletons.readers.registry import READERS

FORMATS = {
    "NtuReader": skeleton_text(one_person()).encode(),
    "PysklReader": pyskl_bytes(annotation()),
    "UtdMhadReader": utd_bytes(compressed=True),
    "UtdMhadZipReader": zip_bytes({UTD_NAME: utd_bytes()}),
    "NpzReader": npz_bytes(uniform_arrays()),
    "CtrGcnReader": npz_bytes(ctr_gcn_arrays()),
    "NwUclaReader": ucla_bytes(),
    "OpenPoseReader": openpose_bytes(),
    "AlphaPoseReader": alphapose_bytes(),
    "KineticsReader": kinetics_bytes(),
    "MediaPipeJsonReader": mediapipe_bytes(),
    "CsvReader": csv_bytes(walk(3, 25)),
    "NpyReader": npy_bytes(walk(3, 25)),
    "BvhReader": bvh_text().encode(),
    "TrcReader": trc_text().encode(),
    "C3dReader": c3d_bytes(),
    "AmassReader": npz_bytes(amass_arrays()),
    "VideoReader": b"\0\0\0\x1cftypisom" + bytes(100),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_has_one_reader(tmp_path, name):
    path = tmp_path / "clip"
    path.write_bytes(FORMATS[name])
    start = FORMATS[name][:START]
    assert [type(reader).__name__ for reader in READERS if reader.recognizes(path, start)] == [name]


@pytest.mark.parametrize("data", [b"", b"\n", b"label,action,motion\nwave,a,b\n", b"\x89PNG\r\n", b"{}", b"PK\3\4"])
def test_other_files_have_none(tmp_path, data):
    path = tmp_path / "clip"
    path.write_bytes(data)
    assert not [reader for reader in READERS if reader.recognizes(path, data)]


def test_all_readers_share_one_door():
    assert all(isinstance(reader, Reader) for reader in READERS)
    assert len({reader.kind for reader in READERS}) == len(READERS) == len(FORMATS)
