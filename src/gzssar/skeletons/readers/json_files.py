"""JSON from strangers: bounded in size and depth, and truth values are no numbers."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.readers.arrays import check_size, read_bytes

_LARGEST = 64 * 2**20  # bytes of a file that is one clip; those of the data sets have a few megabytes at most
_LARGEST_LIST = 256 * 2**20  # bytes of a file of many clips, of which one item at a time is taken up
_LEAST_PER_BRACKET, _LEAST_PER_BRACE = 8, 16  # bytes; an empty list takes 64 in memory, an object with one key 190
_MOST_NUMBERS = 10_000  # of an item: somebody in one frame has a few hundred
_LONGEST_ITEM = 2**16  # characters of an item of a list
_BLOCK = 2**20
_BLANK = re.compile(r"[ \t\r\n]+")


def read_json(path: Path, pack: Callable[[dict[str, Any]], Any] | None = None, largest: int = _LARGEST) -> Any:
    """Read a whole file. As Python's objects, its content may take thirteen times the file's size.

    Args:
        path: the file.
        largest: the most bytes it may have.
        pack: puts something smaller in the place of an object, as soon as it is read.

    Raises:
        DataError: it cannot be read, is too large, too deep or no JSON.
    """
    data = _read(path, largest)
    try:
        text = data.decode(json.detect_encoding(data), "surrogatepass")
        del data
        return json.loads(text.removeprefix("\ufeff"), object_hook=pack)
    except (ValueError, RecursionError, MemoryError) as error:
        raise _damaged(path, error) from error


def read_json_lines(path: Path, pack: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """Read a whole file of one value, or of several one after another (JSON Lines), which become a list.

    Args:
        path: the file.
        pack: puts something smaller in the place of an object, as soon as it is read.

    Raises:
        DataError: it cannot be read, is too large, too deep or no JSON.
    """
    data = _read(path, _LARGEST)
    try:
        text = data.decode(json.detect_encoding(data), "surrogatepass").removeprefix("\ufeff")
        del data
        values: list[Any] = []
        decoder, at = json.JSONDecoder(object_hook=pack), _skip(text, 0)
        while at < len(text) or not values:
            value, at = decoder.raw_decode(text, at)
            values.append(value)
            at = _skip(text, at)
        return values if len(values) > 1 else values[0]
    except (ValueError, RecursionError, MemoryError) as error:
        raise _damaged(path, error) from error


def read_json_items(path: Path) -> Iterator[Any]:
    """Read a file that is one list, item by item; memory holds about one at a time.

    Raises:
        DataError: it cannot be read, is too large, too deep or no list in JSON, or an item is too long.
    """
    check_size(path, _LARGEST_LIST)
    try:
        with path.open(encoding="utf-8-sig") as file:
            window = _Window(file)
            mark, expected = window.take(), "["
            while mark == expected:
                if window.look() == "]":
                    return
                yield window.item()
                if window.look() == "]":
                    return
                mark, expected = window.take(), ","
        raise ValueError(f"{expected!r} should stand in the place of {mark!r}")
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise _damaged(path, error) from error


class _Window:
    """The part of a text that is being read."""

    def __init__(self, file: TextIO) -> None:
        self._file, self._text, self._at = file, "", 0
        self._decoder = json.JSONDecoder()

    def look(self) -> str:
        """The next character that is no blank; empty at the end."""
        while self._fill() and (blank := _BLANK.match(self._text, self._at)):
            self._at = blank.end()
        return self._text[self._at : self._at + 1]

    def take(self) -> str:
        """The same, and go on behind it."""
        character = self.look()
        self._at += len(character)
        return character

    def item(self) -> Any:
        """The next value."""
        self.look()
        item, end = self._decoder.raw_decode(self._text, self._at)
        if end - self._at > _LONGEST_ITEM:
            raise ValueError(f"an item has more than {_LONGEST_ITEM} characters")
        self._at = end
        return item

    def _fill(self) -> bool:
        """See that the longest item is in the window; whether there is anything."""
        if len(self._text) - self._at <= _LONGEST_ITEM and (block := self._file.read(_BLOCK)):
            self._text, self._at = self._text[self._at :] + block, 0
        return self._at < len(self._text)


def number_array(value: Any) -> Float[np.ndarray, "..."] | None:
    """Nested lists of numbers as an array; None where they are long, ragged or hold anything but numbers."""
    if not isinstance(value, list) or len(value) > _MOST_NUMBERS:
        return None
    try:
        array = np.array(value, dtype=object)
        plain = {type(number) for number in array.ravel().tolist()} <= {int, float}
        return array.astype(np.float64) if plain else None
    except (ValueError, OverflowError, MemoryError):
        return None


def _read(path: Path, limit: int) -> bytes:
    data = read_bytes(path, limit)
    if data.count(b"[") * _LEAST_PER_BRACKET + data.count(b"{") * _LEAST_PER_BRACE > len(data) + 1000:
        raise _damaged(path, "it has hardly anything but brackets")
    return data


def _damaged(path: Path, why: object) -> DataError:
    return DataError(f"{path} should be JSON, but it is cut off or damaged ({str(why)[:120]}): fetch it again.")


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at
