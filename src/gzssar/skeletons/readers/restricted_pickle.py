"""Pickles from strangers: numpy arrays and plain containers, everything else is refused by name.

A pickle is a program for a small stack machine. This module decodes it with the standard library's `pickletools` and
runs the few instructions that build numbers, texts, lists, tuples, dicts and arrays of numbers. It does not subclass
`pickle.Unpickler`, because overriding `find_class` leaves doors open: a file of nine bytes with a large memo index
makes it fill gigabytes, a nested tuple as a key keeps it hashing for hours, and numpy's own unpickling functions would
have to be handed to the file. Here arrays are built from checked bytes, so a size that is claimed but not there costs
nothing.
"""

import gzip
import io
import math
import pickletools
import re
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

import numpy as np

from gzssar.errors import DataError

_TYPE_NAME = re.compile(r"[iu][1248]|f[248]|b1|[SU]\d{1,4}")  # numpy's short names of numbers, truth values, texts
_KEYS = (str, int, float, bytes, type(None))  # keys that are hashed in no time
_LONGEST_AXIS = 2**40
_MOST_AXES = 32
GZIP = b"\x1f\x8b"
"""How files begin that are packed with gzip."""
_GZIP_FORMAT = 31  # for zlib: a header and a checksum as gzip has them
_HIGHEST_RATIO = 20  # of unpacked to packed size; honest files of numbers stay under 10
_MOST_TAKEN, _TIMES_TAKEN = 14 * 2**20, 2
"""What Python's objects may take, in bytes and in times the size of the file: those of NTU's labels take as much."""
_DAMAGE = (
    *(ValueError, LookupError, TypeError, ArithmeticError, OSError, MemoryError),
    *(EOFError, zlib.error),  # of packed files
)


def read_plain_pickle(path: Path) -> Any:
    """Read the object in a pickle of any protocol, packed with gzip or not.

    Returns:
        None, truth values, numbers, texts, bytes, lists, tuples, dicts, and :class:`PickledArray` for numpy arrays.

    Raises:
        DataError: the file is cut off or damaged, or holds anything else; the message names it.
    """
    machine, taken = _Machine(), 0
    try:
        most = _MOST_TAKEN + _TIMES_TAKEN * path.stat().st_size
        with _opened(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd escapes in the names of protocol 0, which are refused anyway
            # genops asks `tell` before every instruction if there is one: without it, reading takes half the time.
            bare = cast(IO[bytes], SimpleNamespace(read=file.read, readline=file.readline))
            for instruction, argument, _ in pickletools.genops(bare):
                if instruction.name not in _INSTRUCTIONS:
                    raise _Refused(f"the instruction {instruction.name}")
                _INSTRUCTIONS[instruction.name](machine, argument)
                if (taken := taken + _TAKEN.get(instruction.name, 0)) > most:
                    raise DataError(
                        f"{path} should hold numpy arrays, but it holds almost only empty containers and "
                        "single numbers, which take many times its size in memory: convert it."
                    )
        return machine.stack.pop()
    except DataError:
        raise
    except _Refused as refused:
        raise DataError(
            f"{path} should hold numpy arrays of numbers and plain containers only, but it holds {refused}, which is "
            "refused because a pickle can run code: convert the file where you trust it."
        ) from None
    except _DAMAGE as error:
        raise DataError(
            f"{path} should be a pickle, but it is cut off or damaged ({str(error)[:120]}): fetch it again."
        ) from error


def pickle_start(start: bytes) -> bytes:
    """The first bytes of a pickle, unpacked where it is packed with gzip."""
    if not start.startswith(GZIP):
        return start
    try:
        return zlib.decompressobj(_GZIP_FORMAT).decompress(start, len(start))
    except zlib.error:
        return b""


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        packed = file.read(len(GZIP)) == GZIP
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield cast(IO[bytes], _Bounded(unpacked, path.stat().st_size * _HIGHEST_RATIO))


class _Bounded:
    """A packed file of which no more than `left` bytes are unpacked."""

    def __init__(self, file: gzip.GzipFile, left: int) -> None:
        self._file, self._left = io.BufferedReader(file), left

    def read(self, size: int) -> bytes:
        return self._counted(self._file.read(min(size, self._left + 1)))

    def readline(self) -> bytes:
        return self._counted(self._file.readline(self._left + 1))

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"it unpacks to more than {_HIGHEST_RATIO} times its size")
        return data


