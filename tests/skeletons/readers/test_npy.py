import pickle

import numpy as np
import pytest
from reader_files import first, npy_bytes, walk

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers.npy import NpyReader
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions

NPY = NpyReader()


@pytest.fixture
def read(tmp_path):
    """Write an array and read the clip, in layout ntu25 unless told otherwise."""

    def write_and_read(array, **options):
        (tmp_path / "clip").write_bytes(npy_bytes(array))
        return first(NPY, tmp_path / "clip", ReadOptions(**({"layout": "ntu25"} | options)))

    return write_and_read


def test_it_is_a_reader():
    assert isinstance(NPY, Reader)


def test_arrays_have_one_body_or_several(read):
    one, two = walk(4, 25), np.stack([walk(4, 25), -walk(4, 25)])
    assert read(one).joints.shape == (3, 4, 25, 1)
    clip = read(two, fps=10.0)
    assert (clip.joints.shape, clip.fps) == ((3, 4, 25, 2), 10)
    assert clip.joints[2, 3, 24, 1] == pytest.approx(-324.2)
    assert read(walk(4, 17, 2), layout="coco17").dimensions == 2


def test_the_layout_has_to_be_named(read):
    with pytest.raises(ConfigError, match=r"\(2, 20, 3\): name the layout it is in, which may be kinect20 or utd20"):
        read(walk(2, 20), layout=None)
    with pytest.raises(ConfigError, match=r"its shape is \(2, 7, 3\): bring its axes into one of these orders"):
        read(walk(2, 7), layout=None)
    with pytest.raises(ConfigError, match=r"the layout should be one of ntu25, .*but it is 'ntu'"):
        read(walk(2, 25), layout="ntu")


def moving(frames=4, joints=25):
    """T V C that is nowhere zero, and no two numbers alike."""
    return walk(frames, joints) + 1


def test_the_order_of_axes_is_told_from_the_layout(read):
    two = np.stack([moving(), -moving()])  # M T V C
    expected = two.transpose(3, 1, 2, 0).astype(np.float32)
    for order in ((0, 1, 2, 3), (1, 2, 0, 3), (3, 1, 2, 0)):
        np.testing.assert_array_equal(read(two.transpose(order)).joints, expected)
    np.testing.assert_array_equal(read(two.transpose(1, 0, 2, 3).reshape(4, 150)).joints, expected)
    np.testing.assert_array_equal(read(moving().reshape(4, 75)).joints, expected[..., :1])


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1), (1, 2, 0)])
def test_the_axes_of_one_body_may_stand_in_any_order_that_can_be_told(read, order):
    expected = moving(9).transpose(2, 0, 1).astype(np.float32)
    np.testing.assert_array_equal(read(moving(9).transpose(order)).joints[..., 0], expected)


@pytest.mark.parametrize(("layout", "joints", "c"), [("smpl22", 22, 3), ("coco17", 17, 2), ("coco17", 17, 3)])
def test_the_numbers_of_a_frame_may_stand_in_one_axis(read, layout, joints, c):
    clip = walk(4, joints, c) + 1
    read_clip = read(clip.reshape(4, -1), layout=layout)
    np.testing.assert_array_equal(read_clip.joints[..., 0], clip.transpose(2, 0, 1).astype(np.float32))


def mediapipe_pose():
    """T V C in metres, with y up: the nose over the hips."""
    clip = walk(4, 33) / 100 + 1
    clip[:, 0, 1] += 3
    return clip


def test_a_fourth_number_is_the_visibility(read):
    numbers = np.concatenate([mediapipe_pose(), np.full((4, 33, 1), 0.25)], axis=2)
    for array in (numbers, numbers.reshape(4, 132)):
        clip = read(array, layout="mediapipe33")
        np.testing.assert_array_equal(clip.joints[..., 0], mediapipe_pose().transpose(2, 0, 1).astype(np.float32))
        assert (clip.visibility == 0.25).all()


def test_mediapipes_axes_are_turned(read):
    clip = read(mediapipe_pose() * [1, -1, -1], layout="mediapipe33")
    np.testing.assert_array_equal(clip.joints[..., 0], mediapipe_pose().transpose(2, 0, 1).astype(np.float32))
    assert [doubt.code for doubt in clip.doubts] == ["frame-rate-assumed", "axes-turned"]
    shares = np.random.default_rng(0).uniform(0.4, 0.6, (4, 33, 3))
    shares[:, 0, 1] = 0.1
    codes = [doubt.code for doubt in read(shares, layout="mediapipe33").doubts]
    assert codes == ["frame-rate-assumed", "shares-of-picture"]


def test_frames_may_come_before_bodies(read):
    two = np.stack([moving(9), -moving(9)], axis=1)  # T M V C
    np.testing.assert_array_equal(read(two).joints, two.transpose(3, 0, 2, 1).astype(np.float32))
    for one in (moving()[None], moving()[:, None]):
        np.testing.assert_array_equal(read(one).joints[..., 0], moving().transpose(2, 0, 1).astype(np.float32))


def test_several_clips_lie_in_one_array(tmp_path):
    clips = np.zeros((2, 3, 6, 25, 2))
    clips[0, :, :4, :, 0] = moving().transpose(2, 0, 1)
    clips[1] = np.stack([moving(6), -moving(6)]).transpose(3, 1, 2, 0)
    for array in (clips, clips.transpose(0, 2, 4, 3, 1).reshape(2, 6, 150)):
        (tmp_path / "data.npy").write_bytes(npy_bytes(array))
        entries = NPY.open(tmp_path / "data.npy", ReadOptions(layout="ntu25")).entries
        assert [entry.name for entry in entries] == ["data.npy[0]", "data.npy[1]"]
        first_clip, second = (entry.read() for entry in entries)
        np.testing.assert_array_equal(first_clip.joints, clips[0, :, :4, :, :1].astype(np.float32))  # without padding
        np.testing.assert_array_equal(second.joints, clips[1].astype(np.float32))


