"""Clips as a recognizer takes them: recordings, or paths of files that hold one each."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from gzssar.errors import DataError
from gzssar.skeletons.moving import find_action
from gzssar.skeletons.sequence import SkeletonSequence

Clip = SkeletonSequence | str | Path
"""A recording, or the path of a file that holds one."""


def trimmed(clip: Clip, trim: bool) -> SkeletonSequence:
    """A recording, cut to where somebody moves if it is to be trimmed."""
    return find_action(as_clip(clip)).clip if trim else as_clip(clip)


def as_list(clips: Clip | Sequence[Clip]) -> list[Clip]:
    """One clip or many as a list.

    Raises:
        DataError: it is neither.
    """
    if isinstance(clips, Clip):
        return [clips]
    if not isinstance(clips, Iterable):
        raise DataError(f"clips should be one, or a list of paths or SkeletonSequences, but {clips!r} came.")
    return list(clips)


def as_clip(clip: Clip) -> SkeletonSequence:
    """A recording as such, or read from the file that holds it.

    Raises:
        DataError: it is neither, or the file is malformed.
    """
    if isinstance(clip, SkeletonSequence):
        return clip
    if not isinstance(clip, str | Path):
        raise DataError(
            f"a clip should be a path or a SkeletonSequence, but {type(clip).__name__} came: an array of joints "
            "becomes a SkeletonSequence by SkeletonSequence.from_frames(joints, layout, fps)."
        )
    from gzssar.skeletons.readers import read_clip

    if Path(clip).is_dir():
        raise DataError(
            f"{clip} should be a file that holds a clip, but it is a folder: read its clips with read_clips(open_clips("
            "folder)), or run gzssar predict on it."
        )
    return read_clip(clip)
