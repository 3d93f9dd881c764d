"""One array out of a MATLAB file (level 5, "-v6" and "-v7"), without SciPy.

Why not scipy.io.loadmat: on files with a few flipped bytes it ends the whole process with a segmentation fault (seen
with SciPy 1.17.1), and it unpacks whatever size a file claims. Source of the format: MathWorks, "MAT-File Format",
chapter "Level 5 MAT-File Format".
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gzssar.errors import DataError

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC_CLASSES = range(6, 16)  # double, single and the integers; the others are cells, structs, text, sparse
_COMPLEX = 0x0800
_MOST_AXES = 32
_LONGEST_HEAD = 1024  # bytes of a variable before its numbers: flags, shape and name
_ANY_SIZE = 2**20  # bytes that any variable may unpack to
_HIGHEST_RATIO = 50  # times its size that a larger one may; honest ones stay under 10


@dataclass(frozen=True)
class _Element:
    kind: int
    data: memoryview


def read_variable(data: bytes | memoryview, name: str, largest: int, where: str) -> np.ndarray:
    """Read one array of real numbers.

    Args:
        data: the whole file.
        name: the variable.
        largest: the most bytes that one variable may unpack to.
        where: the file, for the error's sentence.

    Raises:
        DataError: the file is cut off or damaged, has no variable of that name, or it is no array of real numbers.
    """
    order = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}.get(bytes(data[124:_HEADER]))
    if order is None:
        raise DataError(f"{where} should be a MATLAB file of version 5 to 7, but it is not: save it with '-v7'.")
    others = []
    try:
        for element in _elements(memoryview(data)[_HEADER:], order):
            if (found := _name(element, order)) == name:
                return _matrix(_unpacked(element, order, largest), order, name)
            others.append(found)
    except (ValueError, struct.error, zlib.error, OverflowError, MemoryError) as error:
        raise DataError(f"{where} should be a MATLAB file, but it is damaged ({error}): fetch it again.") from error
    raise DataError(f"{where} should hold a variable {name!r}, but it holds {others[:5] or 'none'}.")


def _elements(data: memoryview, order: str) -> Iterator[_Element]:
    """Walk over the data elements that follow one another; each starts with its kind and length."""
    at = 0
    while at < len(data):
        (kind,) = struct.unpack_from(order + "I", data, at)
        if kind >> 16:  # the short form: length, kind and up to four bytes of data in eight bytes
            kind, length, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            (length,) = struct.unpack_from(order + "I", data, at + 4)
            start = at + 8
            end = start + (length if kind == _COMPRESSED else -(-length // 8) * 8)
        if start + length > len(data) or (start == at + 4 and length > 4):
            raise ValueError("an element is cut off")
        yield _Element(kind, data[start : start + length])
        at = end


def _name(element: _Element, order: str) -> str:
    """The name of a variable, of which no more than the beginning is unpacked."""
    if element.kind == _COMPRESSED:
        start = memoryview(zlib.decompressobj().decompress(element.data, _LONGEST_HEAD))
        kind, data = struct.unpack_from(order + "I", start)[0], start[8:]
    else:
        kind, data = element.kind, element.data
    if kind != _MATRIX:
        raise ValueError(f"an element of kind {kind} stands where a variable should")
    _, _, name = _head(data, order)
    return bytes(name.data).decode("ascii", "replace")[:64]


def _head(data: memoryview, order: str) -> list[_Element]:
    """Flags, shape and name, which every variable begins with."""
    head = list(islice(_elements(data, order), 3))
    return head + [_Element(0, data[:0])] * (3 - len(head))


def _unpacked(element: _Element, order: str, largest: int) -> _Element:
    if element.kind != _COMPRESSED:
        return element
    largest = min(largest, _ANY_SIZE + _HIGHEST_RATIO * len(element.data))
    unpacked = zlib.decompressobj().decompress(element.data, largest + 1)
    if len(unpacked) > largest:
        raise ValueError(f"a variable unpacks to more than {largest} bytes")
    return next(_elements(memoryview(unpacked), order), _Element(0, element.data))


def _matrix(element: _Element, order: str, name: str) -> np.ndarray:
    """The numbers of a variable."""
    flags, shape, _ = _head(element.data, order)
    numbers = next(islice(_elements(element.data, order), 3, None), None)
    (bits, _) = struct.unpack(order + "II", flags.data)
    if bits & 0xFF not in _NUMERIC_CLASSES or bits & _COMPLEX:
        raise ValueError(f"{name} is no array of real numbers")
    if numbers is None or numbers.kind not in _NUMBERS:
        raise ValueError(f"{name} has no numbers")
    dtype = np.dtype(order + _NUMBERS[numbers.kind])
    sizes = struct.unpack(f"{order}{min(len(shape.data) // 4, _MOST_AXES)}i", shape.data)
    if min(sizes, default=-1) < 0 or math.prod(sizes) * dtype.itemsize != len(numbers.data):
        raise ValueError(f"{name} has other numbers than its shape {sizes[:6]} needs")
    return np.ndarray(sizes, dtype, buffer=numbers.data, order="F")
