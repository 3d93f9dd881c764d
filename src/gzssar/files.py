"""Files that are never half-written: write beside the target, then rename. Whether an output is free, whose work lies
there, and outputs that nobody reads any more."""

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from gzssar.errors import DataError, OutputError

_MOST_EXACT = 2**53


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` for binary writing; rename it onto `path` when the block ends well.

    Raises:
        OSError: there is no room, or something else is in the way; its filename is `path`.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and Path(error.filename or temporary or "").name.startswith(f".{path.name}."):
            error.filename = str(path)  # a full disk names no file, and the temporary one means nothing to anybody
        raise


def write_all(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    """Write files below `folder`, by their names there: all of them or, where there is no room for one, none."""
    with ExitStack() as written:
        for name, content in contents.items():
            file = written.enter_context(writing(folder / name))
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()


@contextmanager
def output(folder: Path) -> Iterator[None]:
    """A block that writes below `folder`.

    Raises:
        OutputError: it cannot, in one sentence that names the file.
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{error.filename or folder} cannot be written ({error.strerror or error}): correct that, or name another "
            "folder."
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, all of it or nothing."""
    with writing(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, all of it or nothing."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def require_free(path: Path, folder: bool = False) -> None:
    """See that an output can be written, before anything is computed; what a killed :func:`writing` left is nothing.

    Args:
        path: of a new file.
        folder: `path` is a folder, which may be there if it is empty.

    Raises:
        OutputError: something is there, or stands in the way.
    """
    require_writable(path)
    if not path.exists():
        return
    wanted, reason = "a new file", "it is there already"
    if folder:
        wanted, held = "a new or empty folder", _held(path) if path.is_dir() else None
        if held == []:
            return
        reason = f"it is there already and holds {held[0]}" if held else "it is a file"
    raise OutputError(f"{path} should be {wanted}, but {reason}: delete it, or name another one.")


def require_writable(path: Path) -> None:
    """See that no file and no read-only folder stands in the way of an output.

    Raises:
        OutputError: one does.
    """
    place = path.absolute()
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    if existing != place and not existing.is_dir():
        raise OutputError(f"{path} cannot be written, since {existing} is a file: name another output.")
    if not os.access(existing, os.W_OK):
        raise OutputError(f"{path} cannot be written, since {existing} is read-only: name another output.")


def _held(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.iterdir())
    return [name for name in names if not (name.startswith(".") and name.endswith(".part"))]


def require_same(path: Path, identity: Mapping[str, Any]) -> None:
    """See that a JSON file holds the keys and values of `identity`, whatever else it holds.

    Raises:
        OutputError: it does not, or cannot be read.
    """
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise OutputError(f"{path} cannot be read ({error}): delete {path.parent}, or name another output.") from error
    if differs := differing(there if isinstance(there, dict) else {}, json.loads(json.dumps(identity))):
        raise OutputError(
            f"{path.parent} holds the results of another run, which differs in {', '.join(differs)} (see its "
            f"{path.name}): delete it, or name another output."
        )


def differing(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """The keys of `here` that `there` lacks, or has another value for."""
    return [key for key in here if key not in there or there[key] != here[key]]


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


def require_no_pipe(path: Path, error: type[DataError] = DataError) -> None:
    """Refuse a pipe that nobody may ever write into, since reading would wait for ever. One that this program was
    given open, as by ``<(command)``, has a writer.

    Raises:
        DataError: it is such a pipe, or a socket or a device.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # whoever reads it says why it cannot be
        return
    given = path.resolve().parent.name == "fd"
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or given):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket or a device"
        raise error(f"{path} should be a file, but it is {kind}: save its content as a file, and name that file.")


def hash_file(path: Path) -> str:
    """SHA-256 of a file of any size.

    Raises:
        DataError: it cannot be read.
    """
    require_no_pipe(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} should be a file to read, but it cannot be read ({error.strerror}).") from error


def hash_content(value: object) -> str:
    """SHA-256 of arrays, also inside lists, tuples and dataclasses, and of what stands beside them; where something
    came from (a field ``provenance``) does not count."""
    digest = hashlib.sha256()

    def feed(part: object) -> None:
        if is_dataclass(part):
            for one in fields(part):
                if one.name != "provenance":
                    feed(getattr(part, one.name))
        elif isinstance(part, list | tuple):
            digest.update(f"{len(part)} of:".encode())
            for inner in part:
                feed(inner)
        elif isinstance(part, np.ndarray) and not part.dtype.hasobject:
            digest.update(f"{part.dtype.str}{part.shape}:".encode() + part.tobytes())
        else:
            digest.update(f"{part.tolist() if isinstance(part, np.ndarray) else part!r};".encode())

    feed(value)
    return digest.hexdigest()


def read_table_bytes(path: Path, mebibytes: int, what: str, error: type[DataError] = DataError) -> bytes:
    """Read a whole file that must fit into memory many times, once it is parsed.

    Args:
        path: the file.
        mebibytes: the most it may have.
        what: what it should be, for the error's sentence.
        error: what to raise.

    Raises:
        DataError: it cannot be read, or is larger.
    """
    most = mebibytes * 2**20
    require_no_pipe(path, error)
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except (OSError, ValueError) as damage:  # ValueError: a NUL in the path
        reason = getattr(damage, "strerror", None) or damage
        raise error(f"{path} should be {what}, but it cannot be read ({reason}).") from damage
    if len(content) > most:
        raise error(f"{path} should be {what} of at most {mebibytes} MiB, but it is larger: split it.")
    return content


def decode_table(content: bytes, source: str, error: type[DataError] = DataError) -> str:
    """The text of a table in UTF-8, with or without a byte order mark; `source` is its file, for messages.

    Raises:
        DataError: it is no such text.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise error(f"{source} should be UTF-8, but it looks like UTF-16: save the table as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as damage:
        raise error(f"{source} should be UTF-8, but byte {damage.start} is not: save the table as UTF-8.") from damage
    if b"\0" in content:
        raise error(
            f"{source} should be UTF-8 text, but byte {content.index(0)} is U+0000, a control character: save the "
            "table as UTF-8."
        )
    return text


def read_array(path: Path, dtype: type[np.generic], ndim: int, what: str) -> np.ndarray:
    """Read one ``.npy`` file of finite numbers, refusing pickles.

    Args:
        path: the file.
        dtype: np.float32 (any real numbers will do) or np.int64 (whole numbers only, of whatever type).
        ndim: number of axes expected; one axis may come as a column.
        what: what the file should hold, for the error's sentence.

    Raises:
        DataError: the file is missing, not a plain array, of another shape or type, or holds NaN or infinity.
    """
    require_no_pipe(path)
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
    if ndim == 1 and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != ndim:
        axes = "one axis" if ndim == 1 else f"{ndim} axes"
        raise DataError(f"{path} should hold {what}: an array with {axes}, but its shape is {array.shape}.")
    if array.size == 0:
        raise DataError(f"{path} should hold {what}, but it is empty: its shape is {array.shape}.")
    wanted = "whole numbers" if dtype is np.int64 else "real numbers"
    if array.dtype.kind not in "fiu":
        raise DataError(f"{path} should hold {what} as {wanted}, but its type is {array.dtype}.")
    if dtype is np.int64 and array.dtype.kind == "f" and (odd := array[~_is_whole(array)]).size:
        raise DataError(f"{path} should hold {what} as {wanted}, but {len(odd)} are none, such as {odd[0]:g}.")
    with np.errstate(over="ignore"):  # what leaves the range becomes infinite and is refused with the rest
        array = array.astype(dtype)
    if bad := int(array.size - np.isfinite(array).sum()):
        raise DataError(f"{path} should hold finite numbers, but {bad} of {array.size} are NaN or infinite.")
    return array


def _is_whole(array: np.ndarray) -> np.ndarray:
    """Which numbers are whole, and small enough to be exact."""
    wide = array.astype(np.float64)
    return (np.abs(wide) < _MOST_EXACT) & (np.floor(wide) == wide)


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


def hush(out: Any) -> None:
    """Nobody reads on: what is left in an output's buffer goes nowhere, instead of failing when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
