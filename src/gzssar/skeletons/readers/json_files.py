"""JSON from strangers: bounded in size and depth, and truth values are no numbers."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.readers.arrays import read_bytes

_LARGEST = 64 * 2**20  # bytes of a file that is one clip; those of the data sets have a few megabytes at most
_LARGEST_LIST = 512 * 2**20  # bytes of a file of many clips, of which one item at a time is taken up
_LEAST_PER_BRACKET = 8  # bytes; a bracket costs seventy times its size in memory, and honest files put numbers in them
_BLANK = re.compile(r"[ \t\r\n]*")


def read_json(path: Path, pack: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """Read a whole file.

    Args:
        path: the file.
        pack: puts something smaller in the place of an object, as soon as it is read.

    Raises:
        DataError: it cannot be read, is too large, too deep or no JSON.
    """
    data = _read(path, _LARGEST)
    try:
        text = data.decode(json.detect_encoding(data), "surrogatepass")
        del data
        return json.loads(text.removeprefix("\ufeff"), object_hook=pack)
    except (ValueError, RecursionError, MemoryError) as error:
        raise _damaged(path, error) from error


def read_json_items(path: Path) -> Iterator[Any]:
    """Read a file that is one list, item by item.

    Raises:
        DataError: it cannot be read, is too large, too deep or no list in JSON.
    """
    data = _read(path, _LARGEST_LIST)
    try:
        text = data.decode("utf-8-sig")
        del data
        decoder, at = json.JSONDecoder(), _skip(text, 0)
        opened = text[at : at + 1] == "["
        while opened:
            at = _skip(text, at + 1)
            if text[at : at + 1] == "]":
                return
            item, at = decoder.raw_decode(text, at)
            yield item
            at = _skip(text, at)
            if text[at : at + 1] == "]":
                return
            opened = text[at : at + 1] == ","
        raise ValueError(f"a list should go on at character {at}")
    except (ValueError, RecursionError, MemoryError) as error:
        raise _damaged(path, error) from error


def number_array(value: Any) -> Float[np.ndarray, "..."] | None:
    """Nested lists of numbers as an array; None where they are ragged or hold anything but numbers."""
    if not isinstance(value, list):
        return None
    try:
        array = np.array(value, dtype=object)
        plain = {type(number) for number in array.ravel().tolist()} <= {int, float}
        return array.astype(np.float64) if plain else None
    except (ValueError, OverflowError, MemoryError):
        return None


def _read(path: Path, limit: int) -> bytes:
    data = read_bytes(path, limit)
    if (data.count(b"[") + data.count(b"{")) * _LEAST_PER_BRACKET > len(data) + 1000:
        raise _damaged(path, "it has hardly anything but brackets")
    return data


def _damaged(path: Path, why: object) -> DataError:
    return DataError(f"{path} should be JSON, but it is cut off or damaged ({str(why)[:120]}): fetch it again.")


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at
