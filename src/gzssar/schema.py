"""What a file from strangers should hold, said by types: parsed, or refused in a sentence that names file and field.

A schema is a dataclass, whose fields may be text, whole numbers, finite numbers, booleans, literals, tuples of any
length, dictionaries, other dataclasses, TypedDicts, and each of these or None. ``Annotated`` adds what a type cannot
say::

    @dataclass(frozen=True)
    class Gate:
        scale: Annotated[tuple[Annotated[float, Within(1e-12, 1e9)], ...], Count(2)]

    gate = parse(Gate, json.loads(text), "config.json: gate")

Further keys are ignored in a dataclass, and kept in a TypedDict.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Protocol, TypeVar, Union, cast, get_args, get_origin, is_typeddict

import numpy as np

from gzssar.errors import ConfigError, DataError
from gzssar.printable import is_obeyed

T = TypeVar("T")

MOST = 1e9
"""No number of an array is larger: their squares are finite in float32."""

_DEEPEST = 30
"""Levels of lists and mappings within each other."""
_LONGEST_SHOWN = 60


class Check(Protocol):
    """What stands in ``Annotated`` behind a type."""

    def holds(self, value: Any) -> bool:
        """Whether a value of that type is right."""

    @property
    def wanted(self) -> str:
        """What it should be, as part of a sentence."""


@dataclass(frozen=True)
class Within:
    """A number of a range, its ends included."""

    low: int | float
    high: int | float
    or_zero: bool = False
    """Whether 0 will do, too."""

    def holds(self, value: int | float) -> bool:
        """Whether it is in the range."""
        return self.low <= value <= self.high or (self.or_zero and value == 0)

    @property
    def wanted(self) -> str:
        """The range."""
        return f"from {self.low:g} to {self.high:g}{', or 0' * self.or_zero}"


@dataclass(frozen=True)
class Count:
    """So many entries, or from so many to so many."""

    least: int
    most: int | None = None

    def holds(self, value: Sequence[object]) -> bool:
        """Whether there are as many."""
        return self.least <= len(value) <= (self.least if self.most is None else self.most)

    @property
    def wanted(self) -> str:
        """How many."""
        return f"{self.least} entries" if self.most is None else f"{self.least} to {self.most} entries"


@dataclass(frozen=True)
class Distinct:
    """No entry comes twice."""

    wanted: str = "entries that differ"

    def holds(self, value: Sequence[object]) -> bool:
        """Whether all differ."""
        return len(set(value)) == len(value)


@dataclass(frozen=True)
class Name:
    """Text in one line that can be read."""

    wanted: str = "text that can be read, without control characters"

    def holds(self, value: str) -> bool:
        """Whether there is some, without characters that cannot be seen."""
        return bool(value.strip()) and not any(map(is_obeyed, value))


@dataclass(frozen=True)
class Digits:
    """A whole number as text."""

    most: int

    @property
    def wanted(self) -> str:
        """How many digits."""
        return f"a whole number of at most {self.most} digits"

    def holds(self, value: str) -> bool:
        """Whether it has at most so many digits and nothing else."""
        return value.isascii() and value.isdigit() and len(value) <= self.most


def parse(kind: type[T], value: object, where: str) -> T:
    """Parse what JSON gave, or refuse it.

    Args:
        kind: the schema.
        value: what came.
        where: file and field, as in "model/config.json: gate".

    Raises:
        DataError: it is something else.
    """
    return cast(T, _parse(kind, value, where))


def read_json(content: bytes | str, where: str) -> Any:
    """What JSON holds.

    Args:
        content: in UTF-8.
        where: it comes from.

    Raises:
        DataError: it is none, or its lists and mappings lie too deep within each other.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} should be JSON, but it is cut off or not JSON ({error}).") from error


def check_arrays(path: Path, arrays: Mapping[str, np.ndarray], axes: Mapping[str, str], sizes: dict[str, int]) -> None:
    """See that the arrays of a file are those that it should hold, of finite floats and of shapes that agree.

    Args:
        path: the file.
        arrays: what it holds.
        axes: the names of each array's axes, parted by blanks; equal ones are equally long.
        sizes: how long those are that are known; what the arrays tell is added.

    Raises:
        DataError: one is missing or unknown, or of another type or shape, or not finite.
    """
    if absent := sorted(axes.keys() - arrays.keys()):
        raise DataError(f"{path} should hold the array {absent[0]!r}, but it does not.")
    if strange := sorted(arrays.keys() - axes.keys()):
        raise DataError(f"{path} should hold no other arrays, but it holds {_shown(strange[0])} too.")
    for name in axes:
        array, letters = arrays[name], axes[name].split()
        if array.dtype not in (np.float32, np.float64):
            raise DataError(f"{path}: {name} should hold floats, but its type is {array.dtype}.")
        wanted = [sizes.setdefault(letter, size) for letter, size in zip(letters, array.shape, strict=False)]
        if array.ndim != len(letters) or list(array.shape) != wanted:
            of = ", ".join(f"{letter} = {sizes[letter]}" for letter in letters if letter in sizes)
            raise DataError(
                f"{path}: {name} should be of shape ({', '.join(letters)}) with {of}, but its shape is {array.shape}."
            )
        if not array.size or not (np.abs(array) <= MOST).all():
            raise DataError(f"{path}: {name} should hold finite numbers up to {MOST:g}, but it does not.")


