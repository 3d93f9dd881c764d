"""What a file that no reader knows looks like, in a few words for people."""

import codecs
import re
import zipfile
from pathlib import Path

from gzssar.errors import DataError
from gzssar.skeletons.readers.archives import list_entries, read_start
from gzssar.skeletons.readers.arrays import LONGEST_HEADER, npy_header, ran_out_of_memory

PAGE = "docs/recordings.md lists what can be read"

_KINDS = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a file packed with gzip: unpack it"),
    (b"\x89HDF", "an HDF5 or MATLAB 7.3 file: save it as an array in numpy's format"),
    (b"MATLAB", "a MATLAB file"),
    (b"C3D", "a C3D file"),
    (b"Kaydara FBX Binary", "an FBX file: convert it to BVH"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"SQLite format", "an SQLite database"),
    (b"version https://git-lfs", "a pointer of Git LFS in the place of the file: fetch it with git lfs pull"),
    (b"Trajectories", "a table of Vicon Nexus: export it as C3D"),
    (b"NO_OF_FRAMES", "a table of Qualisys: export it as C3D"),
    (b"scorer,", "a table of DeepLabCut: name its columns in one row (nose_x, nose_y, nose_likelihood, …)"),
)
_PAGE_OF_THE_WEB = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html)\b", re.IGNORECASE)
_TAR = (257, b"ustar")
"""Where a tar archive has its mark, and which."""
_LARGEST = 4 * 2**30
_SHOWN = 40
_MOST_ARRAYS = 5


def looks_like(path: Path, start: bytes) -> str:
    """What a file seems to be, as the end of "it looks like".

    Args:
        path: the file.
        start: its first bytes.
    """
    if not start:
        return "an empty file"
    if start.startswith(b"PK\3\4"):
        return _archive(path)
    if known := next((what for magic, what in _KINDS if start.startswith(magic)), None):
        return known
    if start[_TAR[0] :].startswith(_TAR[1]):
        return "a tar archive: unpack it"
    if _PAGE_OF_THE_WEB.match(start):
        return "a page of the web, as a failed download leaves it: fetch the file again"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" in start:
        return "text in UTF-16: save it as UTF-8"
    if re.match(rb"\x80[\x02-\x05]", start):
        return "a pickle"
    if re.match(rb"(\xef\xbb\xbf)?\s*[\[{]", start):
        return f"JSON text: {_shown(start)}"
    text = start.decode("utf-8-sig", "replace")
    strange = sum(not character.isprintable() and not character.isspace() for character in text) + text.count("\ufffd")
    return f"text: {_shown(start)}" if strange * 20 <= len(text) else "binary data of an unknown kind"


def _shown(start: bytes) -> str:
    line = " ".join(start.decode("utf-8-sig", "replace").split())
    return f"{line[:_SHOWN]!r}" + ("…" if len(line) > _SHOWN else "")


def _archive(path: Path) -> str:
    """A zip archive: which arrays are in it, or that there are none."""
    try:
        arrays = [entry for entry in list_entries(path, _LARGEST) if entry.filename.endswith(".npy")]
        shown = [
            f"{entry.filename.removesuffix('.npy')[:_SHOWN]} {_shape(path, entry)}" for entry in arrays[:_MOST_ARRAYS]
        ]
    except DataError as error:
        if ran_out_of_memory(error):
            raise
        return "a zip archive that is damaged or not plain"
    if not arrays:
        return "a zip archive: unpack it"
    more = f" and {len(arrays) - _MOST_ARRAYS} more" if len(arrays) > _MOST_ARRAYS else ""
    return (
        f"an archive of numpy arrays, {', '.join(shown)}{more}: save the one that holds clips with numpy.save and read "
        "that with its --layout"
    )


def _shape(path: Path, entry: zipfile.ZipInfo) -> tuple[int, ...]:
    return npy_header(read_start(path, entry, LONGEST_HEADER), entry.filename, entry.file_size).shape
