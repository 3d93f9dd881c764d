"""What `gzssar predict` does: recordings of any format in, answers out, row by row as they are ready."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten

from gzssar.commands.predict import PredictConfig
from gzssar.errors import ConfigError, DataError, GzssarError, MissingExtraError
from gzssar.files import hush
from gzssar.inference.live import answer_frames
from gzssar.inference.rows import CsvRows, JsonRows, Output, Rows, TableRows
from gzssar.inference.segments import Answer, find_segments, slide
from gzssar.inference.watching import Watch
from gzssar.recognizer import Prediction, Recognizer
from gzssar.running import Progress, one_thread
from gzssar.skeletons.layout import layout_named
from gzssar.skeletons.ntu_protocols import read_missing, without
from gzssar.skeletons.readers import ClipEntry, ReadOptions
from gzssar.skeletons.readers.finding import Found, find_files
from gzssar.skeletons.readers.registry import find_reader
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import read_class_texts

NamedClip = tuple[str, SkeletonSequence]
OnBad = Callable[[str, DataError], None]

_LIVE_FPS, _LIVE_WINDOW = 30.0, 2.0
"""Frames per second, and seconds that count, of frames from standard input, unless said otherwise."""
_PAUSE = 0.5
"""Seconds between two looks at a watched folder."""
_MOST_NAMED = 5
"""Malformed lines of a stream that are named one by one."""


@one_thread()
def predict(
    config: PredictConfig, out: Output, progress: Progress | None = None, frames: Iterable[str] | None = None
) -> None:
    """Recognize recordings and write the answers as they are ready.

    A reader of the output that goes away ends the work quietly.

    Args:
        config: what to recognize, and how.
        out: standard output, as a rule; taken before anything redirects it.
        progress: told how many clips are done, where the rows do not show it themselves.
        frames: lines of frames; standard input, as a rule.

    Raises:
        GzssarError: something about the model, the recordings or the arguments.
    """
    recognizer = load(config)
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="backslashreplace")  # file names may be no text, and a terminal no Unicode
    job = _Job(config, answerer(recognizer, config), _rows(config, recognizer, out))
    job.answer([])  # candidates that do not exist are named before anything is read
    try:
        if config.live:
            _live(config, job.answer, out, _stdin() if frames is None else frames)
        elif config.watch is not None:
            _watch(config.watch, job)
        else:
            _all(job, None if out.isatty() else progress)
    except BrokenPipeError:
        hush(out)


def load(config: PredictConfig) -> Recognizer:
    """Load the model, and add the classes of ``--add``.

    Raises:
        GzssarError: the model or the table is missing or malformed, the model takes no clips or knows a class already.
    """
    recognizer = Recognizer.load(config.model)
    if not recognizer.has_encoder:
        raise DataError(
            f"{config.model} should be a model that takes recordings, but it was fitted on features and has no "
            "skeleton encoder: fit one with --encoder-weights."
        )
    if config.add:
        recognizer.add_classes(read_class_texts(config.add))
    return recognizer


def answerer(recognizer: Recognizer, config: PredictConfig) -> Answer:
    """What recognizes clips: the recognizer with the options of the command."""
    candidates = config.candidate_labels or None

    def answer(clips: Sequence[SkeletonSequence]) -> Sequence[Prediction]:
        predictions = recognizer.predict(list(clips), candidates, config.top_k, config.abstain)
        return [predictions] if isinstance(predictions, Prediction) else predictions

    return answer


def _rows(config: PredictConfig, recognizer: Recognizer, out: Output) -> Rows:
    if config.json or config.live:
        return JsonRows(out)
    if config.csv:
        known = len(config.candidate_labels) or len(recognizer.classes)
        return CsvRows(out, min(config.top_k, known))
    return TableRows(out)


@dataclass
class _Job:
    """The settled options of one command."""

    config: PredictConfig
    answer: Answer
    rows: Rows
    missing: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        listed = self.config.reading.missing
        self.missing = frozenset(read_missing(listed)) if listed else frozenset()

    def entries(self, found: Found) -> list[ClipEntry]:
        """The clips of one file, named after it."""
        path, reader = found
        reading = self.config.reading
        source = reader.open(path, ReadOptions(reading.layout, reading.fps, reading.fill_gaps))
        entries = without(source, self.missing)[0].entries
        return [ClipEntry(_name(path, entry.name), entry.read) for entry in entries]

    def write(self, clips: Iterable[NamedClip], on_bad: OnBad, progress: Progress | None = None) -> None:
        """Answer clips: a row each, or segments of each where a window slides over them."""
        if self.config.window is None:
            for batch in _batches(clips, self.config.batch_size):
                if answers := _answers(batch, self.answer, on_bad):
                    self.rows.clips(answers)
                    _warn(answers)
            return
        for name, clip in clips:
            try:
                self._segments(name, clip, progress)
            except DataError as error:
                on_bad(name, error)

    def _segments(self, name: str, clip: SkeletonSequence, progress: Progress | None) -> None:
        config = self.config
        assert config.window is not None
        steps = (lambda done, total: progress("windows", done, total)) if progress else None
        stretches = slide(clip, self.answer, config.window, config.stride, config.batch_size, steps)
        segments = find_segments(stretches)
        self.rows.segments(name, segments)
        doubtful = [one.prediction for one in stretches if one.prediction and one.prediction.warning]
        _warn([(name, prediction) for prediction in doubtful[:1]])  # windows of a recording are mostly doubted alike
        if config.timeline is not None:
            from gzssar.inference.timeline import save_timeline

            save_timeline(stretches, segments, name, config.timeline)


def _all(job: _Job, progress: Progress | None) -> None:
    """Answer all clips of files, folders and patterns."""
    on_bad = _complain if job.config.reading.skip_bad else _stop
    files = find_files(job.config.clips, on_bad if job.config.reading.skip_bad else None)
    if job.config.timeline is not None:
        _check_one(job, files)
    job.write(_clips(job, files, on_bad, progress), on_bad, progress)


def _check_one(job: _Job, files: Sequence[Found]) -> None:
    count = len(job.entries(files[0])) if len(files) == 1 else len(files)
    if count != 1:
        raise ConfigError(f"--timeline draws the segments of one recording, but {count} were named.")


def _clips(job: _Job, files: Sequence[Found], on_bad: OnBad, progress: Progress | None) -> Iterator[NamedClip]:
    """Read clip after clip; memory holds one at a time, and the list of one file's clips."""
    done = found = bad = 0
    for number, file in enumerate(files, start=1):
        try:
            entries = job.entries(file)
        except DataError as error:
            on_bad(str(file[0]), error)
            bad += 1
            continue
        found += len(entries)
        for entry in entries:
            if progress:
                progress("clips", done, found + len(files) - number)
            done += 1
            try:
                clip = entry.read()
            except DataError as error:
                on_bad(entry.name, error)
            else:
                yield entry.name, clip
    if not found and not bad:
        raise DataError(f"no clips were found in {shorten(', '.join(job.config.clips), 200)}: it is empty or left out.")


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


