"""Readers: one module per source of raw skeletons, all with the same door."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from gzssar.skeletons.sequence import SkeletonSequence


@runtime_checkable
class Reader(Protocol):
    """Turns one file into one clip: metres, ``C T V M``, in a known layout."""

    def __call__(self, path: Path) -> SkeletonSequence:
        """Read one clip.

        Raises:
            DataError: the file is missing or is not what the reader reads.
        """
        ...