def _parse(kind: Any, value: object, where: str) -> object:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        parsed = _parse(arguments[0], value, where)
        for check in cast(tuple[Check, ...], arguments[1:]):
            if not check.holds(parsed):
                raise _refusal(where, check.wanted, value)
        return parsed
    if origin in (Union, UnionType):
        (inner,) = (one for one in arguments if one is not NoneType)
        return None if value is None else _parse(inner, value, where)
    if origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            raise _refusal(where, "one of " + ", ".join(arguments), value)
        return value
    if origin is tuple:
        return tuple(_parse(arguments[0], one, f"{where}[{k}]") for k, one in enumerate(_list(value, where)))
    if origin is dict:
        return {_text(key, where): _parse(arguments[1], one, f"{where}.{key}") for key, one in _items(value, where)}
    if is_dataclass(kind):
        return _record(kind, value, where)
    if is_typeddict(kind):
        return _typed_dict(kind, value, where)
    return _PLAIN[kind](value, where)


def _record(kind: Any, value: object, where: str) -> object:
    """A dataclass; fields that may be absent have a default."""
    given, told = dict(_items(value, where)), {}
    for one in fields(kind):
        if one.name in given:
            told[one.name] = _parse(one.type, given[one.name], _within(where, one.name))
        elif one.default is MISSING:
            raise DataError(f"{where} should hold {one.name}, but it does not.")
    try:
        return kind(**told)
    except ConfigError as error:
        raise DataError(f"{where} should hold choices that match, but they do not: {error}") from error


def _typed_dict(kind: Any, value: object, where: str) -> object:
    """A mapping, whose further keys hold what they like."""
    types: Mapping[str, Any] = kind.__annotations__
    told = {
        _text(key, where): _parse(types.get(key, Any), one, _within(where, key)) for key, one in _items(value, where)
    }
    if absent := sorted(kind.__required_keys__ - told.keys()):
        raise DataError(f"{where} should hold {absent[0]}, but it does not.")
    return told


def _within(where: str, name: str) -> str:
    return f"{where}.{name}" if ": " in where else f"{where}: {name}"


def _items(value: object, where: str) -> Sequence[tuple[str, object]]:
    if not isinstance(value, dict):
        raise _refusal(where, "a mapping", value)
    return list(value.items())


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise _refusal(where, "a list", value)
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _refusal(where, "text", value)
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _refusal(where, "text in Unicode", value)
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _refusal(where, "true or false", value)
    return value


def _whole(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 10**18:
        raise _refusal(where, "a whole number of at most 18 digits", value)
    return value


def _number(value: object, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < math.inf:
        raise _refusal(where, "a finite number", value)
    try:
        return float(value)
    except OverflowError:
        raise _refusal(where, "a finite number", value) from None


def _anything(value: object, where: str, depth: int = 0) -> object:
    """Any JSON, as long as it can be written again."""
    if depth > _DEEPEST:
        raise DataError(f"{where} should hold at most {_DEEPEST} levels of lists and mappings, but it holds more.")
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, list):
        return [_anything(one, where, depth + 1) for one in value]
    if isinstance(value, dict):
        return {_text(key, where): _anything(one, where, depth + 1) for key, one in value.items()}
    return value


_PLAIN = {str: _text, bool: _flag, int: _whole, float: _number, Any: _anything}


def _refusal(where: str, wanted: str, value: object) -> DataError:
    return DataError(f"{where} should be {wanted}, but it is {_shown(value)}.")


def _shown(value: object) -> str:
    """A value in a few characters."""
    if isinstance(value, list | dict):
        return f"a {'list' if isinstance(value, list) else 'mapping'} of {len(value)}"
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a number of more than 18 digits"
    told = ascii(value)
    return told if len(told) <= _LONGEST_SHOWN else told[:_LONGEST_SHOWN] + "…"
