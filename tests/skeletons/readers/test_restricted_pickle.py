import collections
import os
import pickle

import numpy as np
import pytest

from gzssar.errors import DataError
from gzssar.skeletons.readers.restricted_pickle import read_plain_pickle

PLAIN = {
    "none": None,
    "truth": [True, False],
    "numbers": (0, -1, 255, 70000, 2**40, -(2**70), 0.5, ()),
    "texts": ["", "clip", "é — 動"],
    "bytes": b"\x00\xff",
    "empty": [{}, [], b""],
    "nested": {"list": [[1], [2, (3,)]], 5: "key", None: 0},
}


def load(tmp_path, data):
    (tmp_path / "file.pkl").write_bytes(data)
    return read_plain_pickle(tmp_path / "file.pkl")


class Calls:
    """An object whose pickle calls a function."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", range(6))
def test_plain_containers_come_back(tmp_path, protocol):
    assert load(tmp_path, pickle.dumps(PLAIN, protocol)) == PLAIN


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "i1", "<u2", ">i4", "i8", "?", "U3", "S2"])
def test_arrays_come_back(tmp_path, protocol, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    arrays = [array, np.asfortranarray(array), array[:, ::2], array[:0], array[0, 0, 0], array]
    loaded = load(tmp_path, pickle.dumps(arrays, protocol))
    assert loaded[0] is loaded[-1]
    for before, after in zip(arrays, loaded, strict=True):
        if isinstance(before, np.generic):
            assert after == before.item()
        else:
            np.testing.assert_array_equal(after.array, before)
            assert after.array.dtype == before.dtype


def test_names_of_numpy_1_are_known(tmp_path):
    data = pickle.dumps(np.arange(3), 2).replace(b"numpy._core", b"numpy.core")
    assert load(tmp_path, data).array.tolist() == [0, 1, 2]


def test_texts_of_python_2_are_read(tmp_path):
    assert load(tmp_path, b"\x80\x02U\x04clipq\x01.") == "clip"


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Calls(os.system, "touch ran"), r"the name (posix|nt)\.system"),
        (Calls(eval, "1"), r"the name (builtins|__builtin__)\.eval"),
        (collections.OrderedDict(a=1), r"the name collections\.OrderedDict"),
        (np.array([{}], dtype=object), "a numpy array of type 'O8'"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "a numpy array of type 'M8'"),
        (np.zeros(2, dtype=[("x", "f4")]), "a numpy array of type 'V4'"),
    ],
)
def test_anything_else_is_refused_by_name(tmp_path, monkeypatch, protocol, value, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        DataError, match=rf"file\.pkl should hold numpy arrays .*, but it holds {name}, which is refused"
    ):
        load(tmp_path, pickle.dumps({"annotations": [value]}, protocol))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("data", "instruction"),
    [
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "NEWOBJ"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x02X\x01\x00\x00\x00aQ.", "BINPERSID"),
        (b"Pname\n.", "PERSID"),
        (b"(S'ls'\nios\nsystem\n.", "INST"),
        (b"\x80\x05\x97.", "NEXT_BUFFER"),
    ],
)
def test_other_instructions_are_refused_by_name(tmp_path, data, instruction):
    with pytest.raises(DataError, match=f"the instruction {instruction}, which is refused"):
        load(tmp_path, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02.",
        b"\x80\x02}q",
        b"\x80\x02h\x07.",  # recalls what was not remembered
        b"\x80\x02]t.",  # a tuple without a mark
        b"\x80\x02K\x01K\x02a.",  # a number is appended to
        b"\x80\x02}(K\x01u.",  # a key without a value
        b"\x80\x02})K\x01s.".replace(b")K\x01", b"]K\x01"),  # a list as a key
        b"\x80\x02K\x01)R.",  # a number is called
        b"\x80\x02cnumpy\nndarray\n)R.",  # an array class is called
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\n\x85R.",  # an array of another class
        b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00f4\x85RK\x01b.",  # a state that is no tuple
        b"\x80\x02]K\x01b.",  # a list has a state
        b"\x80\x04\x8c\x05numpyK\x01\x93.",  # a function whose name is a number
    ],
)
def test_damage_is_refused(tmp_path, data):
    with pytest.raises(DataError, match=r"file\.pkl should be a pickle, but it is cut off or damaged"):
        load(tmp_path, data)


def test_every_cut_is_refused(tmp_path):
    data = pickle.dumps({"annotations": [{"keypoint": np.zeros((1, 2))}]}, 4)
    for end in range(len(data)):
        with pytest.raises(DataError):
            load(tmp_path, data[:end])


def test_sizes_that_are_claimed_but_not_there_are_refused(tmp_path):
    array = pickle.dumps(np.zeros((2, 3)), 2)
    for shape in (b"K\x02J\xff\xff\xff\x7f", b"J\xff\xff\xff\xffK\x03"):
        assert b"K\x02K\x03" in array
        with pytest.raises(DataError, match="damaged"):
            load(tmp_path, array.replace(b"K\x02K\x03", shape))
    huge = (2**44).to_bytes(8, "little")
    for instruction in (b"\x8e", b"\x96", b"\x8d", b"\x95"):  # bytes, bytearray, text, frame
        with pytest.raises(DataError, match="damaged"):
            load(tmp_path, b"\x80\x05" + instruction + huge + b"a.")


def test_impossible_characters_are_refused(tmp_path):
    data = pickle.dumps(np.str_("abc"), 4)
    assert load(tmp_path, data) == "abc"
    with pytest.raises(DataError, match="damaged"):
        load(tmp_path, data.replace("b".encode("utf-32-le"), b"\x00\x00\x12\x00"))


def test_a_large_memo_index_costs_nothing(tmp_path):
    assert load(tmp_path, b"\x80\x02Nr\xff\xff\xff\xff.") is None


def test_a_key_that_takes_hours_to_hash_is_refused(tmp_path):
    doubled = b")" + b"q\x00h\x00\x86" * 100  # a pair of pairs of pairs, each of the same two
    data = b"\x80\x02}" + doubled + b"K\x01s."
    with pytest.raises(DataError, match="a dict has no valid keys"):
        load(tmp_path, data)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="none"):
        read_plain_pickle(tmp_path / "none")
