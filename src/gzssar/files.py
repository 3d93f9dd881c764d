"""Files that are never half-written: write beside the target, then rename."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

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
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path} should hold {what}, but there is no such file.") from None
    except ValueError as error:
        reason = "it needs pickle, which is refused because it can run code" if "pickle" in str(error) else str(error)
        raise DataError(f"{path} should hold {what} as a plain .npy array, but {reason}: save it again.") from error
    except (OSError, EOFError) as error:
        raise DataError(f"{path} should hold {what}, but it cannot be read ({error}).") from error
    if not isinstance(array, np.ndarray) or array.ndim != ndim:
        shape = getattr(array, "shape", "no array")
        raise DataError(f"{path} should hold {what}: an array with {ndim} axes, but its shape is {shape}.")
    kinds = "iu" if dtype is np.int64 else "fiu"
    if array.dtype.kind not in kinds:
        wanted = "whole numbers" if dtype is np.int64 else "real numbers"
        raise DataError(f"{path} should hold {what} as {wanted}, but its type is {array.dtype}.")
    if bad := int(np.size(array) - np.sum(np.isfinite(array))):
        raise DataError(f"{path} should hold finite numbers, but {bad} of {array.size} are NaN or infinite.")
    return array.astype(dtype)
