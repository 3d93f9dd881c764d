import io
import struct

import numpy as np
import pytest
import scipy.io
from reader_files import mat_bytes, walk

from gzssar.errors import DataError
from gzssar.skeletons.readers.mat5 import read_variable

MEGABYTE = 2**20


def read(data, name="d_skel", largest=MEGABYTE):
    return read_variable(data, name, largest, "file.mat")


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_reads_what_scipy_writes(compressed, dtype):
    array = (walk(4, 5) % 90).astype(dtype)
    buffer = io.BytesIO()
    others = {"first": np.eye(2), "text": "abc", "cell": np.array([1, "b"], dtype=object)}
    scipy.io.savemat(buffer, others | {"d_skel": array}, do_compression=compressed)
    np.testing.assert_array_equal(read(buffer.getvalue()), array)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compressed", [False, True])
def test_reads_both_byte_orders(order, compressed):
    np.testing.assert_array_equal(read(mat_bytes(walk(2, 3), order=order, compressed=compressed)), walk(2, 3))


def test_whole_numbers_may_be_stored_small():
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"d_skel": np.array([[3]], dtype=np.uint8)})  # four bytes or fewer: the short form
    assert read(buffer.getvalue()).tolist() == [[3]]


def test_another_variable_is_named():
    with pytest.raises(DataError, match=r"file\.mat should hold a variable 'd_skel', but it holds \['d_iner'\]"):
        read(mat_bytes(walk(2, 3), name="d_iner"))


@pytest.mark.parametrize("value", ["text", 1 + 2j, np.array([1, "b"], dtype=object), scipy.sparse.eye(3)])
def test_what_is_no_array_of_real_numbers_is_refused(value):
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"d_skel": value})
    with pytest.raises(DataError, match="d_skel is no array of real numbers"):
        read(buffer.getvalue())


def test_other_versions_are_refused():
    newer = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400)
    for data in (newer, b"", b"MATLAB 5.0"):
        with pytest.raises(DataError, match="version 5 to 7, but it is not: save it with '-v7'"):
            read(data)


def test_a_shape_that_is_claimed_but_not_there_is_refused():
    data = mat_bytes(walk(2, 3))
    shape = struct.pack("<3i", 2, 3, 3)
    for claimed in ((2**31 - 1, 3, 3), (-2, 3, 3), (2, 3, 4)):
        with pytest.raises(DataError, match="d_skel has other numbers than its shape"):
            read(data.replace(shape, struct.pack("<3i", *claimed)))


def test_a_length_that_is_claimed_but_not_there_is_refused():
    data = mat_bytes(walk(2, 3))
    with pytest.raises(DataError, match=r"file\.mat .* is damaged \(an element is cut off\)"):
        read(data[:132] + struct.pack("<I", 2**31) + data[136:])
    for end in (130, 140, 180, len(data) - 1):
        with pytest.raises(DataError, match=r"file\.mat .* is damaged"):
            read(data[:end])


def test_a_bomb_is_refused():
    data = mat_bytes(np.random.default_rng(0).normal(size=(500, 500)), compressed=True)
    assert read(data, largest=2_000_200).shape == (500, 500)
    with pytest.raises(DataError, match="a variable unpacks to more than 2000000 bytes"):
        read(data, largest=2_000_000)
    zeros = mat_bytes(np.zeros((500, 500)), compressed=True)
    with pytest.raises(DataError, match=r"a variable unpacks to more than 1\d{6} bytes"):
        read(zeros, largest=2_000_200)


def test_variables_that_are_not_wanted_are_not_unpacked():
    others = mat_bytes(np.zeros((500, 500)), name="other", compressed=True)
    wanted = mat_bytes(np.ones((2, 2)), compressed=True)
    data = others + others[128:] * 5 + wanted[128:]
    assert read(data, largest=1000).tolist() == [[1, 1], [1, 1]]
    with pytest.raises(DataError, match=r"should hold a variable 'd_skel', but it holds \['other', 'other'\]"):
        read(others + others[128:], largest=1000)
