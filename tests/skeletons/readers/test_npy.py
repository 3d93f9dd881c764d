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
    with pytest.raises(ConfigError, match=r"what its joints are: name their layout, one of ntu25, .*coco17"):
        read(walk(2, 25), layout=None)
    with pytest.raises(ConfigError, match=r"the layout should be one of ntu25, .*but it is 'ntu'"):
        read(walk(2, 25), layout="ntu")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 75)), r"\(T, V, C\) for one body .* its shape is \(4, 75\)"),
        (np.full((4, 25, 3), "a"), "its type <U1"),
        (np.zeros((0, 25, 3)), "at least one frame"),
        (np.zeros((4, 20, 3)), "the 25 joints of layout 'ntu25', but has 20"),
        (np.zeros((4, 25, 4)), "2 or 3 coordinates"),
        (np.full((4, 25, 3), np.nan), "300 of 300 coordinates are NaN"),
    ],
)
def test_malformed_arrays_are_refused(read, array, message):
    with pytest.raises(DataError, match=f"clip.* {message}"):
        read(array)


def test_recognizes_arrays_only(tmp_path):
    assert NPY.recognizes(tmp_path, npy_bytes(walk(2, 25))[:START])
    assert not NPY.recognizes(tmp_path, b"PK\3\4")
