"""UTD-MHAD: MATLAB files of single clips, or the authors' zip archive as it is.

Each file `a<action>_s<subject>_t<trial>_skeleton.mat` holds `d_skel` (20, 3, T): metres, y up, 30 frames per second,
Kinect v1 joints from the head down. Reference: Chen, Jafari, Kehtarnavaz, "UTD-MHAD: A Multimodal Dataset for Human
Action Recognition Utilizing a Depth Camera and a Wearable Inertial Sensor", ICIP 2015.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import Layout, layout_named
from gzssar.skeletons.readers.archives import list_entries, read_entry
from gzssar.skeletons.readers.arrays import agreed_layout, make_clip, read_bytes
from gzssar.skeletons.readers.mat5 import read_variable
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_NAME = re.compile(r"a(\d{1,3})_s(\d{1,3})_t(\d{1,3})_skeleton\.mat")
_NAME_IN_ZIP = re.compile(_NAME.pattern.encode())
_FPS = 30.0
_LARGEST = 64 * 2**20  # bytes of one file; the longest of the 861 clips has 32 kB

_CLASS_NAMES = (
    *("swipe left", "swipe right", "wave one hand", "clap", "throw", "cross arms", "shoot basketball", "draw x"),
    *("draw circle clockwise", "draw circle counterclockwise", "draw triangle", "bowling", "front boxing"),
    *("baseball swing", "tennis swing", "arm curl", "tennis serve", "push", "knock on door", "catch"),
    *("pick up and throw", "jog", "walk in place", "stand up", "sit down", "forward lunge", "squat"),
)


class UtdMhadReader:
    """MATLAB files of UTD-MHAD, one clip each."""

    kind = "UTD-MHAD skeletons in MATLAB files"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a MATLAB file."""
        return start.startswith(b"MATLAB ")

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file. Frames per second are 30 unless the options say otherwise.

        Raises:
            ConfigError: the options name another layout than the data set has.
        """
        if options.layout not in (None, "utd20"):
            raise ConfigError(
                f"{path} is a MATLAB file, and of those only UTD-MHAD's are read, in layout 'utd20', but the options "
                f"name {options.layout!r}: save its joints as an array in numpy's format.",
                option="layout",
            )
        layout = layout_named("utd20")
        entry = _entry(path.name, str(path), partial(read_bytes, path, _LARGEST), layout, options)
        return ClipSource(self.kind, [entry], _CLASS_NAMES)


class UtdMhadZipReader:
    """The authors' archive of UTD-MHAD; nothing is extracted to disk."""

    kind = "UTD-MHAD skeletons in a zip archive"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a zip archive that begins with files named as the data set names them."""
        return start.startswith(b"PK\3\4") and _NAME_IN_ZIP.search(start) is not None

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the clips by action, subject and trial. Frames per second are 30 unless the options say otherwise.

        Raises:
            DataError: the archive is damaged or not to be trusted.
            ConfigError: the options name another layout than the data set has.
        """
        layout = agreed_layout(options, "utd20", path)
        files = [(PurePosixPath(file.filename).name, file) for file in list_entries(path, _LARGEST)]
        clips = [([*map(int, match.groups())], name, file) for name, file in files if (match := _NAME.fullmatch(name))]
        clips.sort(key=lambda clip: (clip[0], clip[2].filename))
        entries = [
            _entry(name, f"{path}: {file.filename}", partial(read_entry, path, file), layout, options)
            for _, name, file in clips
        ]
        return ClipSource(self.kind, entries, _CLASS_NAMES)


def _entry(
    name: str, where: str, load: Callable[[], bytes | memoryview], layout: Layout, options: ReadOptions
) -> ClipEntry:
    return ClipEntry(name, partial(_read, name, where, load, layout, options))


def _read(
    name: str, where: str, load: Callable[[], bytes | memoryview], layout: Layout, options: ReadOptions
) -> SkeletonSequence:
    joints = read_variable(load(), "d_skel", _LARGEST, where)
    if joints.ndim == 2:
        joints = joints[..., None]  # MATLAB drops the last axis of a single frame
    if joints.ndim != 3 or joints.shape[:2] != (20, 3):
        raise DataError(
            f"{where} should hold d_skel with 20 joints, 3 coordinates and frames, but it is {joints.shape}."
        )
    label, subject = _ids(name, where)
    return make_clip(
        joints.transpose(1, 2, 0)[..., None],
        options,
        name=name,
        fps=_FPS if options.fps is None else options.fps,
        layout=layout,
        label=label,
        subject=subject,
    )


def _ids(name: str, where: str) -> tuple[int | None, int | None]:
    """Return label and subject, where the name tells them."""
    if (match := _NAME.fullmatch(name)) is None:
        return None, None
    action, subject, _ = map(int, match.groups())
    if not 1 <= action <= len(_CLASS_NAMES):
        raise DataError(f"{where} should be of action 1 to {len(_CLASS_NAMES)} by its name, but it is of {action}.")
    return action - 1, subject
