"""From what a user names — files, folders, patterns — to files of clips, in natural order, each once."""

import glob
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from gzssar.errors import DataError
from gzssar.skeletons.readers.registry import (
    Found,
    list_files,
    natural_order,
    once,
    reader_of,
    recognized,
    why_none,
)

T = TypeVar("T")
U = TypeVar("U")


def find_files(names: Sequence[str], on_bad: Callable[[str, DataError], None] | None = None) -> list[Found]:
    """Find the files of clips that names stand for, and the reader of each.

    A folder is walked; what no reader knows there is left alone. A file must be known, for the user named it. A name
    that does not exist may be a pattern (``*``, ``?``, ``[…]``, and ``**`` for any folders).

    Args:
        names: paths and patterns.
        on_bad: told of what stands for no recordings, and why, which is then left out.

    Raises:
        DataError: a path does not exist, a pattern matches nothing, a folder holds no recordings, a file is none; and
            `on_bad` is None.
    """
    found: dict[Path, Found] = {}
    for path in (path for name in names for path in _tried(_paths, name, on_bad)):
        for one, reader in _tried(_files, path, on_bad):
            found.setdefault(one.resolve(), (one, reader))
    return once(found.values())


def _tried(find: Callable[[T], list[U]], what: T, on_bad: Callable[[str, DataError], None] | None) -> list[U]:
    """What is found; nothing where that fails and somebody is told."""
    try:
        return find(what)
    except DataError as error:
        if on_bad is None:
            raise
        on_bad(str(what), error)
        return []


def _paths(name: str) -> list[Path]:
    path = Path(name)
    try:
        if path.exists():
            return [path]
        matches = glob.glob(name, recursive=True) if glob.has_magic(name) else None  # noqa: PTH207  # an absolute one, too
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{name[:200]!r} should be a file, a folder or a pattern, but it is not ({error}).") from error
    if matches is None:
        raise DataError(f"{name} should be a file, a folder or a pattern of recordings, but there is no such file.")
    if not matches:
        raise DataError(f"{name} should match recordings, but no clips were found: no file has such a name.")
    return sorted(map(Path, matches), key=lambda match: natural_order(str(match)))


def _files(path: Path) -> list[Found]:
    if not path.is_dir():
        return [(path, reader_of(path))]
    files = list_files(path)
    if found := recognized(files):
        return found
    raise DataError(f"no clips were found in {path}: {why_none(files)}.")
