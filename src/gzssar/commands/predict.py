"""`gzssar predict`: recordings of any format in, answers out, row by row as they are ready."""

import glob
import math
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gzssar.choices import check_positive
from gzssar.commands.console import FOUND_SOMETHING, progress_bar, waiting
from gzssar.commands.named_model import is_folder, is_name, load_model
from gzssar.commands.options import Reading, add_table, pose_model, read_options
from gzssar.errors import ConfigError, DataError
from gzssar.files import hush
from gzssar.running import Progress, one_thread
from gzssar.texts.classes import label_key

if TYPE_CHECKING:
    from gzssar.inference.job import PredictJob
    from gzssar.inference.rows import Output, Rows
    from gzssar.inference.segments import Answer
    from gzssar.recognizer import Prediction, Recognizer
    from gzssar.skeletons.sequence import SkeletonSequence

STDIN = "-"
"""Stands among the clips for frames that come one by one."""

_LIVE_FPS = 30.0
"""Frames per second of frames from standard input, unless said otherwise."""


@dataclass(frozen=True)
class PredictConfig:
    """Which seen and unseen classes clips show."""

    model: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="[MODEL]")] = None
    """The folder of a fitted model, or a name that `gzssar models` lists. If the first word is a clip, the packaged
    model answers."""

    clips: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[CLIPS ...]")] = ()
    """Files, folders or patterns of recordings. - reads frames from standard input, one JSON a line, and answers each
    with a line of JSON."""

    json: bool = False
    """Write JSON Lines: one object for each clip, with the whole ranking."""

    csv: bool = False
    """Write CSV: one row for each clip. Without --json and --csv, a table is printed."""

    candidate_labels: tuple[str, ...] = ()
    """Only these classes may be the answer; by default, all that the model knows. Files, folders and patterns after the
    last one are clips."""

    top_k: int = 5
    """The largest number of classes in a ranking."""

    abstain: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Give no label if an answer is too unsure, in JSON and CSV too. The table always does this."""

    no_abstain: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Give every label, even if it is unsure, in the table too."""

    most_wrong: float = 0.2
    """The share of the given answers that may be wrong, estimated on the clips that the model learned from."""

    trim: bool = True
    """Use only the frames in which somebody moves, and the bodies that move. If nobody moves, the answer is that
    nothing happens."""

    watch: Path | None = None
    """A folder instead of clips: recognizes the files in it, then every new file as soon as it is complete, until
    Ctrl-C."""

    camera: int | None = None
    """A camera of this machine instead of clips, by its number, 0 for the first. Answers for each person as JSON Lines,
    until Ctrl-C; the person who moves most comes first. Nothing is stored."""

    window: float | None = None
    """Length in seconds of a window that slides over long recordings and divides them into segments: recognized,
    unsure, at rest, or without anybody. For - and --camera: the seconds that an answer covers, by default 2."""

    stride: float | None = None
    """Seconds from one window to the next, by default half a window. For - and --camera: seconds from one answer to the
    next; by default, - answers each frame, and --camera three times a second."""

    timeline: Path | None = None
    """With --window: write a picture (.png) of the segments of one recording."""

    add: Path | None = None
    """A table of more classes, which the model recognizes at once: CSV, TSV, JSON or YAML with label, action and
    motion."""

    batch_size: int = 32
    """Clips encoded at a time."""

    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        if self.json and self.csv:
            raise ConfigError("answers are written as --json or as --csv: give one of them.")
        clips_may_follow = not self.clips and bool(self.candidate_labels)  # see _with_clips_behind_labels
        if self.abstain and self.no_abstain:
            raise ConfigError("--abstain and --no-abstain say the opposite: give one of them.")
        is_clip = self.model is not None and not _is_model(self.model)
        given = sum([bool(self.clips) or is_clip, self.watch is not None, self.camera is not None])
        if given > 1 or not (given or clips_may_follow):
            if not given and not _is_known(self.model):
                raise ConfigError(f"there is no {self.model}, neither as a model nor as a clip: check the name.")
            raise ConfigError(
                "clips come from files and folders, from --watch DIR or from --camera N: give exactly one of these."
            )
        check_positive(self, "top_k", "batch_size")
        self._check_windows()
        if self.timeline is not None:
            self._check_timeline()
        if STDIN in self.clips:
            self._check_stdin()
        if self.camera is not None:
            self._check_camera(self.camera)

    @property
    def live(self) -> bool:
        """Whether frames come one by one."""
        return self.clips == (STDIN,) or self.camera is not None

    def _check_windows(self) -> None:
        for name in ("window", "stride"):
            seconds = getattr(self, name)
            if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
                raise ConfigError(f"--{name} should be a positive number of seconds, but it is {seconds:g}.")
        if self.stride is None or self.live:
            return
        if self.window is None:
            raise ConfigError(
                "--stride is the time from one window to the next: give the length of a window with --window."
            )
        if self.stride > self.window:
            raise ConfigError(
                f"--stride should be at most as long as --window, or some frames are in no window, but {self.stride:g} "
                f"is more than {self.window:g}."
            )

    def _check_timeline(self) -> None:
        assert self.timeline is not None
        if self.window is None or self.watch is not None or self.camera is not None or STDIN in self.clips:
            raise ConfigError("--timeline draws the segments of one recording: give one file and --window.")
        if self.timeline.suffix.lower() != ".png":
            raise ConfigError(f"--timeline should be a picture that ends in .png, but {self.timeline} does not.")

    def _check_stdin(self) -> None:
        if len(self.clips) > 1:
            raise ConfigError("- reads frames from standard input: leave the other clips out.")
        if self.csv:
            raise ConfigError("answers to frames from standard input are JSON Lines: leave --csv out.")

    def _check_camera(self, number: int) -> None:
        if number < 0:
            raise ConfigError(f"--camera should be a camera's number, 0 for the first, but it is {number}.")
        if self.csv:
            raise ConfigError("answers to a camera are JSON Lines: leave --csv out.")


