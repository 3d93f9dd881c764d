"""What every reader of raw skeletons offers: a look at a file's start, and clips that are read when asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from gzssar.skeletons.sequence import SkeletonSequence

START = 4096
"""Bytes of a file that a reader sees to tell whether it is its own."""


@dataclass(frozen=True)
class ReadOptions:
    """What a file may leave open and its user knows."""

    layout: str | None = None
    """The joints' layout, by its name in ``LAYOUTS``, for files that do not say; where a file says, they must agree."""

    fps: float | None = None
    """Frames per second, for files that do not say."""

    fill_gaps: bool = False
    """Interpolate joints that are missing (NaN) in some frames, instead of refusing the clip."""

    unit: str | None = None
    """What positions are counted in, for motion capture, tables and arrays that do not say: m, cm, mm, in or ft."""

    pose_model: Path | None = None
    """What finds people in videos: see :func:`~gzssar.skeletons.poses.pose_finder`."""


@dataclass(frozen=True)
class ClipEntry:
    """One clip that has yet to be read."""

    name: str
    """File, and index in it where it holds several clips."""

    read: Callable[[], SkeletonSequence]
    """Read and validate it.

    Raises:
        DataError: the clip is malformed; the message names the file, and the line where there are lines.
    """

    file: Path | None = None
    """The file it is read from, as ``open_clips`` found it."""


@dataclass(frozen=True)
class ClipSource:
    """What a path holds."""

    kind: str
    """What the files are, for people: "NTU RGB+D skeleton text"."""

    entries: Sequence[ClipEntry]
    """One per clip, in an order that depends on the content alone."""

    class_names: tuple[str, ...] = ()
    """Names of the classes in order of label, where the source knows them."""

    unread: int = 0
    """Files of a folder that no reader recognizes, such as notes and pictures."""

    passed_over: tuple[str, ...] = ()
    """Files of a folder that may hold clips, but do not say what their joints are, beside files that do."""

    told: tuple[str, ...] = ()
    """What its user should know, in sentences: where the classes come from, what is left out."""


@runtime_checkable
class Reader(Protocol):
    """Opens one kind of file."""

    kind: str
    """What the files are, for people."""

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the file is of this kind, judged by its first :data:`START` bytes; never by folder names."""
        ...

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the clips of one file.

        Raises:
            DataError: the file is not what its start promised.
            ConfigError: the options lack something or contradict the file.
        """
        ...


@runtime_checkable
class FrameReader(Reader, Protocol):
    """Opens files that hold one frame each: any of them stands for the whole clip."""

    def video_of(self, path: Path) -> tuple[Path, str]:
        """What the files of one clip have in common, and no other: their folder and a name."""
        ...
