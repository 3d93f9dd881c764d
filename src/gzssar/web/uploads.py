"""From an uploaded file to one clip. What a visitor names never becomes a path: of the name only an ending out of a
fixed list is kept, and errors speak of the visitor's file, not of ours.

A reader at the command line reads what its user chose. Here a stranger chose, and others wait: so files that cost far
more than they weigh are refused before a reader takes them up.
"""

import logging
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from gzssar.errors import ConfigError, DataError, GzssarError
from gzssar.skeletons.poses import FindPoses, Picture
from gzssar.skeletons.readers import ClipSource, ReadOptions
from gzssar.skeletons.readers.archives import list_entries
from gzssar.skeletons.readers.arrays import ran_out_of_memory
from gzssar.skeletons.readers.content import PAGE, looks_like
from gzssar.skeletons.readers.pyskl import PysklReader
from gzssar.skeletons.readers.reader import START
from gzssar.skeletons.readers.registry import find_reader
from gzssar.skeletons.readers.restricted_pickle import GZIP
from gzssar.skeletons.readers.video import VideoReader
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.web.limits import MIB, Limits

SUFFIXES = (".skeleton", ".npz", ".npy", ".csv", ".txt", ".bvh", ".mat", ".json", ".pkl", ".zip")
"""Endings that a temporary file may have; some readers look at them."""

_LONGEST_NAME = 80

_LINES_PER_FRAME = 100
"""A frame of NTU RGB+D has up to 163 lines for six bodies, usually 28 or 55; the other formats have one."""

_BREAKS = b"\n\r\x0b\x0c\x1c\x1d\x1e\x85\xa8\xa9"
"""What Python takes for the end of a line, or what such an end has in UTF-8."""

_NESTED = 2 * MIB
"""A clip as a pickle or as JSON has less than 100 kB a second; of 16 MiB, six million empty clips can be made."""

_ARRAYS = (b"\x93NUMPY", b"MATLAB")
"""How files begin that hold arrays, which cost no more than they weigh."""

log = logging.getLogger(__name__)


def read_file(
    path: Path,
    shown: str,
    options: ReadOptions,
    index: int | None,
    limits: Limits,
    find_poses: FindPoses | None = None,
) -> SkeletonSequence:
    """Read the one clip of an upload that lies in a file of ours.

    Args:
        path: of the file.
        shown: what errors call it.
        options: how to read it.
        index: which clip, where the file holds several.
        limits: how large it may be.
        find_poses: what finds people in videos; None where videos are not taken.

    Raises:
        GzssarError: it is too large, no reader knows it, it is damaged, or it holds several clips and none was chosen.
        MemoryError: there is no memory for it.
    """
    try:
        clip = _read(path, options, index, limits, shown, _bounded(find_poses, limits, shown))
    except GzssarError as error:
        if ran_out_of_memory(error):
            raise MemoryError from error
        sentence = str(error).replace(str(path), shown).replace(path.name, shown)
        raise type(error)(sentence, option=error.option) from error
    except MemoryError:
        raise
    except Exception as error:  # a reader's own mistake: the visitor gets a sentence, the log the traceback
        log.exception("reading an upload failed")
        raise DataError(f"{shown} should hold a skeleton clip, but reading it failed: save it again.") from error
    clip = replace(clip, name=clip.name.replace(path.name, shown))
    frames = clip.joints.shape[1]
    if frames > limits.max_frames:
        raise DataError(
            f"{shown} should have at most {limits.max_frames} frames, but it has {frames}: cut it into shorter clips."
        )
    return clip


def ending(shown: str) -> str:
    """What a file of ours may end in: one of :data:`SUFFIXES`, or nothing."""
    suffix = PurePosixPath(shown).suffix.lower()
    return suffix if suffix in SUFFIXES else ""


def is_video(path: Path) -> bool:
    """Whether a file is a video: its reading takes more memory, and is bounded frame by frame."""
    with path.open("rb") as file:
        return VideoReader().recognizes(path, file.read(START))


def shown_name(name: str) -> str:
    """A visitor's name of a file, without folders and unprintable characters, for messages only."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[-_LONGEST_NAME:].strip() or "the file"


def _bounded(find_poses: FindPoses | None, limits: Limits, shown: str) -> FindPoses | None:
    """The same, for videos that are not too long or too large."""
    if find_poses is None:
        return None

    def bounded(pictures: Iterable[Picture]) -> Iterator[Picture]:
        for picture in pictures:
            if picture.time > limits.max_video_s:
                raise DataError(f"{shown} should last at most {limits.max_video_s:g} s, but lasts longer: cut it.")
            if max(picture.pixels.shape) > limits.max_video_side:
                height, width, _ = picture.pixels.shape
                raise DataError(
                    f"{shown} should have at most {limits.max_video_side} pixels across and down, but it has {width} × "
                    f"{height}: make it smaller."
                )
            yield picture

    return lambda pictures: find_poses(bounded(pictures))


def _read(
    path: Path, options: ReadOptions, index: int | None, limits: Limits, shown: str, find_poses: FindPoses | None
) -> SkeletonSequence:
    if path.stat().st_size == 0:
        raise DataError(f"{shown} should hold a skeleton clip, but it is empty.")
    _check_cost(path, limits)
    reader = find_reader(path)
    if reader is None:
        with path.open("rb") as file:
            seems = looks_like(path, file.read(START))
        raise DataError(f"{shown} should hold a skeleton clip, but it looks like {seems}; {PAGE}.")
    if isinstance(reader, VideoReader):
        if find_poses is None:  # strangers' videos are for no decoder here
            raise DataError(
                f"{shown} should hold a skeleton clip, but it is a video. This server takes videos only from this "
                "machine, unless it was started with --camera: turn the video into skeletons first."
            )
        reader = VideoReader(find_poses)
    source = reader.open(path, options)
    return source.entries[_chosen(source, index, shown)].read()


def _chosen(source: ClipSource, index: int | None, shown: str) -> int:
    count = len(source.entries)
    if count == 0:
        raise DataError(f"{shown} should hold a clip, but it holds none.")
    if index is None and count > 1:
        sentence = f"{shown} holds {count} clips, and one is shown at a time: choose one from 0 to {count - 1}."
        raise ConfigError(sentence, option="index")
    if index is not None and index >= count:
        raise ConfigError(f"{shown} holds {count} clips, counted from 0, but not number {index}.", option="index")
    return index or 0


def _check_cost(path: Path, limits: Limits) -> None:
    """Refuse archives that unpack to too much, texts of too many lines, and large pickles and JSON.

    Raises:
        DataError: the file is one of these.
    """
    with path.open("rb") as file:
        start = file.read(START)
    if VideoReader().recognizes(path, start):
        return
    if start.startswith(GZIP):
        raise DataError(f"{path} should not be packed with gzip: unpack it first.")
    if start.startswith(b"PK\3\4"):
        _check_archive(path, limits)
    elif PysklReader().recognizes(path, start):
        _check_nested(path, "a pickle")
    elif start.removeprefix(BOM_UTF8).lstrip()[:1] in (b"{", b"["):
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
            f"{path} should have at most {_NESTED // MIB} MiB, because it is {what}, but it has {size / MIB:.2f}: "
            "send a single clip, a shorter one, or numbers with fewer digits."
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
