"""JSON from strangers: bounded in size and depth, read item by item, and truth values are no numbers."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.readers.arrays import check_size

_LARGEST = 64 * 2**20  # bytes of a file that is one clip; those of the data sets have a few megabytes at most
_MOST_NUMBERS = 10_000  # of an item: somebody in one frame has a few hundred
_LONGEST_ITEM = 2**18  # characters; a frame with face and hands, nicely indented, has half as many
_MOST_MEMBERS = 2**16  # of an object: half an hour of frames, each under its number
_BLOCK = 2**20
_BLANK = re.compile(r"[ \t\r\n]+")

Pack = Callable[[dict[str, Any]], Any]
"""Puts something smaller in the place of an object, as soon as it is read."""


class JsonItem(NamedTuple):
    """A part of a file: memory holds one at a time."""

    key: str | None
    """The member of the outermost object that it belongs to; None where the outermost value is no object."""

    value: Any
    """One item of a list; or the whole member, where that is no list or an empty one."""

    number: int | None
    """Which item of its list it is, from 0 on; None where the value is whole."""


def read_json_items(
    path: Path, largest: int = _LARGEST, pack: Pack | None = None, lines: bool = False
) -> Iterator[JsonItem]:
    """Read a file whose outermost value is a list or an object: the items of the list, or those of the lists in it.

    Args:
        path: the file.
        largest: the most bytes it may have.
        pack: what becomes of objects within items.
        lines: whether it may also hold several values one after another (JSON Lines), which are taken for a list.

    Raises:
        DataError: it cannot be read, is too large, too deep or no JSON, or an item is too long.
    """
    check_size(path, largest)
    try:
        with path.open("rb") as start:
            encoding = json.detect_encoding(start.read(4))
        with path.open(encoding=encoding, errors="surrogatepass") as file:
            yield from _items(_Window(file, json.JSONDecoder(object_hook=pack)), lines)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(
            f"{path} should be JSON, but it is cut off or damaged ({str(error)[:120]}): fetch it again."
        ) from error


def _items(window: "_Window", lines: bool) -> Iterator[JsonItem]:
    if window.is_short():
        first = window.item()
        if lines and window.look():
            yield JsonItem(None, first, 0)
            for index in itertools.takewhile(lambda _: window.look(), itertools.count(1)):
                yield JsonItem(None, window.item(), index)
        else:
            yield from _parts(first)
    elif window.look() == "[":
        yield from _list(window, None)
    else:
        yield from _object(window)
    if window.look():
        raise ValueError("more follows after its end")


def _parts(value: Any) -> Iterator[JsonItem]:
    """The items of a value that is in memory."""
    for key, member in value.items() if isinstance(value, dict) else [(None, value)]:
        if isinstance(member, list) and member:
            yield from (JsonItem(key, item, index) for index, item in enumerate(member))
        else:
            yield JsonItem(key, member, None)


def _object(window: "_Window") -> Iterator[JsonItem]:
    keys: set[str] = set()
    mark = "{"
    while mark != "}":
        window.expect(mark)
        key = window.item()
        if not isinstance(key, str) or key in keys or len(keys) == _MOST_MEMBERS:
            raise ValueError("an object has no valid names, or the same twice, or too many")
        keys.add(key)
        window.expect(":")
        if window.look() == "[":
            yield from _list(window, key)
        else:
            yield JsonItem(key, window.item(), None)
        mark = "}" if window.look() == "}" else ","
    window.expect(mark)


def _list(window: "_Window", key: str | None) -> Iterator[JsonItem]:
    mark, index = "[", 0
    while mark != "]":
        window.expect(mark)
        if window.look() == "]" and index == 0:
            yield JsonItem(key, [], None)
        else:
            yield JsonItem(key, window.item(), index)
            index += 1
        mark = "]" if window.look() == "]" else ","
    window.expect(mark)


class _Window:
    """The part of a text that is being read."""

    def __init__(self, file: TextIO, decoder: json.JSONDecoder) -> None:
        self._file, self._text, self._at = file, file.read(_BLOCK).removeprefix("\ufeff"), 0
        self._decoder = decoder

    def look(self) -> str:
        """The next character that is no blank; empty at the end."""
        while self._fill() and (blank := _BLANK.match(self._text, self._at)):
            self._at = blank.end()
        return self._text[self._at : self._at + 1]

    def expect(self, mark: str) -> None:
        """Go on behind a mark.

        Raises:
            ValueError: something else stands there.
        """
        if (found := self.look()) != mark:
            raise ValueError(f"{mark!r} should stand in the place of {found!r}")
        self._at += 1

    def item(self) -> Any:
        """The next value.

        Raises:
            ValueError: it is damaged or too long.
        """
        self.look()
        try:
            item, end = self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if (end := error.pos) - self._at <= _LONGEST_ITEM:
                raise
        if end - self._at > _LONGEST_ITEM:
            raise ValueError(f"an item has more than {_LONGEST_ITEM} characters")
        self._at = end
        return item

    def is_short(self) -> bool:
        """Whether the next value is no longer than an item may be."""
        self.look()
        text = self._text[self._at : self._at + _LONGEST_ITEM]
        try:
            json.JSONDecoder().raw_decode(text)
        except ValueError:
            return text[:1] not in ("[", "{")
        return True

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
    except (ValueError, OverflowError):
        return None
