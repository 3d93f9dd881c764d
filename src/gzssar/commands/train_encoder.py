"""`gzssar train-encoder`: a skeleton encoder for one phase of a zero-shot benchmark."""

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro

from gzssar.commands.console import progress_bar, warn
from gzssar.commands.options import Classes, ClipsPath, Out, Reading, labelling, open_source
from gzssar.encoders.training.options import EncoderTraining
from gzssar.errors import ConfigError, DataError
from gzssar.features.class_cut import UNKNOWN_PERFORMERS, ZeroShot, cut_classes, held_out_of, performers_unknown
from gzssar.files import require_free
from gzssar.running import Progress
from gzssar.shapes import Mask

if TYPE_CHECKING:
    from gzssar.encoders.encoder import Encoder
    from gzssar.skeletons.readers import ClipSource
    from gzssar.skeletons.sequence import SkeletonSequence

_TOLD = ("epoch kept", "loss", "held-out accuracy", "malformed clips left out")
"""What is said about a training when it is done."""


@dataclass(frozen=True)
class TrainEncoderConfig:
    """A Shift-GCN, trained only on clips of seen classes by training performers."""

    clips: ClipsPath
    """A file or a folder of recordings, whose classes and performers are known."""

    out: Out
    """The encoder: a .safetensors file. A checkpoint for an interrupted training is saved beside it."""

    phase: Literal["test", "validation"] = "test"
    """The phase that the encoder is for: the encoder of the validation phase also leaves out the classes that play
    unseen there, and the held-out performers. `gzssar embed` takes both, as --weights and --validation-weights."""

    body_count: int = 2
    """The number of bodies that the encoder reads. If no action involves two people, 1 halves the time."""

    log: Path | None = None
    """Folder for TensorBoard scalars."""

    texts: str | None = None
    """A table of class texts, or the name of a packaged one. Class names from --labels or from folders are matched with
    its labels, and its rows number the classes. Without it, names are numbered in alphabetical order."""

    classes: Classes = field(default_factory=Classes)
    training: EncoderTraining = field(default_factory=EncoderTraining)
    reading: Reading = field(default_factory=Reading)
    zero_shot: ZeroShot = field(default_factory=ZeroShot)

    def __post_init__(self) -> None:
        if not self.zero_shot.given:
            raise ConfigError(
                "an encoder is trained on seen classes only: name the unseen ones with --split, or with --unseen and "
                "--validation-unseen, or draw a class split with --unseen-count."
            )
        if self.out.suffix != ".safetensors":
            raise ConfigError(
                f"an encoder is written as a .safetensors file, but {self.out} has another suffix: change it."
            )
        if self.body_count < 1:
            raise ConfigError(f"an encoder reads at least one body, but body_count is {self.body_count}.")


def train_encoder(config: Annotated[TrainEncoderConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Train a Shift-GCN on the seen classes of a class split. After an interruption, the same command continues."""
    from gzssar.features.embedding import own_rank

    require_free(config.out)
    source = open_source(config.clips, config.reading, labelling(config.classes, config.texts))
    with progress_bar() as progress:  # after the bar of open_source, since two at once would overwrite each other
        encoder = _trained(config, source, progress)
    if not own_rank():
        told = ", ".join(f"{name} {encoder.provenance[name]}" for name in _TOLD if name in encoder.provenance)
        print(f"{len(encoder.classes)} seen classes, {told}")
        print(f"Encoder: {config.out}")


def _trained(config: TrainEncoderConfig, source: "ClipSource", progress: Progress) -> "Encoder":
    """Train and write; the same call goes on after a kill.

    Clips of unseen classes and of test performers are read, since their files lie among the others, and left out
    before anything is learned.
    """
    from gzssar.encoders.encoder import prepare, save_encoder
    from gzssar.encoders.training.fit import fit_encoder
    from gzssar.features.embedding import ids, own_rank

    training = config.training
    bad: dict[str, str] = {}
    progress("reading clips", 0, 1)
    read = _readable(config, source, bad)
    progress("reading clips", 1, 1)
    labels, subjects = (ids([getattr(clip, key) for clip in read]) for key in ("label", "subject"))
    cut = cut_classes(config.zero_shot, source.class_names, [clip.name for clip in read], labels, subjects)
    if performers_unknown(subjects) and not own_rank():
        warn(f"{UNKNOWN_PERFORMERS}.")
    seen, train = cut.phase(config.phase)
    train = train & np.isin(labels, seen)
    judged = held_out_of(train, labels, subjects) if training.patience else np.zeros_like(train)

    def prepared(mask: Mask) -> np.ndarray:
        chosen = [read[k] for k in np.flatnonzero(mask)]
        return np.stack(
            [
                prepare(clip, training.encoder_fps, training.frames, training.stream, config.body_count)
                for clip in chosen
            ]
        )

    checkpoint = config.out.with_name(f"{config.out.name}.checkpoint")
    encoder = fit_encoder(
        prepared(train & ~judged),
        labels[train & ~judged],
        seen,
        training,
        held_out=(prepared(judged), labels[judged]) if judged.any() else None,
        checkpoint=checkpoint,
        log=config.log,
        progress=partial(progress, f"{config.phase} encoder"),
    )
    about = {
        "clips": config.clips.name,
        "split": cut.split.name,
        "phase": config.phase,
        "class_names": list(cut.class_names),
        "performers": np.unique(subjects[train & (subjects >= 0)]).tolist(),
        "malformed clips left out": len(bad),
    }
    encoder = replace(encoder, provenance={**encoder.provenance, **about})
    if not own_rank():
        save_encoder(config.out, encoder)
        checkpoint.unlink(missing_ok=True)
    return encoder


def _readable(config: TrainEncoderConfig, source: "ClipSource", bad: dict[str, str]) -> "list[SkeletonSequence]":
    """Clips that can be prepared; the others stop the command or, with ``--skip-bad``, are noted."""
    from gzssar.encoders.encoder import prepare
    from gzssar.features.embedding import prepared_clips

    def note(name: str, error: DataError) -> None:
        bad[name] = str(error)

    tried = partial(prepare, fps=config.training.encoder_fps, frames=1, name="joint", body_count=config.body_count)
    return [clip for clip, _ in prepared_clips(source, tried, note if config.reading.skip_bad else None)]
