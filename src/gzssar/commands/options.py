"""Arguments of the commands that take recordings: embed, train-encoder, show and inspect. Plain frozen dataclasses;
importing them costs no torch. The docstring under a field is its help on the command line.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from gzssar.encoders.training.options import EncoderTraining
from gzssar.errors import ConfigError

Clips = Annotated[Path, tyro.conf.Positional]
_OUT = tyro.conf.arg(aliases=["-o"])
Out = Annotated[Path, _OUT]


def require_positive(config: object, *names: str) -> None:
    """Check that options, where they are given, are at least 1.

    Raises:
        ConfigError: one is not; it is named as the command line spells it.
    """
    for name in names:
        if (number := getattr(config, name)) is not None and number < 1:
            raise ConfigError(f"--{name.replace('_', '-')} should be at least 1, but it is {number}.")


@dataclass(frozen=True)
class Reading:
    """What a user knows about recordings and their files do not say."""

    layout: str | None = None
    """The joints' layout, for plain tables: ntu25, kinect20, coco17, mediapipe33, …"""

    fps: float | None = None
    """Frames per second, for files that do not say."""

    fill_gaps: bool = False
    """Interpolate joints that are missing (NaN) in some frames, instead of refusing the clip."""

    skip_bad: bool = False
    """Leave malformed clips out and count them, instead of stopping at the first."""

    missing: Path | None = None
    """A list of NTU RGB+D samples to leave out, one name a line, as its authors publish it."""


@dataclass(frozen=True)
class ZeroShot:
    """Which classes are unseen, and whose clips train."""

    unseen: tuple[int, ...] = ()
    """0-based ids of the unseen classes."""

    validation_unseen: tuple[int, ...] = ()
    """0-based ids of as many seen classes, which play unseen in the validation phase."""

    unseen_count: int | None = None
    """Instead of ids: how many classes to draw for each of the two, at random by --split-seed."""

    split_seed: int = 0
    """Draws the class split, where --unseen-count asks for one."""

    split: str | None = None
    """A published class split of NTU RGB+D by name, such as ntu60-55-5."""

    protocol: Literal["ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset"] | None = None
    """A protocol of NTU RGB+D that says which clips train: ntu60-xsub, ntu60-xview, ntu120-xsub or ntu120-xset."""

    train_subjects: tuple[int, ...] = ()
    """Performers whose clips train. Without it and without --protocol: those with odd ids."""

    def __post_init__(self) -> None:
        ways = [bool(self.unseen), self.unseen_count is not None, self.split is not None]
        if sum(ways) > 1:
            raise ConfigError(
                "a class split comes from --unseen, from --unseen-count or from --split: give one of them."
            )
        if bool(self.unseen) != bool(self.validation_unseen):
            raise ConfigError("--unseen and --validation-unseen go together: name the classes of both.")
        if self.unseen_count is not None and self.unseen_count < 1:
            raise ConfigError(f"--unseen-count should be at least 1, but it is {self.unseen_count}.")
        if self.protocol and self.train_subjects:
            raise ConfigError("--protocol says which clips train: leave --train-subjects out.")

    @property
    def given(self) -> bool:
        """Whether there is a class split."""
        return bool(self.unseen) or self.unseen_count is not None or self.split is not None


@dataclass(frozen=True)
class EmbedConfig:
    """Recordings to features, by a trained encoder."""

    clips: Clips
    """A file or a folder of recordings; the content decides how it is read."""

    weights: Path
    """Encoder weights: what `gzssar train-encoder` wrote, or the Shift-GCN authors' .pt files."""

    out: Annotated[Path | None, _OUT] = None
    """Features of all clips in one file: .npz (feature, logits, label, subject, name, class_names) or .safetensors."""

    synse: Path | None = None
    """Or a folder for SynSE features of both phases, which `gzssar run --synse` and other methods read."""

    validation_weights: Path | None = None
    """With --synse: the encoder of the validation phase, trained without its unseen classes. Without it, --weights
    serves both phases: right only if those weights saw none of the classes that play unseen."""

    frames: int | None = None
    """Frames that clips are brought to; as many as the weights were trained on (300 for the authors') unless said
    otherwise. Fewer are quicker in proportion."""

    engine: Literal["loop", "ray"] = "loop"
    """A plain loop (several processes under torchrun share the clips), or Ray Data on a cluster."""

    batch_size: int = 64
    """Clips encoded at a time."""

    shard_size: int = 256
    """Clips in a shard: what a kill can lose."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """cpu, cuda, or auto: cuda where there is one."""

    reading: Reading = field(default_factory=Reading)
    zero_shot: ZeroShot = field(default_factory=ZeroShot)

    def __post_init__(self) -> None:
        if (self.out is None) == (self.synse is None):
            raise ConfigError(
                "features go into one file (-o FILE) or into SynSE folders (--synse DIR): give one of them."
            )
        if self.synse is not None and not self.zero_shot.given:
            raise ConfigError(
                "SynSE folders are cut by a class split: name it with --split, with --unseen and --validation-unseen, "
                "or draw one with --unseen-count."
            )
        if self.synse is None and (self.zero_shot.given or self.validation_weights):
            raise ConfigError("a class split and --validation-weights go with --synse DIR.")
        require_positive(self, "frames", "batch_size", "shard_size")


@dataclass(frozen=True)
class TrainEncoderConfig:
    """A Shift-GCN of one's own, on clips of seen classes by training performers alone."""

    clips: Clips
    """A file or a folder of recordings, whose classes and performers are known."""

    out: Out
    """The encoder: a .safetensors file. What an interrupted training needs to go on lies beside it."""

    phase: Literal["test", "validation"] = "test"
    """Which phase it encodes: the validation phase's encoder also leaves out the classes that play unseen there, and
    the performers held out. `gzssar embed` takes both, as --weights and --validation-weights."""

    body_count: int = 2
    """Bodies the encoder reads: 1 where nobody ever acts with somebody else halves the time."""

    log: Path | None = None
    """Folder for TensorBoard scalars."""

    training: EncoderTraining = field(default_factory=EncoderTraining)
    reading: Reading = field(default_factory=Reading)
    zero_shot: ZeroShot = field(default_factory=ZeroShot)

    def __post_init__(self) -> None:
        if not self.zero_shot.given:
            raise ConfigError(
                "an encoder learns seen classes: say which are unseen with --split, with --unseen and "
                "--validation-unseen, or draw a class split with --unseen-count."
            )
        if self.out.suffix != ".safetensors":
            raise ConfigError(f"an encoder is written as .safetensors, but {self.out} has another suffix.")
        if self.body_count < 1:
            raise ConfigError(f"an encoder reads at least one body, but body_count is {self.body_count}.")


@dataclass(frozen=True)
class ShowConfig:
    """A clip as a picture, so that one sees whether joints and axes are right."""

    clips: Clips
    """A file or a folder of recordings."""

    out: Out
    """The picture: .png for a strip of frames, .gif for an animation."""

    index: int = 0
    """Which clip, where there are several: from 0, in the order of the files."""

    frames: int = 8
    """Frames of the strip."""

    numbers: bool = False
    """Write each joint's number beside it."""

    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True)
class InspectConfig:
    """What recordings hold, and what is odd about them."""

    clips: Clips
    """A file or a folder of recordings."""

    reading: Reading = field(default_factory=Reading)
