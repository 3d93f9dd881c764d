import gzip
import os
import pickle

import numpy as np
import pytest
from reader_files import annotation, first, pyskl_bytes, walk

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers.pyskl import PysklReader
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions

READER = PysklReader()


@pytest.fixture
def read(tmp_path):
    """Write annotations and read the first clip."""

    def write_and_read(*annotations, **options):
        (tmp_path / "clips.pkl").write_bytes(pyskl_bytes(*annotations))
        return first(READER, tmp_path / "clips.pkl", ReadOptions(**options))

    return write_and_read


def test_it_is_a_reader():
    assert isinstance(READER, Reader)


def test_3d_is_ntu_in_metres(read):
    clip = read(annotation(bodies=2))
    assert clip.joints.shape == (3, 3, 25, 2)
    assert clip.joints[:, 2, 7, 1].tolist() == pytest.approx([207, 207.1, 207.2], abs=0.1)
    assert (clip.layout.name, clip.fps, clip.name) == ("ntu25", 30, "S002C003P004R001A005")
    assert (clip.label, clip.subject, clip.camera, clip.setup) == (4, 4, 3, 2)


def test_2d_is_coco_in_pixels(read):
    scores = np.zeros((1, 3, 17), dtype=np.float16)
    clip = read(annotation(joints=17, dimensions=2, keypoint_score=scores, img_shape=(1080, 1920), frame_dir="v_jump"))
    assert clip.joints.shape == (2, 3, 17, 1)
    assert clip.joints.any()  # joints with a score of 0 stay as they come
    assert clip.layout.name == "coco17"
    assert (clip.label, clip.subject, clip.camera, clip.setup) == (4, None, None, None)


def test_the_options_name_layout_and_frame_rate(read):
    clip = read(annotation(joints=18, dimensions=2), layout="openpose18", fps=25.0)
    assert (clip.layout.name, clip.fps) == ("openpose18", 25)


def test_a_layout_that_cannot_be_guessed_has_to_be_named(read):
    with pytest.raises(DataError, match="18 joints with 2 coordinates, a layout that cannot be guessed"):
        read(annotation(joints=18, dimensions=2))
    with pytest.raises(DataError, match="should have the 25 joints of layout 'ntu25', but has 18"):
        read(annotation(joints=18), layout="ntu25")
    with pytest.raises(ConfigError, match="the layout should be one of ntu25"):
        read(annotation(), layout="ntu")


def test_clips_keep_their_order_and_are_read_one_by_one(tmp_path):
    good, bad = annotation(frame_dir="good"), annotation(frame_dir="bad", label="walk")
    (tmp_path / "clips.pkl").write_bytes(pyskl_bytes(bad, good, bad))
    entries = READER.open(tmp_path / "clips.pkl", ReadOptions()).entries
    assert [entry.name for entry in entries] == ["bad", "good", "bad"]
    assert entries[1].read().name == "good"
    with pytest.raises(DataError, match=r"clips\.pkl: annotation 2 \('bad'\) should have one whole number from 0 on"):
        entries[2].read()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"keypoint": None}, "should have 'keypoint' as an array of numbers .* it has none"),
        ({"keypoint": np.zeros((3, 75))}, r"its shape is \(3, 75\)"),
        ({"keypoint": np.zeros((1, 3, 25, 3), dtype="U1")}, "it has none"),
        ({"keypoint": np.zeros((1, 0, 25, 3)), "total_frames": 0}, "at least one frame"),
        ({"keypoint": np.zeros((0, 3, 25, 3))}, "at least one body"),
        ({"keypoint": np.full((1, 3, 25, 3), np.nan)}, "225 of 225 coordinates are NaN"),
        ({"keypoint_score": np.zeros((1, 3, 17))}, r"one 'keypoint_score' per joint \(1, 3, 25\), .* \(1, 3, 17\)"),
        ({"total_frames": 4}, "has 3 frames in 'keypoint', but 'total_frames' is another number"),
        ({"label": -1}, "one whole number from 0 on"),
        ({"label": 10**5000}, "one whole number from 0 on"),
        ({"label": [1, 2]}, "one whole number from 0 on"),
        ({"label": True}, "one whole number from 0 on"),
        ({"label": [0, True]}, "one whole number from 0 on"),
        ({"label": [[0], [1, 2]]}, "one whole number from 0 on"),
        ({"label": [0, 10**5000]}, "one whole number from 0 on"),
    ],
)
def test_what_is_malformed_is_refused(read, fields, message):
    with pytest.raises(DataError, match=message):
        read(annotation(**fields))


