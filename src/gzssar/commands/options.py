"""Arguments that several commands share. Plain frozen dataclasses, which cost no torch to import.

The docstring under a field is its help on the command line.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gzssar.commands.console import waiting, warn
from gzssar.printable import listed

if TYPE_CHECKING:
    from gzssar.encoders.weights import StreamWeights
    from gzssar.features.embedding import EmbedJob
    from gzssar.features.labelling import Labelling
    from gzssar.recognizer import Recognizer
    from gzssar.skeletons.readers import ClipSource, ReadOptions

ClipsPath = Annotated[Path, tyro.conf.Positional]
OUT = tyro.conf.arg(aliases=["-o"])
Out = Annotated[Path, OUT]
Weights = Annotated[tuple[str, ...], tyro.conf.arg(metavar="[STREAM=]FILE|NAME ...")]
"""What :func:`~gzssar.encoders.weights.parse_weights` takes."""


@dataclass(frozen=True)
class Reading:
    """What the files of recordings do not state."""

    layout: str | None = None
    """Layout of the joints, for plain tables and arrays: ntu25, kinect20, coco17, mediapipe33, …"""

    fps: float | None = None
    """Frames per second, for files that do not state them."""

    fill_gaps: bool = False
    """Interpolate joints that are missing (NaN) in some frames, instead of refusing the clip."""

    unit: str | None = None
    """Unit of the positions, for motion capture, tables and arrays that do not state it: m, cm, mm, in or ft."""

    pose_model: Path | None = None
    """Pose model that finds people in videos and camera pictures: a model of MediaPipe's Tasks interface
    (pose_landmarker_….task), or the name of one that `gzssar models` lists. Default: the model in the wheel of
    MediaPipe 0.10.21, otherwise the fetched one."""

    skip_bad: bool = False
    """Leave malformed clips out and count them, instead of stopping at the first."""

    missing: Path | None = None
    """A list of NTU RGB+D samples to leave out, with one name a line, as its authors publish it."""


@dataclass(frozen=True)
class Classes:
    """Classes of recordings whose files do not state them."""

    labels: Path | None = None
    """A table of the class of each file: CSV, TSV or JSON with path (or a pattern) and label, and optionally performer,
    start and end in seconds; or an export of ELAN, Label Studio or CVAT. Without it, files that state no class have
    the name of their folder as their class."""


def labelling(classes: Classes, texts: str | None = None) -> "Labelling":
    """Where the classes come from; `texts` name those that there are."""
    from gzssar.features.labelling import Labelling
    from gzssar.texts.classes import find_class_texts

    names = None if texts is None else tuple(row.label or "" for row in find_class_texts(texts))
    return Labelling(classes.labels, names)


def read_options(reading: Reading) -> "ReadOptions":
    """The part of the arguments that readers see."""
    from gzssar.skeletons.readers import ReadOptions

    return ReadOptions(reading.layout, reading.fps, reading.fill_gaps, reading.unit, pose_model(reading.pose_model))


def pose_model(named: Path | None) -> Path | None:
    """The file of the pose model that is named; else of the one that was fetched, where MediaPipe has none of its own.

    Raises:
        ConfigError: it is one that can be had by name, but it was not fetched.
    """
    from gzssar.files import cache_root
    from gzssar.models import cached, known_models, lacking
    from gzssar.skeletons.poses import lacks_packaged_model

    (known,) = known_models("pose")
    if named is None:
        wanted = lacks_packaged_model() and cache_root() is not None and not lacking(known)
    else:
        wanted = str(named) == known.name and not named.exists()
    return cached(known)[0][0] if wanted else named


def open_source(path: Path, reading: Reading, labels: "Labelling") -> "ClipSource":
    """The clips of a file or a folder with their classes, without those that are listed as missing.

    Raises:
        DataError: there are none, or their classes cannot be told.
    """
    from gzssar.features.labelling import labelled
    from gzssar.skeletons.ntu_protocols import read_missing, without
    from gzssar.skeletons.readers import open_clips

    with waiting(f"opening {path.name}"):
        source = open_clips(path, read_options(reading))
    source = without(source, read_missing(reading.missing))[0] if reading.missing else source
    source = labelled(source, path, labels)
    for sentence in source.told:
        warn(f"{sentence}.")
    return source


def embed_job(
    clips: Path, weights: "tuple[StreamWeights, ...]", out: Path, reading: Reading, labels: "Labelling"
) -> "EmbedJob":
    """Which recordings are encoded, by which weights, into which file."""
    from gzssar.features.embedding import EmbedJob

    return EmbedJob(clips, weights, out, read_options(reading), reading.missing, labels, reading.skip_bad)


def warn_of_streams(weights: "tuple[StreamWeights, ...]") -> None:
    """Say of which weights another stream is named than they were trained on.

    Raises:
        ConfigError: a stream contradicts what our own file says, or the encoders do not go together.
        DataError: a file holds no encoder.
    """
    from gzssar.encoders.streams import load_encoders, odd_streams

    for sentence in odd_streams(load_encoders(weights)):
        warn(sentence)


def add_table(recognizer: "Recognizer", table: Path) -> None:
    """Add the classes of a table; those that the recognizer knows so already are named.

    Raises:
        GzssarError: the table is malformed, or has other texts for a class that is known.
    """
    if known := recognizer.add_classes(table):
        warn(f"the model knows these classes already, with the texts of {table}: {listed(known)}.")
