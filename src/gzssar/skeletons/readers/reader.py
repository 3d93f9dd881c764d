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
    """What a file may not say, but its user knows."""

    layout: str | None = None
    """The joint layout, by its name in ``LAYOUTS``, for files that do not state it. If a file states it, both must
    agree."""

    fps: float | None = None
    """Frames per second, for files that do not state them."""

    fill_gaps: bool = False
    """Interpolate joints that are missing (NaN) in some frames, instead of refusing the clip."""

    unit: str | None = None
    """The unit of positions, for motion capture, tables and arrays that do not state it: m, cm, mm, in or ft."""

    pose_model: Path | None = None
    """The model that finds people in videos: see :func:`~gzssar.skeletons.poses.pose_finder`."""


@dataclass(frozen=True)
class ClipEntry:
    """A clip that is not read yet."""

    name: str
    """The file and, if the file holds several clips, the index of the clip in it."""

    read: Callable[[], SkeletonSequence]
    """Read and validate the clip.

    Raises:
        DataError: the clip is malformed; the message names the file, and the line where there are lines.
    """

    file: Path | None = None
    """The file of the clip, as ``open_clips`` found it."""


@dataclass(frozen=True)
class ClipSource:
    """The clips that a path holds."""

    kind: str
    """The kind of the files, as a name for people: "NTU RGB+D skeleton text"."""

    entries: Sequence[ClipEntry]
    """The clips, in an order that depends on the content alone."""

    class_names: tuple[str, ...] = ()
    """The names of the classes in order of label, if the source has them."""

    unread: int = 0
    """The number of files in the folder that no reader recognizes, such as notes and pictures."""

    passed_over: tuple[str, ...] = ()
    """Files that may hold clips but do not state their joints, in a folder with other files that do."""

    told: tuple[str, ...] = ()
    """What the user should know, in sentences: where the classes come from, and what is left out."""


@runtime_checkable
class Reader(Protocol):
    """A reader of one kind of file."""

    kind: str
    """The kind of the files, as a name for people."""

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the file is of this kind. The first :data:`START` bytes decide, never the names of folders."""
        ...

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the clips of one file.

        Raises:
            DataError: the file is not of the kind that its start suggests.
            ConfigError: an option is missing or contradicts the file.
        """
        ...


@runtime_checkable
class FrameReader(Reader, Protocol):
    """Opens files that hold one frame each: any of them stands for the whole clip."""

    def video_of(self, path: Path) -> tuple[Path, str]:
        """What the files of one clip have in common, and no other: their folder and a name."""
        ...