def test_labels_may_be_numpy_numbers_or_unknown(read):
    assert read(annotation(label=np.int64(7))).label == 7
    unlabelled = annotation()
    del unlabelled["label"]
    assert read(unlabelled).label is None


@pytest.mark.parametrize("content", [{"split": {}}, {"split": {}, "annotations": {}}, {"annotations": None}])
def test_a_pickle_of_something_else_is_refused(tmp_path, content):
    (tmp_path / "clips.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=r"clips\.pkl should hold a dict with 'split' and a list of 'annotations'"):
        READER.open(tmp_path / "clips.pkl", ReadOptions())


def test_an_annotation_of_something_else_is_refused(tmp_path):
    (tmp_path / "clips.pkl").write_bytes(pickle.dumps({"annotations": [[1, 2]]}))
    (entry,) = READER.open(tmp_path / "clips.pkl", ReadOptions()).entries
    assert entry.name == "clips.pkl[0]"
    with pytest.raises(DataError, match="should be a dict with 'keypoint' and 'label', but it is a list"):
        entry.read()


class Evil:
    def __reduce__(self):
        return os.system, ("touch ran",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("content", [Evil(), {"split": {}, "annotations": [Evil()]}])
def test_code_is_refused_by_name_and_not_run(tmp_path, monkeypatch, protocol, content):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "clips.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    assert READER.recognizes(path, path.read_bytes()[:START])
    with pytest.raises(DataError, match=r"it holds the name (posix|nt)\.system, which is refused"):
        READER.open(path, ReadOptions())
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("protocol", range(6))
def test_recognizes_any_protocol(tmp_path, protocol):
    assert READER.recognizes(tmp_path, pyskl_bytes(annotation(), protocol=protocol)[:START])


@pytest.mark.parametrize("protocol", range(6))
def test_a_clip_that_is_changed_does_not_change_the_file_that_was_opened(tmp_path, protocol):
    path = tmp_path / "clips.pkl"
    path.write_bytes(pyskl_bytes(annotation(keypoint=walk(3, 25)[None].astype(np.float32)), protocol=protocol))
    (entry,) = READER.open(path, ReadOptions()).entries
    clip = entry.read()
    expected = clip.joints.copy()
    clip.joints[...] = 0
    np.testing.assert_array_equal(entry.read().joints, expected)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_bare_list_and_a_single_annotation_are_read(tmp_path, protocol, pack):
    path = tmp_path / "clip.pkl"
    nameless = annotation()
    del nameless["frame_dir"]
    for content, names in (
        ([annotation(), nameless], ["S002C003P004R001A005", "clip.pkl[1]"]),
        (nameless, ["clip.pkl"]),
    ):
        path.write_bytes(pack(pickle.dumps(content, protocol)))
        assert READER.recognizes(path, path.read_bytes()[:START])
        clips = [entry.read() for entry in READER.open(path, ReadOptions()).entries]
        assert [clip.name for clip in clips] == names
        assert {clip.joints.shape for clip in clips} == {(3, 3, 25, 1)}


def test_more_annotations_than_have_room_are_refused(tmp_path):
    path = tmp_path / "clips.pkl"
    path.write_bytes(pickle.dumps([{} for _ in range(1000)], 4))
    with pytest.raises(DataError, match=r"its 1000 annotations have no room in \d+ bytes"):
        READER.open(path, ReadOptions())


def test_what_is_packed_does_not_unpack_without_end(tmp_path):
    path = tmp_path / "clips.pkl"
    path.write_bytes(gzip.compress(pickle.dumps({"annotations": [bytes(10_000_000)]})))
    with pytest.raises(DataError, match="it unpacks to more than 20 times its size"):
        READER.open(path, ReadOptions())
    path.write_bytes(gzip.compress(pyskl_bytes(annotation()))[:-20])
    with pytest.raises(DataError, match="cut off or damaged"):
        READER.open(path, ReadOptions())


def test_one_body_may_lack_its_axis(read):
    keypoint, scores = walk(3, 17, 2), np.full((3, 17), 0.25)
    clip = read(annotation(joints=17, dimensions=2, keypoint=keypoint, keypoint_score=scores))
    np.testing.assert_array_equal(clip.joints[..., 0], keypoint.transpose(2, 0, 1).astype(np.float32))
    assert (clip.visibility == 0.25).all()


def test_scores_are_visibility(read):
    scores = np.full((1, 3, 17), 0.5)
    scores[0, 1, 4], scores[0, 2, 4] = 1.02, 0
    clip = read(annotation(joints=17, dimensions=2, keypoint_score=scores))
    assert clip.visibility[:, 4, 0].tolist() == [0.5, 1, 0]
    assert clip.visibility[0, 0, 0] == 0.5


def test_scores_may_be_the_third_coordinate(read):
    keypoint = np.concatenate([walk(3, 17, 2), np.full((3, 17, 1), 0.5)], axis=2)[None]
    clip = read(annotation(keypoint=keypoint))
    assert (clip.joints.shape, clip.layout.name, clip.visibility[2, 3, 0]) == ((2, 3, 17, 1), "coco17", 0.5)
    assert clip.joints[:, 2, 3, 0].tolist() == pytest.approx([203, 203.1])
    assert "third-number-is-score" in [doubt.code for doubt in clip.doubts]
    assert read(annotation(keypoint=walk(3, 17)[None])).dimensions == 3


@pytest.mark.parametrize("label", [np.eye(6)[2], np.eye(6, dtype=np.int64)[2], [0, 0, 1], [0.0, 0.0, 1.0, 0.0]])
def test_labels_may_be_one_hot(read, label):
    assert read(annotation(label=label)).label == 2


def test_a_label_that_contradicts_the_name_is_doubted(read):
    doubts = [doubt for doubt in read(annotation(label=5)).doubts if doubt.code == "label-contradicts-name"]
    assert doubts[0].sentence == (
        "Label 5 contradicts the name, whose action 5 has label 4. Labels count from 0; these seem to count from 1."
    )
    assert "count from 1" not in read(annotation(label=17)).doubts[0].sentence
    assert read(annotation()).doubts == ()


@pytest.mark.parametrize("ending", [".skeleton", ".avi", " (1).avi"])
def test_the_name_may_have_an_ending(read, ending):
    clip = read(annotation(frame_dir=f"S002C003P004R001A005{ending}"))
    assert (clip.subject, clip.camera, clip.setup) == (4, 3, 2)


def test_a_frame_rate_is_assumed_where_the_name_is_not_ntus(read):
    assert [doubt.code for doubt in read(annotation(frame_dir="jump")).doubts] == ["frame-rate-assumed"]


def test_recognizes_nothing_else(tmp_path):
    torch_weights = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
    labels = pickle.dumps((["S001C001P001R001A001.skeleton"], [0]))
    for other in (
        torch_weights,
        pickle.dumps(["a"]),
        labels,
        gzip.compress(b"text", mtime=0),
        b"\x1f\x8bx",
        pickle.dumps({"a": 1}, 0),
        b"",
        b"PK\3\4",
        b"1,2,3",
    ):
        assert not READER.recognizes(tmp_path, other)


def test_a_clip_is_turned_as_documented(read):
    keypoint = walk(4, 25)[None]
    clip = read(annotation(keypoint=keypoint, total_frames=4))
    for frame, joint, coordinate in ((0, 0, 0), (3, 24, 2), (1, 20, 1)):
        assert clip.joints[coordinate, frame, joint, 0] == pytest.approx(keypoint[0, frame, joint, coordinate])
