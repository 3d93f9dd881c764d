"""Folders: replaced in one go, put back where a kill came between, and walked however deep they are.

A new folder is made in a hidden one beside its target, ``.NAME.xxxxxxxx.part``, which its maker holds a lock on. What
nobody holds a lock on was left by a kill.
"""

import ctypes
import errno
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gzssar.errors import DataError

_NEW, _OLD = "new", "old"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
"""Of Linux."""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A place to make a folder in, which takes the place of `target` when the block ends well.

    A kill at any time leaves the old folder or the new one at `target`, or, where the system cannot exchange two
    folders in one step, the old one where :func:`put_back` finds it. What kills left before is removed.

    Args:
        target: of an absolute path; a folder or nothing.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _clean(target)
    with _working(target) as working:
        yield working / _NEW
        _swap(working, target)


def put_back(target: Path) -> None:
    """Bring back a folder that a kill has left beside its place, if there is one and its place is free."""
    for leftover in _leftovers(target):
        with suppress(OSError), lock(leftover, wait=False) as locked:
            if locked and not target.exists() and (leftover / _OLD).is_dir():
                (leftover / _OLD).rename(target)


def walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, in no order; folders that are links or may not be read are left out.

    Raises:
        DataError: its folders lie so deep within each other that the system cannot name them.
    """
    folders = [folder]
    while folders:
        place = folders.pop()
        try:
            with os.scandir(place) as listing:
                entries = list(listing)  # who takes the first files alone leaves nothing open
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(place / entry.name)
                elif _is_file(entry):
                    yield place / entry.name
        except PermissionError:
            continue
        except OSError as error:
            deep = error.errno == errno.ENAMETOOLONG
            mend = "name folders in it that lie less deep" if deep else "see that all of it can be read"
            raise DataError(
                f"{folder} should be a folder that can be listed to its last file, but it cannot ({error.strerror}): "
                f"{mend}."
            ) from error


def _is_file(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):  # a link that leads nowhere, or to itself
        return entry.is_file()
    return False


def _clean(target: Path) -> None:
    """Put back or remove what kills left."""
    put_back(target)
    for leftover in _leftovers(target):
        with lock(leftover, wait=False) as locked:
            if locked:
                shutil.rmtree(leftover, ignore_errors=True)


def _leftovers(target: Path) -> list[Path]:
    ours = re.compile(re.escape(f".{target.name}.") + r"\w{8}\.part")
    with suppress(OSError):
        return sorted(path for path in target.parent.iterdir() if ours.fullmatch(path.name) and path.is_dir())
    return []


@contextmanager
def _working(target: Path) -> Iterator[Path]:
    """A hidden folder beside `target`, which is gone in the end unless it holds all that is left."""
    while True:
        working = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part"))
        with lock(working, wait=True):
            if not working.exists():  # another process has found it before it was locked
                continue
            try:
                yield working
            finally:
                if not (working / _OLD).exists() or target.exists():
                    shutil.rmtree(working, ignore_errors=True)
            return


@contextmanager
def lock(folder: Path, wait: bool) -> Iterator[bool]:
    """Hold a folder's lock, which ends with the process. Whether we do: not where another process does and we do not
    wait, nor where the system has no such locks."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _swap(working: Path, target: Path) -> None:
    """Put the new folder in the old one's place; where that fails, the old one stays."""
    new, old = working / _NEW, working / _OLD
    if not target.exists():
        new.rename(target)
    elif not _exchanged(new, target):
        target.rename(old)
        try:
            new.rename(target)
        except BaseException:
            old.rename(target)
            raise


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False, with nothing done, where the system or the disk cannot."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    names = os.fsencode(one), os.fsencode(other)
    return rename is not None and not rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
