import numpy as np
import pytest
from reader_files import ctr_gcn_arrays, npy_bytes, npz_bytes, uniform_arrays, walk, zip_bytes

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers.ctr_gcn import CtrGcnReader
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions

READER = CtrGcnReader()


@pytest.fixture
def opened(tmp_path):
    """Write the arrays with some changes (None: without it) and open them."""

    def write_and_open(options=None, stored=True, **changes):
        arrays = {name: array for name, array in (ctr_gcn_arrays() | changes).items() if array is not None}
        with (tmp_path / "ntu.npz").open("wb") as file:
            (np.savez if stored else np.savez_compressed)(file, **arrays)
        return READER.open(tmp_path / "ntu.npz", options or ReadOptions())

    return write_and_open


def test_it_is_a_reader():
    assert isinstance(READER, Reader)


@pytest.mark.parametrize("stored", [True, False])
def test_clips_come_with_their_classes_and_without_padding(opened, stored):
    source = opened(stored=stored)
    clips = [entry.read() for entry in source.entries]
    assert [clip.name for clip in clips] == ["ntu.npz[x_train][0]", "ntu.npz[x_train][1]", "ntu.npz[x_test][0]"]
    assert [clip.label for clip in clips] == [2, 0, 1]
    assert [clip.joints.shape for clip in clips] == [(3, 4, 25, 1), (3, 6, 25, 2), (3, 6, 25, 2)]
    np.testing.assert_allclose(clips[0].joints[..., 0], walk(4, 25).transpose(2, 0, 1) + 1, rtol=1e-6)
    np.testing.assert_allclose(clips[1].joints[..., 1], -1 - walk(6, 25).transpose(2, 0, 1), rtol=1e-6)
    assert {(clip.fps, clip.layout.name, clip.doubts) for clip in clips} == {(30, "ntu25", ())}


def test_classes_may_be_numbers_or_unknown(opened):
    assert [entry.read().label for entry in opened(y_train=np.array([4, 0]), y_test=None).entries] == [4, 0, None]


def test_options(opened):
    assert opened(ReadOptions(layout="ntu25", fps=15.0)).entries[0].read().fps == 15
    with pytest.raises(ConfigError, match="layout 'ntu25', but the options name 'coco17'"):
        opened(ReadOptions(layout="coco17"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": np.zeros((2, 6, 75))}, r"x_train should hold numbers of shape \(N, T, 150\), .* \(2, 6, 75\)"),
        ({"x_train": np.zeros((2, 6, 150), dtype=int)}, "x_train should .* its type int64"),
        ({"x_test": np.zeros((10**9, 0, 150))}, "x_test should hold numbers of shape"),
        ({"y_train": np.eye(3)}, "y_train should have one class for each of 2 clips, but has 3"),
        ({"y_train": np.array(["a", "b"])}, "y_train should hold classes"),
    ],
)
def test_what_is_malformed_is_refused(opened, changes, message):
    with pytest.raises(DataError, match=rf"ntu\.npz: {message}"):
        opened(**changes)


@pytest.mark.parametrize("label", [[0.5, 0.5, 0], [1, 1, 0], [0, 0, 0], [0, 2, 0]])
def test_a_row_that_is_not_one_hot_is_refused(opened, label):
    source = opened(y_train=np.array([label, [1, 0, 0]]))
    with pytest.raises(
        DataError, match=r"x_train\]\[0\]' should have one whole number from 0 on as its label, or one 1"
    ):
        source.entries[0].read()
    assert source.entries[1].read().label == 0


def test_an_entry_that_is_cut_off_is_refused(tmp_path):
    files = {f"{name}.npy": npy_bytes(array) for name, array in ctr_gcn_arrays().items()}
    (tmp_path / "ntu.npz").write_bytes(zip_bytes(files | {"x_train.npy": files["x_train.npy"][:-1]}))
    with pytest.raises(DataError, match="too few bytes"):
        READER.open(tmp_path / "ntu.npz", ReadOptions())


def test_recognizes_its_arrays_only(tmp_path):
    cases = {
        npz_bytes(ctr_gcn_arrays()): True,
        npz_bytes({"x_test": np.zeros(1)}): True,
        npz_bytes(uniform_arrays()): False,
        npz_bytes({"feature": np.zeros(3)}): False,
        b"": False,
    }
    for data, expected in cases.items():
        (tmp_path / "file").write_bytes(data)
        assert READER.recognizes(tmp_path / "file", data[:START]) is expected
