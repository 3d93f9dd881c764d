import numpy as np
import pytest
from reader_files import first, npz_bytes, uniform_arrays, zip_bytes

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers.npz import NpzReader
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions

READER = NpzReader()


@pytest.fixture
def opened(tmp_path):
    """Write the uniform arrays with some changes (None: without it) and open them."""

    def write_and_open(options=None, **changes):
        arrays = {name: array for name, array in (uniform_arrays() | changes).items() if array is not None}
        (tmp_path / "clips.npz").write_bytes(npz_bytes(arrays))
        return READER.open(tmp_path / "clips.npz", options or ReadOptions())

    return write_and_open


def test_it_is_a_reader():
    assert isinstance(READER, Reader)


def test_clips_are_cut_out_and_copies_left_out(opened):
    source = opened()
    clips = [entry.read() for entry in source.entries]
    assert [entry.name for entry in source.entries] == ["clips.npz[0]", "clips.npz[1]"]
    assert [clip.joints.shape for clip in clips] == [(3, 2, 20, 1), (3, 3, 20, 1)]
    assert clips[1].joints[:, 0, 19, 0].tolist() == pytest.approx([219, 219.1, 219.2])
    assert [(clip.label, clip.subject, clip.camera) for clip in clips] == [(1, 4, 1), (0, 5, 2)]
    assert (clips[0].layout.name, clips[0].fps, clips[0].name) == ("kinect20", 15, "clips.npz[0]")
    assert source.class_names == ("walk", "wave")
    assert "is_dup" in source.kind


def test_only_joints_and_offsets_are_needed(opened):
    bare = dict.fromkeys(("label", "subject", "view", "is_dup", "class_names", "joint_names", "fps"))
    source = opened(ReadOptions(layout="kinect20"), **bare)
    clip = source.entries[2].read()
    assert (clip.label, clip.subject, clip.camera, clip.fps) == (None, None, None, 30)
    assert source.class_names == ()
    with pytest.raises(ConfigError, match=r"clips\.npz does not state its joint layout"):
        opened(**bare)


def test_more_clips_than_there_is_room_for_are_refused(opened):
    many = dict.fromkeys(("label", "subject", "view", "is_dup"))
    with pytest.raises(DataError, match=r"its 9000 clips have no room in \d+ bytes"):
        opened(joints=np.zeros((9000, 20, 3), np.float32), offsets=np.arange(9001, dtype=np.int16), **many)


def test_joints_alone_are_one_clip(opened):
    bare = dict.fromkeys(("offsets", "label", "subject", "view", "is_dup", "class_names", "joint_names"))
    (entry,) = opened(ReadOptions(layout="kinect20"), **bare).entries
    clip = entry.read()
    assert (clip.fps, clip.joints.shape) == (15, (3, 6, 20, 1))
    assert clip.joints[:, 5, 3, 0].tolist() == pytest.approx([503, 503.1, 503.2])


def test_what_else_an_archive_holds_does_not_matter(opened):
    assert len(opened(edges=np.zeros((19, 2), dtype=int), source=np.array("somewhere")).entries) == 2


def test_other_units_and_axes_are_converted(opened):
    metres = opened().entries[1].read().joints
    millimetres = opened(joints=uniform_arrays()["joints"] * 1000, unit=np.array("mm")).entries[1].read()
    np.testing.assert_allclose(millimetres.joints, metres, rtol=1e-5)
    x, y, z = np.moveaxis(uniform_arrays()["joints"], 2, 0)
    z_up = opened(joints=np.stack([x, -z, y], axis=2), up_axis=np.array("z"), unit=np.array("m")).entries[1].read()
    np.testing.assert_allclose(z_up.joints, metres, rtol=1e-5)
    assert opened(unit=np.array("m?")).entries[1].read().doubts[0].code == "unit-unsure"
    inches = opened(unit=np.array("inches")).entries[1].read()
    np.testing.assert_allclose(inches.joints, metres * 0.0254, rtol=1e-5)
    with pytest.raises(DataError, match="one of the units m, cm, mm, in, ft, but it states 'yards'"):
        opened(unit=np.array("yards"))
    x_up = opened(joints=np.stack([y, -x, z], axis=2), up_axis=np.array("x")).entries[1].read()
    np.testing.assert_allclose(x_up.joints, metres, rtol=1e-5)
    for word in ("w", "-z", ""):
        with pytest.raises(DataError, match=f"should have x, y or z up, but its up_axis is '{word}'"):
            opened(up_axis=np.array(word))
    with pytest.raises(ConfigError, match="states the unit 'mm', but the options name 'cm'"):
        opened(ReadOptions(unit="cm"), unit=np.array("mm"))
    named = opened(ReadOptions(unit="mm"), joints=uniform_arrays()["joints"] * 1000).entries[1].read()
    np.testing.assert_allclose(named.joints, metres, rtol=1e-5)
    with pytest.raises(DataError, match="unit should have 0 axes"):
        opened(unit=np.array(["mm"]))


def test_unknown_joints_need_a_layout(opened):
    names = np.array([f"joint {number}" for number in range(20)])
    assert opened(ReadOptions(layout="utd20"), joint_names=names).entries[0].read().layout.name == "utd20"
    with pytest.raises(ConfigError, match="does not state its joint layout"):
        opened(joint_names=names)


