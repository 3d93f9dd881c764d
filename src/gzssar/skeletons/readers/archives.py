"""Zip archives from strangers: listed and read in memory, with nothing extracted and nothing larger than allowed.

The list of entries comes from the standard library. Entries are read here, so that a clip costs one seek instead of a
fresh look at the whole list, and so that no entry can unpack to more than it declares.
"""

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gzssar.errors import DataError
from gzssar.skeletons.readers.arrays import map_bytes

_LONGEST_DIRECTORY = 46 * 1_000_000  # bytes; an entry takes 46 and its name, so this bounds the entries by a million
# An entry that unpacks to more bytes than _LARGE may unpack to so many times its size: files of numbers stay under 10,
# but labels as rows of zeros with a one are packed more tightly.
_LARGE, _HIGHEST_RATIO = 64 * 2**20, 50
_LARGEST_UNPACKED = 4 * 2**30  # bytes
_BLOCK = 2**13  # packed bytes read at a time; they unpack to at most 8 MiB, which is all that is in memory twice
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1


def list_entries(path: Path, largest: int) -> list[zipfile.ZipInfo]:
    """List the files of an archive, in its own order.

    Args:
        path: the archive.
        largest: the most bytes an entry may unpack to.

    Raises:
        DataError: the archive is damaged, has more than a million entries, or one of them would be written outside its
            folder, unpacks to more than is sane, is encrypted, is packed by an unusual method or stands twice.
    """
    try:
        with _Directory(path) as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except DataError:
        raise
    except Exception as error:  # zipfile meets a damaged directory with half a dozen kinds of exception
        raise DataError(f"{path} should be a zip archive, but it is damaged ({error}): fetch it again.") from error
    names: set[str] = set()
    for entry in entries:
        _check(path, entry, largest)
        if entry.filename in names:  # which of the two is meant, nobody knows
            raise DataError(
                f"{_place(path, entry)} should be in the archive once, but it is there twice: pack the archive again."
            )
        names.add(entry.filename)
    return [entry for entry in entries if not entry.filename.endswith("/")]


def read_start(path: Path, entry: zipfile.ZipInfo, count: int) -> bytes:
    """Unpack the first bytes of an entry, at most `count`.

    Raises:
        DataError: the entry is damaged so that nothing of it can be read.
    """
    try:
        with path.open("rb") as file:
            _go_to(file, entry)
            block = file.read(min(entry.compress_size, count))
        packed = entry.compress_type == zipfile.ZIP_DEFLATED
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(block, count) if packed else block
    except (OSError, ValueError, OverflowError, struct.error, zlib.error) as error:
        raise DataError(f"{_place(path, entry)} is damaged ({error}): fetch the archive again.") from error


def read_entry(path: Path, entry: zipfile.ZipInfo) -> memoryview:
    """Unpack one entry that :func:`list_entries` returned, in memory.

    Returns:
        its bytes, to read only.

    Raises:
        DataError: the entry is cut off or damaged, or unpacks to another size than it declares.
    """
    data, left = bytearray(), entry.compress_size
    unpack = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    try:
        with path.open("rb") as file:
            signature = _go_to(file, entry)
            while len(data) <= entry.file_size and (block := file.read(min(left, _BLOCK))):
                left -= len(block)
                data += unpack.decompress(block, entry.file_size + 1 - len(data)) if unpack else block
                if unpack and unpack.eof:  # zlib would copy all that follows, block by block
                    break
    except (OSError, ValueError, OverflowError, struct.error, zlib.error, MemoryError) as error:
        raise DataError(f"{_place(path, entry)} is damaged ({error}): fetch the archive again.") from error
    if signature != b"PK\3\4" or len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
        raise DataError(f"{_place(path, entry)} is damaged: its size or checksum is wrong; fetch the archive again.")
    return memoryview(data).toreadonly()


def map_entry(path: Path, entry: zipfile.ZipInfo) -> memoryview:
    """The bytes of an entry: where it is stored as it is, only those come into memory that somebody looks at.

    The checksum of such an entry is not looked at, since that would read all of it.

    Raises:
        DataError: as in :func:`read_entry`, or the entry unpacks to more than 4 GiB.
    """
    if entry.compress_type != zipfile.ZIP_STORED:
        if entry.file_size > _LARGEST_UNPACKED:
            raise DataError(f"{_place(path, entry)} unpacks to {entry.file_size} bytes: save the archive unpacked.")
        return read_entry(path, entry)
    try:
        with path.open("rb") as file:
            signature, at = _go_to(file, entry), file.tell()
    except (OSError, ValueError, OverflowError, struct.error) as error:
        raise DataError(f"{_place(path, entry)} is damaged ({error}): fetch the archive again.") from error
    if signature != b"PK\3\4":
        raise DataError(
            f"{_place(path, entry)} is damaged: it is not at its place in the archive; fetch the archive again."
        )
    return map_bytes(path)[at : at + entry.file_size]


def _go_to(file: BinaryIO, entry: zipfile.ZipInfo) -> bytes:
    """Go to where the data of an entry begin. Returns the signature in front of them."""
    file.seek(entry.header_offset)
    signature, name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    file.seek(name_length + extra_length, io.SEEK_CUR)
    return bytes(signature)


class _Directory(io.FileIO):
    """A file that refuses to be read in one long piece, as zipfile does with the list of entries."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LONGEST_DIRECTORY:
            raise DataError(f"{self._path} should have at most a million entries, but its list has {size} bytes.")
        return super().read(size) or b""


def _check(path: Path, entry: zipfile.ZipInfo, largest: int) -> None:
    place = _place(path, entry)
    name = entry.orig_filename.replace("\\", "/")
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        raise DataError(f"{place} leads out of its folder: do not trust this archive.")
    if (size := max(entry.file_size, entry.compress_size)) > largest:
        raise DataError(f"{place} should have at most {largest} bytes, packed or not, but it declares {size}.")
    if entry.file_size > max(_LARGE, _HIGHEST_RATIO * entry.compress_size):
        raise DataError(f"{place} unpacks {entry.compress_size} bytes to {entry.file_size}: do not trust this archive.")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{place} should be stored or deflated without a password, but it is not: pack it again.")


def _place(path: Path, entry: zipfile.ZipInfo) -> str:
    return f"{path}: entry {entry.orig_filename[:200]!r}"