class PickledArray:
    """An array in a pickle: named first, filled later, as the format has it."""

    array: np.ndarray | None = None

    def fill(self, shape: Any, dtype: Any, column_major: Any, data: Any) -> None:
        """Build the array from raw bytes.

        Raises:
            ValueError: the bytes are not as many as the shape needs, or the array was filled before.
        """
        if isinstance(data, str):  # bytes, written by Python 2
            data = data.encode("latin-1")
        if self.array is not None or not isinstance(dtype, _Type) or not isinstance(data, bytes | bytearray):
            raise ValueError("an array is not described as numpy describes it")
        if len(shape) > _MOST_AXES or not all(type(axis) is int and 0 <= axis < _LONGEST_AXIS for axis in shape):
            raise ValueError("an array has no valid shape")
        if math.prod(shape) * dtype.numpy.itemsize != len(data):
            raise ValueError(f"an array claims {math.prod(shape)} values, but {len(data)} bytes are there")
        self.array = np.ndarray(tuple(shape), dtype.numpy, buffer=data, order="F" if column_major else "C")
        self.array.flags.writeable = False  # clips are made of copies, also where the pickle holds a bytearray


class _Refused(Exception):
    """Well formed, but not admitted; the text names it."""


@dataclass
class _Type:
    """A numpy type: its short name, and its byte order once that is read."""

    name: str
    order: str = "<"

    @property
    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.name)

    def fill(self, order: Any, *parts: Any) -> None:
        """Take the byte order; a type with sub-arrays or fields is damaged, as its name tells nothing of them."""
        if order not in ("<", ">", "=", "|") or parts[:3] != (None, None, None):
            raise ValueError(f"the numpy type {self.name} has parts")
        self.order = order


def _array_class(*_: Any) -> None:
    raise ValueError("numpy.ndarray is called, which numpy's pickles never do")


def _reconstruct(array_class: Any, *_: Any) -> PickledArray:
    if array_class is not _array_class:
        raise ValueError("an array is of another class than numpy.ndarray")
    return PickledArray()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any, axes: Any = None) -> PickledArray:
    if order not in ("C", "F") or axes is not None:
        raise ValueError("an array has its axes in an unusual order")
    array = PickledArray()
    array.fill(shape, dtype, order == "F", data)
    return array


def _scalar(dtype: Any, data: Any) -> Any:
    single = PickledArray()
    single.fill((), dtype, False, data)
    if dtype.name.startswith("U"):  # numpy would pass on impossible characters, on which Python stumbles later
        return data.decode("utf-32-be" if dtype.order == ">" else "utf-32-le").rstrip("\0")
    return None if single.array is None else single.array.item()


def _type(name: Any, *_: Any) -> _Type:
    if not isinstance(name, str):
        raise ValueError("a numpy type has no name")
    if not _TYPE_NAME.fullmatch(name):
        raise _Refused(f"a numpy array of type {name[:20]!r}")
    return _Type(name)


