import numpy as np
import pytest
from reader_files import amass_arrays, first, npz_bytes, uniform_arrays

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers.amass import AmassReader
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions

READER = AmassReader()


@pytest.fixture
def read(tmp_path):
    """Write an archive and read the clip."""

    def write_and_read(arrays, **options):
        (tmp_path / "clip.npz").write_bytes(npz_bytes(arrays))
        return first(READER, tmp_path / "clip.npz", ReadOptions(**options))

    return write_and_read


def standing(joints=22, up=2):
    """Three frames of somebody who stands along an axis: the ankles are joints 7 and 8, the neck is joint 12."""
    places = np.zeros((3, joints, 3), dtype=np.float32)
    places[..., up] = np.linspace(0.9, 1.0, joints)
    places[:, [7, 8], up], places[:, 12, up] = 0.1, 1.5
    places[:, 1, 0], places[:, 2, 0] = 0.1, -0.1
    return places


def test_it_is_a_reader():
    assert isinstance(READER, Reader)


@pytest.mark.parametrize(
    ("arrays", "known"),
    [
        (amass_arrays(), True),
        ({"pose_body": np.zeros(3), "mocap_frame_rate": np.array(30)}, True),
        ({"Jtr": np.zeros((3, 22, 3))}, True),
        ({"joints": np.zeros((3, 22, 3)), "mocap_framerate": np.array(30)}, True),
        ({"joints": np.zeros((3, 22, 3))}, False),
        (uniform_arrays(), False),
        (uniform_arrays() | {"trans": np.zeros(3)}, False),
    ],
)
def test_recognizes_parameters_of_smpl(tmp_path, arrays, known):
    (tmp_path / "clip.npz").write_bytes(npz_bytes(arrays))
    assert READER.recognizes(tmp_path / "clip.npz", npz_bytes(arrays)[:START]) == known


def test_parameters_alone_are_refused(read):
    with pytest.raises(DataError, match=r"clip\.npz holds the pose parameters of SMPL, but no .* --layout smpl22"):
        read(amass_arrays())


@pytest.mark.parametrize("key", ["joints", "joints3d", "Jtr"])
@pytest.mark.parametrize("count", [22, 24, 52, 55, 73])
def test_joints_beside_them_are_read(read, key, count):
    clip = read(amass_arrays(**{key: standing(count)}))
    assert (clip.layout.name, clip.joints.shape, clip.fps, clip.doubts) == ("smpl22", (3, 3, 22, 1), 120, ())
    assert clip.joints[:, 0, 12, 0].tolist() == pytest.approx([0, 1.5, 0])  # z was up
    assert clip.joints[:, 0, 1, 0].tolist() == pytest.approx([0.1, standing(count)[0, 1, 2], 0])


def test_y_up_stays(read):
    np.testing.assert_array_equal(read({"Jtr": standing(up=1)}).joints[..., 0].transpose(1, 2, 0), standing(up=1))


def test_the_rate_is_stated_or_assumed(read):
    assert read({"Jtr": standing(), "mocap_frame_rate": np.array([60])}).fps == 60
    clip = read({"Jtr": standing()})
    assert (clip.fps, [doubt.code for doubt in clip.doubts]) == (30, ["frame-rate-assumed"])
    with pytest.raises(ConfigError, match="states 60 frames per second, but the options name 30"):
        read({"Jtr": standing(), "mocap_frame_rate": np.array([60])}, fps=30.0)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"Jtr": np.zeros((3, 21, 3))}, r"Jtr should hold numbers of shape \(T, 22 to 73, 3\), .* \(3, 21, 3\)"),
        ({"Jtr": np.zeros((3, 66))}, r"its shape is \(3, 66\)"),
        ({"Jtr": np.zeros((3, 22, 3), dtype=int)}, "its type int64"),
        ({"Jtr": standing(), "mocap_framerate": np.array([30, 60])}, r"as one number, but it is of shape \(2,\)"),
        ({"Jtr": standing(), "mocap_framerate": np.array("60")}, "as one number"),
        ({"Jtr": standing(), "mocap_framerate": np.array(0)}, "positive frame rate, but fps is 0"),
        ({"Jtr": np.zeros((0, 22, 3))}, "at least one frame"),
    ],
)
def test_what_is_malformed_is_refused(read, arrays, message):
    with pytest.raises(DataError, match=message):
        read(arrays)


def test_another_layout_is_refused(read):
    with pytest.raises(ConfigError, match="layout 'smpl22', but the options name 'smpl24'"):
        read(amass_arrays(), layout="smpl24")