def predict(config: Annotated[PredictConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Recognize actions in recordings: seen ones, and unseen ones from their texts. Exits with 1 if something could not
    be read and was left out, unless you give --skip-bad."""
    out = sys.stdout  # before the progress bar redirects it
    with nullcontext() if out.isatty() else progress_bar() as progress:
        left_out = answer(config, out, progress)
    if left_out and not config.reading.skip_bad:
        sys.exit(FOUND_SOMETHING)


@one_thread()
def answer(
    config: PredictConfig, out: "Output", progress: Progress | None = None, frames: Iterable[str] | None = None
) -> int:
    """Recognize recordings and write the answers as they are ready.

    A reader of the output that goes away ends the work quietly.

    Args:
        config: what to recognize, and how.
        out: standard output, as a rule.
        progress: told how many clips are done, for a reader who does not see the rows.
        frames: lines of frames; standard input, as a rule.

    Returns:
        How many files, folders, patterns and clips were left out, for they could not be read.

    Raises:
        GzssarError: something about the model, the recordings or the arguments.
    """
    from gzssar.inference.job import answer_files, watch_folder

    config = _with_first_clip(config)
    recognizer = _model(config)
    config = _with_clips_behind_labels(config, recognizer.classes)
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="backslashreplace")  # file names may be no text, and a terminal no Unicode
    job = _job(config, recognizer, out)
    job.answer([])  # candidates that do not exist are named before anything is read
    try:
        if config.camera is not None:
            _answer_camera(config, config.camera, job.answer, out)
        elif config.live:
            _answer_stdin(config, job.answer, out, _stdin() if frames is None else frames)
        elif config.watch is not None:
            watch_folder(job, config.watch)
        else:
            return answer_files(job, config.clips, progress)
    except BrokenPipeError:
        hush(out)
    return 0


def _model(config: PredictConfig) -> "Recognizer":
    """The model, with the classes of ``--add``.

    Raises:
        GzssarError: the model or the table is missing or malformed, the model takes no clips or knows a class already.
    """
    try:
        recognizer = load_model(config.model)
    except DataError as error:
        if not config.candidate_labels or (config.model or Path()).is_dir():
            raise
        raise ConfigError(
            f"{error} Name the model before --candidate-labels, because this option takes all words after it."
        ) from error
    if not recognizer.has_encoder:
        raise DataError(
            f"{config.model} should be a model that takes recordings, but it was fitted on features and has no "
            "skeleton encoder: fit one with --encoder-weights."
        )
    if config.add:
        add_table(recognizer, config.add)
    return recognizer


def _with_first_clip(config: PredictConfig) -> PredictConfig:
    """A first word that is no model becomes a clip again.

    Raises:
        ConfigError: the model stands behind --candidate-labels.
    """
    if config.model is None and any(map(is_folder, config.candidate_labels)):
        raise ConfigError("Name the model before --candidate-labels, because this option takes all words after it.")
    if config.model is None or _is_model(config.model):
        return config
    return replace(config, model=None, clips=(str(config.model), *config.clips))


def _is_known(model: Path | None) -> bool:
    """Whether there is such a folder or such a model, or none was named."""
    return model is None or model.exists() or is_name(str(model))


def _is_model(word: Path) -> bool:
    """Whether the first word is a model and no clip. What does not exist is one, too: a wrong name is to be told."""
    return is_folder(word) or not _may_be_clips(str(word))


def _with_clips_behind_labels(config: PredictConfig, classes: Sequence[str]) -> PredictConfig:
    """Clips that follow --candidate-labels, which takes all words behind it, become clips again.

    Raises:
        ConfigError: there are none, and no others.
    """
    labels, behind = list(config.candidate_labels), list[str]()
    known = set(map(label_key, classes))
    while labels and label_key(labels[-1]) not in known and _may_be_clips(labels[-1]):
        behind.insert(0, labels.pop())
    if not behind and not config.clips and config.watch is None and config.camera is None:
        raise ConfigError(
            "the clips to recognize are missing: give files and folders or --watch DIR. The last word, "
            f"{labels[-1]!r}, was taken as one of --candidate-labels, because there is no such file: name clips "
            "directly after the model."
        )
    return replace(config, candidate_labels=tuple(labels), clips=(*config.clips, *behind)) if behind else config


def _may_be_clips(word: str) -> bool:
    try:
        return word == STDIN or glob.has_magic(word) or Path(word).exists()
    except (OSError, ValueError):  # no path at all: too long, or with a NUL
        return False


def _job(config: PredictConfig, recognizer: "Recognizer", out: "Output") -> "PredictJob":
    """The recognizer with the options of the command."""
    from gzssar.inference.job import PredictJob
    from gzssar.skeletons.ntu_protocols import read_missing

    candidates = config.candidate_labels or None

    to_people = not (config.json or config.csv or config.live)
    abstain = config.abstain or (to_people and not config.no_abstain)

    def answer(clips: "Sequence[SkeletonSequence]") -> "list[Prediction]":
        return recognizer.predict(list(clips), candidates, config.top_k, abstain, config.trim, config.most_wrong)

    reading = config.reading
    return PredictJob(
        answer,
        _rows(config, recognizer, out),
        read_options(reading),
        frozenset(read_missing(reading.missing) if reading.missing else ()),
        reading.skip_bad,
        config.batch_size,
        config.window,
        config.stride,
        config.timeline,
        config.trim,
        waiting=waiting if out.isatty() else nullcontext,
    )


def _rows(config: PredictConfig, recognizer: "Recognizer", out: "Output") -> "Rows":
    from gzssar.inference.rows import CsvRows, JsonRows, TableRows

    if config.json or config.live:
        return JsonRows(out)
    if config.csv:
        known = len(config.candidate_labels) or len(recognizer.classes)
        return CsvRows(out, min(config.top_k, known))
    return TableRows(out)


def _answer_stdin(config: PredictConfig, answer: "Answer", out: "Output", frames: Iterable[str]) -> None:
    from gzssar.inference.job import answer_stream
    from gzssar.inference.live import WINDOW
    from gzssar.inference.rows import JsonRows
    from gzssar.skeletons.layout import layout_named
    from gzssar.skeletons.readers.units import metres_of

    if config.reading.layout is None:
        raise ConfigError("frames from standard input do not state their joint layout: name it.", option="layout")
    fps = _LIVE_FPS if config.reading.fps is None else config.reading.fps
    layout, window = layout_named(config.reading.layout), config.window or WINDOW
    scale = 1.0 if config.reading.unit is None else metres_of(config.reading.unit)

    def in_metres(clips: "Sequence[SkeletonSequence]") -> "Sequence[Prediction]":
        return answer([replace(clip, joints=clip.joints * scale) for clip in clips])

    answer_stream(frames, in_metres, JsonRows(out), layout, fps, window, config.stride)


def _answer_camera(config: PredictConfig, number: int, answer: "Answer", out: "Output") -> None:
    from gzssar.inference.camera import STRIDE, camera_pictures
    from gzssar.inference.job import answer_camera
    from gzssar.inference.live import WINDOW
    from gzssar.inference.rows import JsonRows
    from gzssar.skeletons.poses import pose_finder

    find_poses = pose_finder(pose_model(config.reading.pose_model))
    with camera_pictures(number) as pictures:
        window, stride = config.window or WINDOW, config.stride or STRIDE
        answer_camera(pictures, find_poses, answer, JsonRows(out), window, stride)


def _stdin() -> Iterable[str]:
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")  # what is no text is no frame, which is said in a sentence
    return sys.stdin or ()