NTU_NAMES = ["S001C002P003R001A005.skeleton", "S002C003P004R001A009.skeleton"]


@pytest.mark.parametrize(
    ("file", "content", "names"),
    [
        ("train_label.pkl", pickle.dumps((NTU_NAMES, [4, 8])), NTU_NAMES),
        ("train_label.pkl", pickle.dumps([4, 8]), ["train_data_joint.npy[0]", "train_data_joint.npy[1]"]),
        ("train_label.npy", npy_bytes(np.array([4, 8])), ["train_data_joint.npy[0]", "train_data_joint.npy[1]"]),
        ("train_label.npy", npy_bytes(np.eye(9)[[4, 8]]), ["train_data_joint.npy[0]", "train_data_joint.npy[1]"]),
    ],
)
def test_labels_beside_an_array_of_clips_are_read(tmp_path, file, content, names):
    path = tmp_path / "train_data_joint.npy"
    path.write_bytes(npy_bytes(moving(12).reshape(2, 6, 75)))
    (tmp_path / file).write_bytes(content)
    clips = [entry.read() for entry in NPY.open(path, ReadOptions(layout="ntu25")).entries]
    assert [(clip.name, clip.label) for clip in clips] == list(zip(names, (4, 8), strict=True))
    assert [clip.subject for clip in clips] == ([3, 4] if names is NTU_NAMES else [None, None])


@pytest.mark.parametrize(
    "content", [[1], [1, 2, 3], (["a"], [1, 2]), ("a", "b"), {"a": 1}, [1.5, 2], [-1, 2], [[0], [1]], 3]
)
def test_labels_that_do_not_fit_are_refused(tmp_path, content):
    (tmp_path / "data.npy").write_bytes(npy_bytes(moving(12).reshape(2, 6, 75)))
    (tmp_path / "label.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=r"label\.pkl.* should h"):
        NPY.open(tmp_path / "data.npy", ReadOptions(layout="ntu25"))


def test_an_empty_first_body_is_no_body(read):
    array = np.stack([np.zeros((4, 25, 3)), moving()])
    np.testing.assert_array_equal(read(array).joints[..., 0], moving().transpose(2, 0, 1).astype(np.float32))


def test_an_order_that_cannot_be_told_is_refused_with_its_readings(read):
    with pytest.raises(DataError, match=r"\(3, 9, 25, 3\) may be \(M, T, V, C\) or \(C, T, V, M\): save each body"):
        read(np.ones((3, 9, 25, 3)))
    with pytest.raises(DataError, match=r"\(3, 9, 17, 2\) may be \(M, T, V, C\) or \(C, T, V, M\)"):
        read(np.ones((3, 9, 17, 2)), layout="coco17")
    with pytest.raises(DataError, match=r"\(5, 5, 25, 3\) may be \(M, T, V, C\) or \(T, M, V, C\)"):
        read(np.ones((5, 5, 25, 3)))
    assert read(moving(1)[None]).joints.shape == (3, 1, 25, 1)


@pytest.mark.parametrize("frames", [3, 6, 9])
def test_few_frames_of_two_bodies_are_no_bodies(read, frames):
    two = np.stack([moving(frames), -moving(frames)], axis=1)  # T M V C
    np.testing.assert_array_equal(read(two).joints, two.transpose(3, 0, 2, 1).astype(np.float32))


def test_the_scores_of_pose_estimators_are_no_depth(read):
    array = np.concatenate([moving(4, 17)[..., :2], np.full((4, 17, 1), 0.5)], axis=-1)
    array[2, 9] = 0
    clip = read(array, layout="coco17")
    assert clip.dimensions == 2
    assert (clip.visibility[0, 0, 0], clip.visibility[2, 9, 0]) == (0.5, 0)
    assert clip.joints[:, 2, 9, 0].tolist() == pytest.approx([210, 210.1])
    assert [doubt.code for doubt in clip.doubts] == ["frame-rate-assumed", "third-number-is-score", "joints-missing"]
    assert read(moving(4, 17), layout="coco17").dimensions == 3


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 60)), r"the 25 joints V of layout 'ntu25' .* its shape is \(4, 60\)"),
        (np.zeros(()), r"its shape is \(\)"),
        (np.full((4, 25, 3), "a"), "its type is <U1"),
        (np.zeros((0, 25, 3)), "at least one frame"),
        (np.zeros((10**9, 0, 150)), "at least one frame"),
        (
            np.zeros((4, 20, 3)),
            r"the 25 joints V of layout 'ntu25' .* its shape is \(4, 20, 3\): name the layout .* kinect20 or utd20",
        ),
        (np.zeros((4, 25, 5)), "C = 2 or 3 numbers"),
        (np.full((4, 25, 4), 2), "x, y and z of each joint and perhaps a visibility from 0 to 1, but the fourth"),
        (np.zeros((3, 25, 4, 7)), r"its shape is \(3, 25, 4, 7\)"),
        (np.full((4, 25, 3), np.nan), "300 of 300 coordinates are NaN"),
    ],
)
def test_malformed_arrays_are_refused(read, array, message):
    with pytest.raises(DataError, match=f"clip.* {message}"):
        read(array)


def test_recognizes_arrays_only(tmp_path):
    assert NPY.recognizes(tmp_path, npy_bytes(walk(2, 25))[:START])
    for other in (b"PK\3\4", npy_bytes(np.arange(3)), npy_bytes(np.array(["a", "b"]))):
        assert not NPY.recognizes(tmp_path, other)
