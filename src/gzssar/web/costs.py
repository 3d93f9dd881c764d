"""Files that cost far more than they weigh: looked at before a reader takes them up.

A reader at the command line reads what its user chose. Here a stranger chose, and others wait.
"""

from pathlib import Path

from gzssar.errors import DataError
from gzssar.skeletons.readers.archives import list_entries
from gzssar.skeletons.readers.pyskl import PysklReader
from gzssar.skeletons.readers.reader import START
from gzssar.web.limits import MIB, Limits

_LINES_PER_FRAME = 100
"""A frame of NTU RGB+D has up to 163 lines for six bodies, usually 28 or 55; the other formats have one."""

_BREAKS = b"\n\r\x0b\x0c\x1c\x1d\x1e\x85\xa8\xa9"
"""What Python takes for the end of a line, or what such an end has in UTF-8."""

_NESTED = 2 * MIB
"""A clip as a pickle or as JSON has less than 100 kB a second; of 16 MiB, six million empty clips can be made."""

_ARRAYS = (b"\x93NUMPY", b"MATLAB")
"""How files begin that hold arrays, which cost no more than they weigh."""


def check_cost(path: Path, limits: Limits) -> None:
    """Refuse archives that unpack to too much, texts of too many lines, and large pickles and JSON.

    Raises:
        DataError: the file is one of these.
    """
    with path.open("rb") as file:
        start = file.read(START)
    if start.startswith(b"PK\3\4"):
        _check_archive(path, limits)
    elif PysklReader().recognizes(path, start):
        _check_nested(path, "a pickle")
    elif start.lstrip()[:1] in (b"{", b"["):
        _check_nested(path, "JSON")
    elif not start.startswith(_ARRAYS):
        _check_lines(path, limits)


def _check_archive(path: Path, limits: Limits) -> None:
    size = sum(entry.file_size for entry in list_entries(path, limits.max_unpacked_bytes))
    if size > limits.max_unpacked_bytes:
        raise DataError(
            f"{path} should unpack to at most {limits.max_unpacked_bytes // MIB} MiB, but it unpacks to "
            f"{size // MIB} MiB: send fewer clips."
        )


def _check_nested(path: Path, what: str) -> None:
    if (size := path.stat().st_size) > _NESTED:
        raise DataError(
            f"{path} should have at most {_NESTED // MIB} MiB, because it is {what}, but it has {size / MIB:.1f}: "
            "send a single clip."
        )


def _check_lines(path: Path, limits: Limits) -> None:
    most = _LINES_PER_FRAME * limits.max_frames
    count = 0
    with path.open("rb") as file:
        while block := file.read(MIB):
            count += len(block) - len(block.translate(None, _BREAKS))
    if count > most:
        raise DataError(
            f"{path} should have at most {most} lines for {limits.max_frames} frames, but it has {count}: cut it into "
            "shorter clips."
        )
