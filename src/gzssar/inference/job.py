"""Files, folders and streams of clips to answers, row by row as they are ready."""

import glob
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from gzssar.errors import ConfigError, DataError, GzssarError, MissingExtraError
from gzssar.inference.camera import STRIDE, answer_pictures
from gzssar.inference.doubted import Doubted
from gzssar.inference.live import WINDOW, answer_frames
from gzssar.inference.reading_ahead import ReadAhead
from gzssar.inference.rows import JsonRows, Rows
from gzssar.inference.segments import Answer, clock, find_segments, slide
from gzssar.inference.watching import Watch
from gzssar.printable import listed
from gzssar.recognizer import Prediction
from gzssar.running import Progress
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.ntu_protocols import without
from gzssar.skeletons.poses import FindPoses, Picture
from gzssar.skeletons.readers import ClipEntry, ReadOptions
from gzssar.skeletons.readers.finding import find_files
from gzssar.skeletons.readers.registry import Found, find_reader
from gzssar.skeletons.sequence import SkeletonSequence

NamedClip = tuple[str, SkeletonSequence]
OnBad = Callable[[str, GzssarError], None]

_PAUSE = 0.5
"""Seconds between two looks at a watched folder."""
_MOST_NAMED = 5
"""Malformed lines of a stream that are named one by one."""


@dataclass(frozen=True)
class PredictJob:
    """How recordings are read, what answers them, and where the answers go."""

    answer: Answer
    rows: Rows
    options: ReadOptions = field(default_factory=ReadOptions)
    missing: frozenset[str] = frozenset()
    """Samples of NTU RGB+D to leave out."""
    skip_bad: bool = False
    """Leave malformed clips out, instead of stopping at the first."""
    batch_size: int = 32
    window: float | None = None
    """Seconds of a window that slides over each recording; None to answer it as a whole."""
    stride: float | None = None
    timeline: Path | None = None
    """A picture of the segments of the one recording."""
    split: bool = True
    """Let stillness split the recordings."""
    doubted: Doubted = field(default_factory=Doubted)
    """The doubts about all answers so far."""
    waiting: Callable[[str], AbstractContextManager[object]] = nullcontext
    """The context in which a file is opened or a clip is read, made from words for what is done."""

    def entries(self, found: Found) -> list[ClipEntry]:
        """The clips of one file, named after it."""
        path, reader = found
        entries = without(reader.open(path, self.options), self.missing)[0].entries
        return [ClipEntry(_name(path, entry.name), entry.read) for entry in entries]

    def write(self, clips: Iterable[NamedClip], on_bad: OnBad, progress: Progress | None = None) -> int:
        """Answer clips: a row each, or segments of each where a window slides over them. Returns how many it could."""
        answered = 0
        if self.window is None:
            for batch in _batches(clips, self.batch_size):
                if answers := _answers(batch, self.answer, on_bad):
                    self.rows.clips(answers)
                    for name, prediction in answers:
                        self.doubted.add(name, prediction.warning)
                    answered += len(answers)
            return answered
        for name, clip in clips:
            try:
                self._segments(name, clip, self.window, progress)
            except DataError as error:
                on_bad(name, error)
            else:
                answered += 1
        return answered

    def tell(self) -> None:
        """Say on stderr what speaks against the answers, as far as it was not said yet."""
        self.doubted.tell("clip" if self.window is None else "segment")

    def _segments(self, name: str, clip: SkeletonSequence, window: float, progress: Progress | None) -> None:
        steps = partial(progress, "recognizing windows") if progress else None
        stretches = slide(clip, self.answer, window, self.stride, self.batch_size, steps, self.split)
        segments = find_segments(stretches)
        self.rows.segments(name, segments)
        for segment in segments:
            self.doubted.add(f"{name} at {clock(segment.start)}", segment.prediction.warning)
        if self.timeline is not None:
            from gzssar.inference.timeline import save_timeline

            save_timeline(stretches, segments, name, self.timeline)


def answer_files(job: PredictJob, names: Sequence[str], progress: Progress | None = None) -> int:
    """Answer all clips of files, folders and patterns. Of several, or of a pattern, what cannot be read is named and
    left out, and so is a name that stands for nothing. Returns how many were.

    Raises:
        GzssarError: the one name stands for no recordings; there are no clips; the one file holds a malformed one that
            is not to be skipped, or none of several files can be read; a timeline is asked for of several recordings.
    """
    bad, alone, several = 0, False, len(names) > 1 or glob.has_magic(names[0])

    def on_bad(name: str, error: GzssarError) -> None:
        nonlocal bad
        bad += 1
        if alone:
            error.where = name
            raise error
        _complain(name, error)

    files = find_files(names, on_bad if job.skip_bad or several else None)
    alone = len(files) == 1 and not several and not job.skip_bad
    if job.timeline is not None:
        _check_one(job, files)
    try:
        answered = job.write(_clips(job, files, on_bad, progress), on_bad, progress)
    finally:
        job.rows.end()
        job.tell()
    if not answered and not bad:
        raise DataError(f"no clips were found in {listed(names)}: the folder is empty, or its files were left out.")
    if not answered and not (files and job.skip_bad):
        raise DataError(f"no clip of {listed(names)} can be recognized: the messages above say why.")
    return bad


def _check_one(job: PredictJob, files: Sequence[Found]) -> None:
    count = len(job.entries(files[0])) if len(files) == 1 else len(files)
    if count != 1:
        raise ConfigError(f"--timeline draws the segments of one recording, but {count} were named.")