def _bytes(text: Any = "", encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ValueError("bytes are written in an unusual way")
    return text.encode("latin-1")


_ADMITTED: dict[str, Callable[..., Any]] = {
    "numpy ndarray": _array_class,
    "numpy dtype": _type,
    "_codecs encode": _bytes,  # bytes, in protocols 0 to 2
    "builtins bytes": _bytes,
    "__builtin__ bytes": _bytes,
    **{
        f"{package}.{name}": call
        for package in ("numpy.core", "numpy._core")  # numpy 1 and 2
        for name, call in (
            ("multiarray _reconstruct", _reconstruct),
            ("multiarray scalar", _scalar),
            ("numeric _frombuffer", _from_buffer),
        )
    },
}
"""What a pickle may call; it can do nothing but build a value from its arguments."""


class _Machine:
    """The stack machine that `pickletools` documents, with the admitted instructions."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def pop(self, count: int) -> list[Any]:
        """Take `count` values off the stack."""
        return self.cut(len(self.stack) - count)

    def pop_to_mark(self) -> list[Any]:
        """Take the values off the stack that were put there since the last mark."""
        return self.cut(self.marks.pop())

    def cut(self, at: int) -> list[Any]:
        if not 0 <= at <= len(self.stack):
            raise ValueError("its stack runs empty")
        values = self.stack[at:]
        del self.stack[at:]
        return values

    def extend(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError("something else than a list is extended")
        self.stack[-1].extend(values)

    def set_items(self, values: list[Any]) -> None:
        keys = values[::2]
        if type(self.stack[-1]) is not dict or len(values) % 2 or not all(isinstance(key, _KEYS) for key in keys):
            raise ValueError("a dict has no valid keys")
        self.stack[-1].update(zip(keys, values[1::2], strict=True))

    def make_dict(self) -> None:
        values = self.pop_to_mark()
        self.stack.append({})
        self.set_items(values)

    def find(self, name: str) -> None:
        if name not in _ADMITTED:
            raise _Refused(f"the name {name.replace(' ', '.')[:100]}")
        self.stack.append(_ADMITTED[name])

    def find_on_stack(self) -> None:
        module, name = self.pop(2)
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("a function has no name")
        self.find(f"{module} {name}")

    def call(self) -> None:
        function, arguments = self.pop(2)
        if function not in _ADMITTED.values() or not isinstance(arguments, tuple):
            raise ValueError("something else than a function is called")
        self.stack.append(function(*arguments))

    def build(self) -> None:
        (state,) = self.pop(1)
        if not isinstance(self.stack[-1], PickledArray | _Type) or not isinstance(state, tuple):
            raise ValueError("something else than an array has a state")
        self.stack[-1].fill(*state[1:])  # the first value is numpy's version of the format


def _remember(machine: _Machine, index: Any) -> None:
    machine.memo[len(machine.memo) if index is None else index] = machine.stack[-1]


_VALUES = (
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
)
_INSTRUCTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda machine, _: None),
    **dict.fromkeys(_VALUES, lambda machine, value: machine.stack.append(value)),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _remember),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, index: machine.stack.append(machine.memo[index])),
    "NONE": lambda machine, _: machine.stack.append(None),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "LIST": lambda machine, _: machine.stack.append(machine.pop_to_mark()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.stack.append(tuple(machine.pop(1))),
    "TUPLE2": lambda machine, _: machine.stack.append(tuple(machine.pop(2))),
    "TUPLE3": lambda machine, _: machine.stack.append(tuple(machine.pop(3))),
    "DICT": lambda machine, _: machine.make_dict(),
    "APPEND": lambda machine, _: machine.extend(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "GLOBAL": lambda machine, name: machine.find(name),
    "STACK_GLOBAL": lambda machine, _: machine.find_on_stack(),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
}
_TAKEN = {
    **dict.fromkeys(_VALUES, 40),
    **dict.fromkeys(("EMPTY_LIST", "EMPTY_DICT", "LIST", "DICT"), 72),
    **dict.fromkeys(("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "MARK"), 56),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "REDUCE"), 100),
    **dict.fromkeys(("NONE", "NEWTRUE", "NEWFALSE", "EMPTY_TUPLE", "GET", "BINGET", "LONG_BINGET"), 8),
}
"""Bytes of memory that what an instruction makes takes, beside what stands in the file."""
