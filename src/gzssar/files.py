"""Files that are never half-written: write beside the target, then rename. And outputs that nobody reads any more."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable

import numpy as np

from gzssar.errors import DataError


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` for binary writing; rename it onto `path` when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, all of it or nothing."""
    with writing(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, all of it or nothing."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def cache_root() -> Path | None:
    """Where the package keeps what it can make again: ``$GZSSAR_CACHE``, else ``$XDG_CACHE_HOME/gzssar``, else
    ``~/.cache/gzssar``; None without a home."""
    if folder := os.environ.get("GZSSAR_CACHE"):
        return Path(folder)
    if folder := os.environ.get("XDG_CACHE_HOME"):
        return Path(folder) / "gzssar"
    try:
        return Path.home() / ".cache" / "gzssar"
    except RuntimeError:
        return None


def hash_file(path: Path) -> str:
    """SHA-256 of a file of any size.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} should be a file to read, but it cannot be read ({error.strerror}).") from error


def read_array(path: Path, dtype: type[np.generic], ndim: int, what: str) -> np.ndarray:
    """Read one ``.npy`` file of finite numbers, refusing pickles.

    Args:
        path: the file.
        dtype: np.float32 (any real numbers will do) or np.int64 (whole numbers only).
        ndim: number of axes expected.
        what: what the file should hold, for the error's sentence.

    Raises:
        DataError: the file is missing, not a plain array, of another shape or type, or holds NaN or infinity.
    """
    try:
        with path.open("rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path} should hold {what}, but there is no such file.") from None
    except ValueError as error:
        reason = _why_not_an_array(path, error)
        raise DataError(f"{path} should hold {what} as a plain .npy array, but {reason}: save it again.") from error
    except (OSError, MemoryError) as error:
        raise DataError(f"{path} should hold {what}, but it cannot be read ({error}).") from error
    if array.ndim != ndim:
        axes = "one axis" if ndim == 1 else f"{ndim} axes"
        raise DataError(f"{path} should hold {what}: an array with {axes}, but its shape is {array.shape}.")
    if array.size == 0:
        raise DataError(f"{path} should hold {what}, but it is empty: its shape is {array.shape}.")
    kinds = "iu" if dtype is np.int64 else "fiu"
    if array.dtype.kind not in kinds:
        wanted = "whole numbers" if dtype is np.int64 else "real numbers"
        raise DataError(f"{path} should hold {what} as {wanted}, but its type is {array.dtype}.")
    with np.errstate(over="ignore"):  # what leaves the range becomes infinite and is refused with the rest
        array = array.astype(dtype)
    if bad := int(array.size - np.isfinite(array).sum()):
        raise DataError(f"{path} should hold finite numbers, but {bad} of {array.size} are NaN or infinite.")
    return array


def _why_not_an_array(path: Path, error: ValueError) -> str:
    """What is wrong with a file that numpy did not take for a plain array."""
    if "Object arrays" in str(error):
        return "it needs pickle, which is refused because it can run code"
    with path.open("rb") as file:
        start = file.read(len(np.lib.format.MAGIC_PREFIX))
    if start.startswith(b"PK"):
        return "it is a .npz archive"
    if start != np.lib.format.MAGIC_PREFIX:
        return "it is not in that format"
    return f"it is damaged ({error})"


@runtime_checkable
class HasDescriptor(Protocol):
    """An open file, as the operating system knows it."""

    def fileno(self) -> int:
        """The operating system's number of the file."""


def hush(out: HasDescriptor) -> None:
    """Nobody reads on: what is left in an output's buffer goes nowhere, instead of failing when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
