import gc
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from reader_files import npy_bytes, walk

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.readers.arrays import (
    agreed_fps,
    agreed_layout,
    make_clip,
    parse_npy,
    parse_numbers,
    read_bytes,
    read_lines,
    required_layout,
    words,
)
from gzssar.skeletons.readers.reader import ReadOptions

FILE = Path("clip.xyz")


def clip(joints, **options):
    joints = joints.transpose(2, 0, 1)[..., None]
    return make_clip(joints, ReadOptions(**options), name="clip 7", fps=30.0, layout=NTU25)


def test_a_clip_is_float32_whatever_it_was():
    assert clip(walk(2, 25).astype(np.int64)).joints.dtype == np.float32
    assert clip(walk(2, 25)).joints[:, 1, 3, 0].tolist() == pytest.approx([103, 103.1, 103.2])


def test_missing_joints_are_counted_and_filling_is_advised():
    joints = walk(3, 25)
    joints[1, 4:6] = np.nan
    with pytest.raises(DataError, match=r"clip 'clip 7' .* 6 of 225 coordinates are NaN .* fill the gaps"):
        clip(joints)


def test_missing_joints_are_interpolated_on_request():
    joints = walk(3, 25)
    joints[1, 4] = np.nan
    np.testing.assert_allclose(clip(joints, fill_gaps=True).joints, clip(walk(3, 25)).joints)


def test_a_joint_that_is_never_there_cannot_be_filled():
    joints = walk(3, 25)
    joints[:, 4] = np.nan
    with pytest.raises(DataError, match="clip 'clip 7' cannot be completed"):
        clip(joints, fill_gaps=True)


def test_numbers_beyond_float32_are_refused():
    joints = walk(2, 25)
    joints[0, 0, 0] = 1e300
    with pytest.raises(DataError, match="1 of 150 coordinates are NaN or infinite"):
        clip(joints)


def test_layouts_are_looked_up_by_name():
    assert required_layout(ReadOptions(layout="ntu25"), FILE) is NTU25
    with pytest.raises(ConfigError, match=r"one of ntu25, .*but it is 'kinect'"):
        required_layout(ReadOptions(layout="kinect"), FILE)
    with pytest.raises(
        ConfigError, match=r"clip\.xyz does not state its joint layout: name the layout, one of ntu25, "
    ):
        required_layout(ReadOptions(), FILE)


def test_options_may_repeat_what_a_file_says_but_not_contradict_it():
    assert agreed_layout(ReadOptions(layout="ntu25"), "ntu25", FILE) is NTU25
    assert agreed_fps(ReadOptions(fps=30.0), 1 / 0.0333, FILE) == 1 / 0.0333
    with pytest.raises(ConfigError, match="layout 'ntu25', but the options name 'coco17'"):
        agreed_layout(ReadOptions(layout="coco17"), "ntu25", FILE)
    with pytest.raises(ConfigError, match="states 15 frames per second, but the options name 30"):
        agreed_fps(ReadOptions(fps=30.0), 15.0, FILE)


def test_joint_names_are_compared_by_their_words():
    assert words("LeftShoulder") == words("shoulder_left") == words("left shoulder")
    assert words("hip_center") == words("hip centre")
    assert words("left hip") != words("right hip")


def test_numbers_are_parsed_and_empty_cells_are_missing():
    assert parse_numbers(["1", " -2.5e1"], "line 1") == [1, -25]
    assert np.isnan(parse_numbers([" "], "line 1")).all()


@pytest.mark.parametrize("cell", ["abc", "1_000", "0x10", "--1"])
def test_what_is_no_number_is_named(cell):
    with pytest.raises(DataError, match=f"line 9, should hold numbers, but value 2 is '{cell}'"):
        parse_numbers(["1", cell], "line 9,")


def test_files_that_are_missing_too_large_or_no_text_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_bytes(tmp_path / "none")
    (tmp_path / "file").write_bytes(b"ab\xff")
    with pytest.raises(DataError, match="at most 2 bytes, but it has 3"):
        read_bytes(tmp_path / "file", limit=2)
    with pytest.raises(DataError, match="text in UTF-8, but its byte 2 is not"):
        read_lines(tmp_path / "file")


@pytest.mark.parametrize("array", [walk(2, 3), np.asfortranarray(walk(2, 3)), np.array(["a", "bc"]), np.zeros((0, 3))])
def test_numpy_arrays_are_read(array):
    data = npy_bytes(array)
    np.testing.assert_array_equal(parse_npy(data, "file"), array)


def test_python_objects_are_refused():
    buffer = io.BytesIO()
    np.save(buffer, np.array([None, {}], dtype=object), allow_pickle=True)
    with pytest.raises(
        DataError, match=r"array of numbers or text, but it holds Python objects: .* save only the joints"
    ):
        parse_npy(buffer.getvalue(), "file")


def test_a_size_that_is_claimed_but_not_there_is_refused():
    data = npy_bytes(walk(2, 3)).replace(b"'shape': (2, 3, 3), }         ", b"'shape': (2000000000, 3, 3), }")
    with pytest.raises(DataError, match=r"array of shape \(2000000000, 3, 3\), but has too few bytes"):
        parse_npy(data, "file")


@pytest.mark.parametrize("shape", [b"(-2,-3,-3)", b"(2.0, 3,3)", b"(2, 3", b"'abcdefg'", b"[[[[[[[[[["])
def test_a_damaged_header_is_refused(shape):
    data = npy_bytes(walk(2, 3))
    with pytest.raises(DataError, match="file should "):
        parse_npy(data.replace(b"(2, 3, 3), }", shape + b", }"), "file")
    for end in range(len(data)):
        with pytest.raises(DataError, match="file should "):
            parse_npy(data[:end], "file")


@pytest.fixture
def busy_collector():
    """Garbage is collected all the time, by code that lets other threads run, as some libraries have it."""

    def let_others_run(*_):
        sum(range(50))

    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(5)
    gc.callbacks.append(let_others_run)
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
    gc.callbacks.remove(let_others_run)
    gc.set_threshold(*thresholds)


def test_many_threads_may_read_at_the_same_time(busy_collector):
    """Python's parser of literals, which reads the header, may fail where two threads use it."""
    data = npy_bytes(np.zeros((2, 3)))
    with ThreadPoolExecutor(16) as pool:
        assert len(list(pool.map(lambda _: parse_npy(data, "file"), range(2000)))) == 2000


def test_arrays_that_may_change_under_a_clip_are_copied():
    joints = np.random.default_rng(0).normal(size=(4, 25, 3)).astype(np.float32)
    assert np.shares_memory(clip(joints).joints, joints)
    joints.flags.writeable = False  # as those of mapped files are
    assert not np.shares_memory(clip(joints).joints, joints)
