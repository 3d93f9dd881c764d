"""What a file that no reader knows looks like, in a few words for people."""

import re
from pathlib import Path

from gzssar.errors import DataError
from gzssar.skeletons.readers.archives import list_entries, map_entry
from gzssar.skeletons.readers.arrays import npy_header

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
)
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
            f"{entry.filename.removesuffix('.npy')[:_SHOWN]} {npy_header(map_entry(path, entry), entry.filename).shape}"
            for entry in arrays[:_MOST_ARRAYS]
        ]
    except DataError:
        return "a zip archive that is damaged or not plain"
    if not arrays:
        return "a zip archive: unpack it"
    more = f" and {len(arrays) - _MOST_ARRAYS} more" if len(arrays) > _MOST_ARRAYS else ""
    return (
        f"an archive of numpy arrays, {', '.join(shown)}{more}: save the one that holds clips with numpy.save and read "
        "that with its --layout"
    )