def test_options_must_not_contradict_the_file(opened):
    assert opened(ReadOptions(layout="kinect20", fps=15.0)).entries
    with pytest.raises(ConfigError, match="layout 'kinect20', but the options name 'utd20'"):
        opened(ReadOptions(layout="utd20"))
    with pytest.raises(ConfigError, match="states 15 frames per second, but the options name 30"):
        opened(ReadOptions(fps=30.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offsets": None}, "label should have one value for each of 1 clips, but has 3"),
        ({"offsets": np.array([], dtype=int)}, "offsets should increase"),
        ({"offsets": np.array([0, 2, 2, 6])}, "offsets should increase"),
        ({"offsets": np.array([0, 5, 2, 6])}, "offsets should increase"),
        ({"offsets": np.array([-1, 2, 5, 6])}, "offsets should increase from 0"),
        ({"offsets": np.array([0, 2, 5, 7])}, "at most the 6 frames"),
        ({"offsets": np.array([0.0, 2, 5, 6])}, "offsets should have 1 axes and a type of kind 'iu'"),
        ({"joints": np.zeros((6, 60))}, r"joints should have 3 axes .* its shape is \(6, 60\)"),
        ({"joints": np.full((6, 20, 3), "a")}, "joints should have 3 axes and a type of kind 'fiu'"),
        ({"label": np.array([1, 0])}, "label should have one value for each of 3 clips, but has 2"),
        ({"is_dup": np.array([True])}, "is_dup should have one value for each of 3 clips, but has 1"),
        ({"class_names": np.array(["walk"])}, "name every label up to 1, but has 1 names"),
    ],
)
def test_what_is_malformed_is_refused(opened, changes, message):
    with pytest.raises(DataError, match=rf"clips\.npz.* {message}"):
        opened(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joints": np.full((6, 20, 3), np.nan)}, r"clip 'clips\.npz\[0\]' .* 120 of 120 coordinates are NaN"),
        ({"joints": np.zeros((6, 19, 3))}, "the 20 joints of layout 'kinect20', but has 19"),
        ({"joints": np.zeros((6, 20, 4))}, "2 or 3 coordinates"),
        ({"label": np.array([-1, 0, 1])}, "a label of 0 or more"),
        ({"fps": np.float32(0)}, "a positive frame rate"),
    ],
)
def test_a_malformed_clip_is_refused_when_it_is_read(opened, changes, message):
    source = opened(**changes)
    with pytest.raises(DataError, match=message):
        source.entries[0].read()


def test_python_objects_are_refused(opened):
    with pytest.raises(
        DataError, match=r"clips\.npz: label should be an array of numbers or text, but it holds Python objects"
    ):
        opened(label=np.array([1, 0, None]))


def test_impossible_characters_are_refused(opened):
    names = np.array([0x61, 0x120000], dtype="<u4").view("<U1")
    with pytest.raises(DataError, match=r"clips\.npz names classes or joints in text that is damaged"):
        opened(class_names=names)


def test_texts_of_either_byte_order_are_read(opened):
    assert opened(class_names=np.array(["walk", "wäve"], dtype=">U5")).class_names == ("walk", "wäve")


@pytest.mark.parametrize("about", [{}, {"unit": np.array("mm")}])
def test_whole_millimetres_are_read(tmp_path, about):
    arrays = uniform_arrays()
    clips = {}
    for name, joints in (("metres", arrays["joints"]), ("whole", (arrays["joints"] * 1000).round().astype(np.int32))):
        (tmp_path / name).write_bytes(npz_bytes(arrays | {"joints": joints} | (about if name == "whole" else {})))
        options = ReadOptions(unit="mm") if name == "whole" and not about else ReadOptions()
        clips[name] = first(READER, tmp_path / name, options)
    np.testing.assert_allclose(clips["whole"].joints, clips["metres"].joints, atol=6e-4)


def test_a_bomb_is_refused(tmp_path):
    arrays = uniform_arrays() | {"joints": np.zeros((300_000, 20, 3), dtype=np.float32)}
    (tmp_path / "clips.npz").write_bytes(npz_bytes(arrays))
    with pytest.raises(DataError, match=r"entry 'joints\.npy' unpacks \d+ bytes to 72000128"):
        READER.open(tmp_path / "clips.npz", ReadOptions())


def test_recognizes_archives_of_joints_only(tmp_path):
    cases = {
        npz_bytes(uniform_arrays()): True,
        npz_bytes(uniform_arrays())[:-30]: True,  # and opening it says that it is damaged
        npz_bytes({"feature": np.zeros(3)}): False,
        zip_bytes({"a1_s1_t1_skeleton.mat": b""}): False,
        b"": False,
    }
    for data, expected in cases.items():
        (tmp_path / "file").write_bytes(data)
        assert READER.recognizes(tmp_path / "file", data[:START]) is expected


@pytest.mark.parametrize(("name", "clips", "classes"), [("nw_ucla", 1482 - 94, 10), ("msr_action3d", 566, 20)])
def test_real_archives(shared_data, name, clips, classes):
    path = shared_data / f"{name}.npz"
    with path.open("rb") as file:
        assert READER.recognizes(path, file.read(START))
    source = READER.open(path, ReadOptions())
    assert (len(source.entries), len(source.class_names)) == (clips, classes)
    clip = source.entries[-1].read()
    assert clip.layout.name == "kinect20"
    assert (clip.camera is None) == (name == "msr_action3d")
    assert clip.joints[1, :, 3].mean() > clip.joints[1, :, 15].mean()  # the head above a foot: y up
