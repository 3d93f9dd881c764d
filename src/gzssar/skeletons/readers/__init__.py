"""Readers: one module per source of raw skeletons, all with the same door; the content decides which one opens.

:func:`open_clips` finds the reader, :func:`read_clips` reads clip after clip, :func:`read_clip` a single one.
"""

from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, Reader, ReadOptions
from gzssar.skeletons.readers.registry import open_clips, read_clip, read_clips

__all__ = ["ClipEntry", "ClipSource", "ReadOptions", "Reader", "open_clips", "read_clip", "read_clips"]
