"""The one rule about large text files with hardly any digits: they would take many times their size in memory.

A number takes 4 bytes in a clip, an empty cell or an empty line as much, and positions of several digits more than that
in a file. So where what was read so far has hardly room in a file, it is no recording, and reading ends there.
"""

from pathlib import Path

from gzssar.errors import DataError

_SMALL = 4 * 2**20
"""Bytes of a file that may hold anything."""
FEWEST = 3
"""Bytes of a number in a file, with what parts it from the next: one digit more than empty cells and zeros have."""


def check_density(path: Path, count: int, what: str = "numbers", fewest: int = FEWEST) -> None:
    """Refuse a large file whose parts have too few bytes each. To be asked now and then while it is read.

    Args:
        path: the file.
        count: how many parts were read so far.
        what: what they are.
        fewest: bytes that each should have.

    Raises:
        DataError: they need more bytes than the file has.
    """
    if _SMALL < path.stat().st_size < count * fewest:
        raise DataError(
            f"{path} should hold numbers of several digits, but its {what} ({count} or more) have fewer than "
            f"{fewest} bytes each: leave out columns and rows that are empty or zero, or split it into several clips."
        )