def _watch(folder: Path, job: _Job, pause: float = _PAUSE) -> None:
    """Answer what lies in a folder, then each new file once it is complete, until Ctrl-C."""
    if not folder.is_dir():
        raise DataError(f"--watch should name a folder, but {folder} is none.")
    watch = Watch(folder)
    try:
        while True:
            for path in watch.look():
                if _watched(path, job, watch):
                    watch.done(path)
            time.sleep(pause)
    except KeyboardInterrupt:
        return


def _watched(path: Path, job: _Job, watch: Watch) -> bool:
    """Answer one file; False where none of its clips is in order, so that it may yet be written anew."""

    def complain(name: str, error: GzssarError) -> None:
        if watch.first_complaint(name):
            _complain(name, error)

    clips = []
    try:
        reader = find_reader(path)
        if reader is None:
            return False  # of another kind and left alone, as in any folder, or the first bytes of one of ours
        entries = job.entries((path, reader))
    except MissingExtraError:
        raise
    except GzssarError as error:
        complain(str(path), error)
        return False
    for entry in entries:
        try:
            clips.append((entry.name, entry.read()))
        except DataError as error:
            complain(entry.name, error)
    refused: set[str] = set()

    def refuse(name: str, error: GzssarError) -> None:
        refused.add(name)
        complain(name, error)

    job.write(clips, refuse)
    return len(refused) < len(clips)


def _live(config: PredictConfig, answer: Answer, out: Output, frames: Iterable[str]) -> None:
    """Answer frames from standard input as they come, until it ends or Ctrl-C.

    Lines that are no frames are passed over, since a sensor does not stop for one; where all of them are none, that is
    an error.
    """
    if config.reading.layout is None:
        raise ConfigError(
            "frames from standard input do not say what their joints are: name their layout.", option="layout"
        )
    layout = layout_named(config.reading.layout)
    rows = JsonRows(out)
    fps = _LIVE_FPS if config.reading.fps is None else config.reading.fps
    window = config.window or _LIVE_WINDOW
    try:
        for found in answer_frames(frames, answer, layout, fps, window, config.stride, _few_complaints()):
            rows.write(found.as_dict())
            out.flush()
    except KeyboardInterrupt:
        return


def _stdin() -> Iterable[str]:
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")  # what is no text is no frame, which is said in a sentence
    return sys.stdin or ()


def _name(path: Path, entry: str) -> str:
    """How a clip is called: by the file as the user named it, and by its place in it where there are several."""
    return str(path.parent / entry) if entry.startswith(path.name) else f"{path}: {entry}"


def _complain(name: str, error: GzssarError) -> None:
    what = "" if name in str(error) else f" {name}"
    print(f"gzssar: left out{what}: {error.for_terminal}", file=sys.stderr)


def _warn(answers: Sequence[tuple[str, Prediction]]) -> None:
    for name, prediction in answers:
        if prediction.warning:
            print(f"gzssar: {name}: {prediction.warning}", file=sys.stderr)


def _few_complaints() -> OnBad:
    """Names the first malformed lines of a stream; a sensor that sends nothing else would fill the screen."""
    named = 0

    def complain(name: str, error: GzssarError) -> None:
        nonlocal named
        named += 1
        if named <= _MOST_NAMED:
            _complain(name, error)
        if named == _MOST_NAMED:
            print("gzssar: further lines and windows are left out silently", file=sys.stderr)

    return complain


def _stop(name: str, error: DataError) -> None:
    """Stop at a malformed clip, with its name in the sentence."""
    if Path(name).name in str(error):
        raise error
    raise DataError(f"{name}: {error}", option=error.option) from error
