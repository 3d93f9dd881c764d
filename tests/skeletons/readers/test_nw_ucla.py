import json

import numpy as np
import pytest
from reader_files import first, ucla_bytes, walk

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers.nw_ucla import NwUclaReader
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions

READER = NwUclaReader()


@pytest.fixture
def read(tmp_path):
    """Write bytes and read the clip."""

    def write_and_read(data, **options):
        (tmp_path / "clip.json").write_bytes(data)
        return first(READER, tmp_path / "clip.json", ReadOptions(**options))

    return write_and_read


def test_it_is_a_reader():
    assert isinstance(READER, Reader)


def test_a_file_is_a_clip(read):
    clip = read(ucla_bytes(frames=2))
    assert clip.joints.shape == (3, 2, 20, 1)
    assert clip.joints[:, 1, 19, 0].tolist() == pytest.approx([119, 119.1, 119.2])
    assert (clip.layout.name, clip.fps, clip.name) == ("kinect20", 12, "clip.json")
    assert (clip.label, clip.subject, clip.camera) == (6, 2, 3)


def test_classes_are_named_in_order_of_label(tmp_path):
    (tmp_path / "clip.json").write_bytes(ucla_bytes())
    names = READER.open(tmp_path / "clip.json", ReadOptions()).class_names
    assert len(names) == 10
    assert (names[6], names[9]) == ("donning", "carry")


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"file_name": "a12_s01_e00_v01", "label": 10}, 9),
        ({"file_name": "a11_s01_e00_v01", "label": None}, 8),
        ({"file_name": "mine", "label": 1}, 0),
        ({"file_name": None, "label": None}, None),
    ],
)
def test_the_label_comes_from_the_file_and_its_name(read, fields, label):
    assert read(ucla_bytes(**fields)).label == label


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"label": 8}, "states label 8, but action 8 in its file_name has label 7"),
        ({"label": 0}, "states label 0, but the labels of NW-UCLA run from 1 to 10: if yours count from 0, add 1"),
        ({"label": 11}, "a label from 1 to 10"),
        ({"label": "7"}, "a label from 1 to 10"),
        ({"label": True}, "a label from 1 to 10"),
        ({"skeletons": None}, "T frames with 20 joints and 3 numbers each"),
        ({"skeletons": []}, "T frames with 20 joints"),
        ({"skeletons": walk(2, 25).tolist()}, "T frames with 20 joints"),
        ({"skeletons": [*walk(2, 20).tolist(), [[0, 0, 0]]]}, "T frames with 20 joints"),
        ({"skeletons": walk(2, 20).astype(str).tolist()}, "3 numbers each"),
        ({"skeletons": [[[True, 0.5, 1]] * 20]}, "3 numbers each"),
        ({"skeletons": [[[None] * 3] * 20]}, "3 numbers each"),
        ({"skeletons": [[[10**400] * 3] * 20]}, "3 numbers each"),
        ({"skeletons": [[[float("nan")] * 3] * 20]}, "60 of 60 coordinates are NaN"),
    ],
)
def test_what_is_malformed_is_refused(read, fields, message):
    with pytest.raises(DataError, match=rf"clip\.json.* {message}"):
        read(ucla_bytes(**fields))


@pytest.mark.parametrize(
    "data",
    [
        ucla_bytes()[:-1],
        ucla_bytes()[:200],
        b'{"skeletons": ' + b"[" * 100_000,
        b'{"skeletons": ' + b"1" * 5000 + b"}",
        b'{"skeletons": "\xff"}',
    ],
)
def test_damage_is_refused(read, data):
    with pytest.raises(DataError, match=r"clip\.json should be JSON, but it is cut off or damaged"):
        read(data)


def test_what_is_no_object_is_refused(read):
    with pytest.raises(DataError, match="one JSON object"):
        read(b'["skeletons"]')


def test_the_layout_is_known(read):
    assert read(ucla_bytes(), layout="kinect20", fps=30.0).fps == 30
    with pytest.raises(ConfigError, match="layout 'kinect20', but the options name 'utd20'"):
        read(ucla_bytes(), layout="utd20")


def test_recognizes_objects_with_skeletons_only(tmp_path):
    assert READER.recognizes(tmp_path, ucla_bytes()[:START])
    assert READER.recognizes(tmp_path, b'\xef\xbb\xbf \n{"label": 1, "skeletons" : [')
    for other in (b"", b"[1]", b'{"data": [{"skeleton": []}]}', b'"skeletons":'):
        assert not READER.recognizes(tmp_path, other)


def test_real_clips_come_back(read, shared_data):
    with np.load(shared_data / "nw_ucla.npz") as arrays:
        joints, offsets, labels, views = (arrays[name] for name in ("joints", "offsets", "label", "view"))
    ids = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)
    for index in range(0, len(labels), 150):
        frames = joints[offsets[index] : offsets[index + 1]]
        name = f"a{ids[labels[index]]:02}_s01_e00_v{views[index]:02}"
        content = {"file_name": name, "skeletons": frames.tolist(), "label": int(labels[index]) + 1}
        clip = read(json.dumps(content).encode())
        np.testing.assert_array_equal(clip.joints[..., 0], frames.transpose(2, 0, 1))
        assert (clip.label, clip.camera) == (labels[index], views[index])