def _clips(
    job: PredictJob, files: Sequence[Found], on_bad: OnBad, progress: Progress | None = None
) -> Iterator[NamedClip]:
    """Read clip after clip; memory holds one at a time, and the list of one file's clips."""
    done = found = 0
    for number, file in enumerate(files, start=1):
        try:
            if progress:
                progress("recognizing clips", done, found + len(files) + 1 - number)
            with job.waiting(f"opening {file[0].name}"):
                entries = job.entries(file)
        except (DataError, ConfigError) as error:
            if isinstance(error, ConfigError) and not (error.option == "layout" and len(files) > 1):
                raise
            on_bad(str(file[0]), error)  # a table among motion files may hold no clip, and says nothing of joints
            continue
        found += len(entries)
        for entry in entries:
            if progress:
                progress("recognizing clips", done, found + len(files) - number)
            done += 1
            try:
                with job.waiting(f"reading {entry.name}"):
                    clip = entry.read()
            except DataError as error:
                on_bad(entry.name, error)
            else:
                yield entry.name, clip


def _batches(clips: Iterable[NamedClip], size: int) -> Iterator[list[NamedClip]]:
    """Clips in batches; those read before a malformed one stops the work come first."""
    batch: list[NamedClip] = []
    try:
        for clip in clips:
            batch.append(clip)
            if len(batch) == size:
                yield batch
                batch = []
    except GzssarError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _answers(batch: Sequence[NamedClip], answer: Answer, on_bad: OnBad) -> list[tuple[str, Prediction]]:
    """The answers to a batch; where a clip cannot be recognized, all are asked one by one to find out which."""
    try:
        predictions = answer([clip for _, clip in batch])
    except DataError as error:
        if len(batch) > 1:
            return [pair for one in batch for pair in _answers([one], answer, on_bad)]
        on_bad(batch[0][0], error)
        return []
    return [(name, prediction) for (name, _), prediction in zip(batch, predictions, strict=True)]


def watch_folder(job: PredictJob, folder: Path) -> None:
    """Answer what lies in a folder, then each new file once it is complete, until Ctrl-C.

    Raises:
        DataError: it is no folder.
        MissingExtraError: a file needs a library that is not installed.
    """
    if not folder.is_dir():
        raise DataError(f"--watch should name a folder, but {folder} is not a folder.")
    watch = Watch(folder)
    try:
        while True:
            for path in watch.look():
                if _watched(path, job, watch):
                    watch.done(path)
                job.tell()
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        job.rows.end()


def _watched(path: Path, job: PredictJob, watch: Watch) -> bool:
    """Answer one file; False where none of its clips is in order, so that it may yet be written anew, and where it is
    of another kind and left alone, as in any folder, or holds the first bytes of one of ours."""

    def complain(name: str, error: GzssarError) -> None:
        if watch.first_complaint(name):
            _complain(name, error)

    try:
        reader = find_reader(path)
        return reader is not None and job.write(_clips(job, [(path, reader)], complain), complain) > 0
    except MissingExtraError:
        raise
    except GzssarError as error:
        complain(str(path), error)
        return False


def answer_stream(
    frames: Iterable[str],
    answer: Answer,
    rows: JsonRows,
    layout: Layout,
    fps: float,
    window: float,
    stride: float | None = None,
) -> None:
    """Answer frames, one a line, as they come, until they end or Ctrl-C.

    Lines that are no frames are passed over, since a sensor does not stop for one. Where answers take longer than the
    frames of a live source, frames are skipped.

    Args:
        frames: see :mod:`gzssar.inference.live`.
        answer: what recognizes clips.
        rows: where the answers go.
        layout: what the joints are.
        fps: frames per second.
        window: seconds that are recognized.
        stride: seconds from answer to answer; None for one per frame.

    Raises:
        DataError: all lines are no frames.
        ConfigError: `fps` is no positive number.
    """
    ahead = ReadAhead(frames, fps)
    try:
        for found in answer_frames(ahead, answer, layout, fps, window, stride, _few_complaints(), ahead.behind):
            rows.frame(found.as_dict())
    except KeyboardInterrupt:
        return


def answer_camera(
    pictures: Iterable[Picture],
    find_poses: FindPoses,
    answer: Answer,
    rows: JsonRows,
    window: float = WINDOW,
    stride: float = STRIDE,
) -> None:
    """Answer what people in the pictures of a camera do, each apart, until Ctrl-C.

    Args:
        pictures: see :func:`~gzssar.inference.camera.camera_pictures`.
        find_poses: what finds people in them.
        answer: what recognizes clips.
        rows: where the answers go.
        window: seconds that are recognized.
        stride: seconds from answer to answer.

    Raises:
        DataError: the camera stops.
        MissingExtraError: MediaPipe is not installed.
    """
    told = _few_complaints()
    with suppress(KeyboardInterrupt):
        for found in answer_pictures(pictures, find_poses, answer, window=window, stride=stride, on_bad=told):
            rows.frame(found.as_dict())


def _name(path: Path, entry: str) -> str:
    """How a clip is called: by the file as the user named it, and by its place in it where there are several."""
    return str(path.parent / entry) if entry.startswith(path.name) else f"{path}: {entry}"


def _complain(name: str, error: GzssarError) -> None:
    error.where = name
    print(f"gzssar: left out: {error.for_terminal}", file=sys.stderr)


def _few_complaints() -> OnBad:
    """Names the first malformed lines of a stream; a sensor that sends nothing else would fill the screen."""
    named = 0

    def complain(name: str, error: GzssarError) -> None:
        nonlocal named
        named += 1
        if named <= _MOST_NAMED:
            _complain(name, error)
        if named == _MOST_NAMED:
            print("gzssar: further lines and windows that are left out are not named", file=sys.stderr)

    return complain
