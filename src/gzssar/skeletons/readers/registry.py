"""From a path to its clips: every reader is asked whether it knows the file; folders are walked."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from gzssar.errors import ConfigError, DataError
from gzssar.folders import walk
from gzssar.skeletons.readers.alphapose import AlphaPoseReader
from gzssar.skeletons.readers.amass import AmassReader
from gzssar.skeletons.readers.bvh import BvhReader
from gzssar.skeletons.readers.c3d import C3dReader
from gzssar.skeletons.readers.content import PAGE, looks_like
from gzssar.skeletons.readers.ctr_gcn import CtrGcnReader
from gzssar.skeletons.readers.kinetics import KineticsReader
from gzssar.skeletons.readers.mediapipe_json import MediaPipeJsonReader
from gzssar.skeletons.readers.npy import NpyReader
from gzssar.skeletons.readers.npz import NpzReader
from gzssar.skeletons.readers.ntu import NtuReader
from gzssar.skeletons.readers.nw_ucla import NwUclaReader
from gzssar.skeletons.readers.openpose import OpenPoseReader
from gzssar.skeletons.readers.pyskl import PysklReader
from gzssar.skeletons.readers.reader import START, ClipEntry, ClipSource, FrameReader, Reader, ReadOptions
from gzssar.skeletons.readers.table import CsvReader
from gzssar.skeletons.readers.trc import TrcReader
from gzssar.skeletons.readers.utd_mhad import UtdMhadReader, UtdMhadZipReader
from gzssar.skeletons.readers.video import VideoReader
from gzssar.skeletons.sequence import SkeletonSequence

Found = tuple[Path, Reader]
"""A file, and the reader that knows it."""

READERS: tuple[Reader, ...] = (
    NtuReader(),
    CtrGcnReader(),
    AmassReader(),
    NpzReader(),
    UtdMhadZipReader(),
    UtdMhadReader(),
    PysklReader(),
    NwUclaReader(),
    OpenPoseReader(),
    AlphaPoseReader(),
    KineticsReader(),
    MediaPipeJsonReader(),
    BvhReader(),
    TrcReader(),
    C3dReader(),
    NpyReader(),
    CsvReader(),
    VideoReader(),
)
"""Asked in this order; the first that recognizes a file opens it."""


def open_clips(path: Path, options: ReadOptions | None = None) -> ClipSource:
    """List the clips of a file, or of every file below a folder that a reader recognizes.

    Args:
        path: a file or a folder.
        options: what the files do not say.

    Raises:
        DataError: the path does not exist, or no reader recognizes a file there.
    """
    options = options or ReadOptions()
    if path.is_dir():
        return _open_folder(path, options)
    reader = reader_of(path)
    source = reader.open(path, options)
    return replace(source, entries=_of_file(path, reader, source))


def read_clip(
    path: str | Path,
    layout: str | None = None,
    fps: float | None = None,
    fill_gaps: bool = False,
    unit: str | None = None,
) -> SkeletonSequence:
    """Read a file that holds one clip.

    Args:
        path: the file.
        layout: the joint layout, by its name in ``LAYOUTS``, for files that do not state it.
        fps: frames per second, for files that do not state them.
        fill_gaps: interpolate joints that are missing (NaN) in some frames, instead of refusing the clip.
        unit: the unit of positions, for motion capture, tables and arrays that do not state it: m, cm, mm, in or ft.

    Raises:
        DataError: no reader recognizes the file, the clip is malformed, or the file holds several clips or none.
        ConfigError: the file does not state its layout, or states another one.
    """
    entries = open_clips(Path(path), ReadOptions(layout, fps, fill_gaps, unit)).entries
    if len(entries) != 1:
        raise DataError(f"{path} should hold one clip, but it holds {len(entries)}: list them with open_clips.")
    return entries[0].read()


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
    files = list_files(folder)
    known = _known(files)
    opened: list[ClipSource] = []
    entries: list[ClipEntry] = []
    layoutless: dict[str, ConfigError] = {}
    for path, reader in once(known):
        try:
            opened.append(reader.open(path, options))
            entries += _of_file(path, reader, opened[-1])
        except ConfigError as error:
            if error.option != "layout":
                raise
            layoutless[str(path.relative_to(folder))] = error
        except DataError as error:
            entries.append(ClipEntry(path.name, partial(_refuse, error), path))
    if layoutless and not opened:
        raise next(iter(layoutless.values()))
    if not known:
        raise DataError(f"{folder} should hold skeleton clips, but {why_none(files)}.")
    kinds, names = sorted({source.kind for source in opened}), {source.class_names for source in opened}
    if len(kinds) > 1 or len(names) > 1:
        lists = f" with {len(names)} lists of classes" if len(names) > 1 else ""
        raise DataError(
            f"{folder} should hold clips of one kind with one list of classes, but it holds {' and '.join(kinds)}"
            f"{lists}: name one file, or one folder per kind."
        )
    kind = kinds[0] if kinds else known[0][1].kind
    unread = len(files) - len(known)
    return ClipSource(kind, entries, names.pop() if names else (), unread, passed_over=tuple(layoutless))


def _refuse(error: DataError) -> SkeletonSequence:
    """What reading does where a file of a folder cannot even be opened."""
    raise error


def _of_file(path: Path, reader: Reader, source: ClipSource) -> list[ClipEntry]:
    """The clips of a file, which say so; a folder of frames that is called like its clip stands for their files."""
    folder = path.parent if isinstance(reader, FrameReader) else None
    return [replace(e, file=folder if folder and e.name == folder.name else path) for e in source.entries]


def list_files(folder: Path) -> list[Path]:
    """List the files below a folder in natural order, a2 before a10; hidden ones are left out."""
    files = [path for path in walk(folder) if not path.name.startswith(".")]
    return sorted(files, key=lambda path: natural_order(str(path.relative_to(folder))))


def recognized(files: Iterable[Path]) -> list[Found]:
    """Pair the files of a folder with their readers; files that no reader knows are left out.

    So are videos that lie beside recordings of skeletons, since data sets bring them along; and of files that hold one
    frame each, all but the first of a clip.
    """
    return once(_known(files))


def _known(files: Iterable[Path]) -> list[Found]:
    pairs = [(path, reader) for path in files if (reader := find_reader(path))]
    skeletons = [pair for pair in pairs if not isinstance(pair[1], VideoReader)]
    return skeletons or pairs


def once(pairs: Iterable[Found]) -> list[Found]:
    """Keep, of files that hold one frame each, the first of each clip; and all others."""
    kept: dict[object, Found] = {}
    for path, reader in pairs:
        kept.setdefault(reader.video_of(path) if isinstance(reader, FrameReader) else path, (path, reader))
    return list(kept.values())


def natural_order(name: str) -> list[tuple[int, str]]:
    """Sorts numbers as numbers: a2 before a10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def reader_of(path: Path) -> Reader:
    """The reader of a file that must have one.

    Raises:
        DataError: the file cannot be read, or no reader recognizes it.
    """
    if (reader := find_reader(path)) is None:
        raise DataError(
            f"{path} should hold skeleton clips, but it looks like {looks_like(path, _start(path))}; {PAGE}."
        )
    return reader


def why_none(files: Sequence[Path]) -> str:
    """Why a folder with these files holds no clips, as the end of a sentence."""
    if not files:
        return "it holds no files"
    return (
        f"none of its {len(files)} files does: {files[0].name} looks like {looks_like(files[0], _start(files[0]))}; "
        f"{PAGE}"
    )


def find_reader(path: Path) -> Reader | None:
    """Find the reader that recognizes a file, if there is one.

    Raises:
        DataError: the file cannot be read.
    """
    start = _start(path)
    return next((reader for reader in READERS if reader.recognizes(path, start)), None)


def _start(path: Path) -> bytes:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise DataError(
            f"{path} should be a file or folder to read, but it is a pipe or a device, which can be read only once: "
            "save its content as a file, and name that file."
        )
    try:
        with path.open("rb") as file:
            return file.read(START)
    except OSError as error:
        raise DataError(
            f"{path} should be a file or folder to read, but it cannot be read ({error.strerror})."
        ) from error
