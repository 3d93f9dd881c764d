"""From a path to its clips: every reader is asked whether it knows the file; folders are walked."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from gzssar.errors import DataError
from gzssar.skeletons.readers.bvh import BvhReader
from gzssar.skeletons.readers.npz import NpzReader
from gzssar.skeletons.readers.ntu import NtuReader
from gzssar.skeletons.readers.nw_ucla import NwUclaReader
from gzssar.skeletons.readers.pyskl import PysklReader
from gzssar.skeletons.readers.reader import START, ClipEntry, ClipSource, Reader, ReadOptions
from gzssar.skeletons.readers.table import CsvReader, NpyReader
from gzssar.skeletons.readers.utd_mhad import UtdMhadReader, UtdMhadZipReader
from gzssar.skeletons.sequence import SkeletonSequence

READERS: tuple[Reader, ...] = (
    NtuReader(),
    NpzReader(),
    UtdMhadZipReader(),
    UtdMhadReader(),
    PysklReader(),
    NwUclaReader(),
    BvhReader(),
    NpyReader(),
    CsvReader(),
)
"""Asked in this order; the first that recognises a file opens it."""


def open_clips(path: Path, options: ReadOptions | None = None) -> ClipSource:
    """List the clips of a file, or of every file below a folder that a reader recognises.

    Args:
        path: a file or a folder.
        options: what the files leave open.

    Raises:
        DataError: there is no such path, or no reader recognises anything there.
    """
    options = options or ReadOptions()
    if path.is_dir():
        return _open_folder(path, options)
    if (reader := _reader_of(path)) is None:
        raise DataError(f"{path} should hold skeleton clips, but its content is none of: {_kinds()}.")
    return reader.open(path, options)


def read_clips(
    source: ClipSource, on_bad: Callable[[str, DataError], None] | None = None
) -> Iterator[SkeletonSequence]:
    """Read clip after clip; memory holds one at a time.

    Args:
        source: what :func:`open_clips` returned.
        on_bad: told the name of each malformed clip and what is wrong with it, which is then left out.

    Raises:
        DataError: a clip is malformed and `on_bad` is None.
    """
    for entry in source.entries:
        try:
            clip = entry.read()
        except DataError as error:
            if on_bad is None:
                raise
            on_bad(entry.name, error)
        else:
            yield clip


def _open_folder(folder: Path, options: ReadOptions) -> ClipSource:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    files.sort(key=lambda path: _natural(str(path.relative_to(folder))))
    sources = [reader.open(path, options) for path in files if (reader := _reader_of(path))]
    if not sources:
        raise DataError(
            f"{folder} should hold skeleton clips, but none of its {len(files)} files is one of: {_kinds()}."
        )
    kinds = sorted({source.kind for source in sources})
    names = {source.class_names for source in sources}
    if len(kinds) > 1 or len(names) > 1:
        raise DataError(
            f"{folder} should hold clips of one kind with one list of classes, but it holds {' and '.join(kinds)} with "
            f"{len(names)} lists of classes: name one file, or one folder per kind."
        )
    entries: list[ClipEntry] = [entry for source in sources for entry in source.entries]
    return ClipSource(kinds[0], entries, names.pop(), unread=len(files) - len(sources))


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts numbers as numbers: a2 before a10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _reader_of(path: Path) -> Reader | None:
    try:
        with path.open("rb") as file:
            start = file.read(START)
    except OSError as error:
        raise DataError(f"{path} should be a file or folder to read, but it cannot be ({error.strerror}).") from error
    return next((reader for reader in READERS if reader.recognises(path, start)), None)


def _kinds() -> str:
    return "; ".join(reader.kind for reader in READERS)
