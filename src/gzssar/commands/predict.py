"""Arguments of the commands on models: predict, fit, export. Plain frozen dataclasses; importing them costs no torch.
The docstring under a field is its help on the command line.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from gzssar.commands.options import Reading, require_positive
from gzssar.errors import ConfigError
from gzssar.texts.encoding import Encoding, text_kinds

STDIN = "-"
"""Stands among the clips for frames that come one by one."""


@dataclass(frozen=True)
class PredictConfig:
    """What clips show, of seen and unseen classes alike."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """The folder of a fitted model."""

    clips: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[CLIPS ...]")] = ()
    """Files, folders or patterns of recordings; - reads frames as JSON, one a line, and answers with JSON Lines as they
    come."""

    json: bool = False
    """Write JSON Lines: one object per clip, with the whole ranking."""

    csv: bool = False
    """Write CSV: one row per clip. Without either: a table for people."""

    candidate_labels: tuple[str, ...] = ()
    """Only these classes may be the answer; without them, all that the model knows."""

    top_k: int = 5
    """Classes in a ranking, at most."""

    abstain: bool = False
    """Give no label where the best score lies below the model's threshold."""

    watch: Path | None = None
    """Instead of clips: a folder. What lies there is answered, then every new file as soon as it is complete, until
    Ctrl-C."""

    window: float | None = None
    """Seconds of a window that slides over long recordings, each of which gives labelled segments. For -: the seconds
    that count, 2 unless said otherwise."""

    stride: float | None = None
    """Seconds from window to window; half a window unless said otherwise. For -: seconds from answer to answer; without
    it, each frame is answered."""

    timeline: Path | None = None
    """With --window: a picture (.png) of the segments of one recording."""

    add: Path | None = None
    """A table of further classes, which the model recognizes at once: CSV, TSV, JSON or YAML with label, action and
    motion."""

    batch_size: int = 32
    """Clips encoded at a time."""

    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        if self.json and self.csv:
            raise ConfigError("answers are written as --json or as --csv: give one of them.")
        if bool(self.clips) == (self.watch is not None):
            raise ConfigError("what to recognize comes as files and folders or as --watch DIR: give one of them.")
        require_positive(self, "top_k", "batch_size")
        self._check_windows()
        if self.timeline is not None:
            self._check_timeline()
        if STDIN in self.clips:
            self._check_stdin()

    @property
    def live(self) -> bool:
        """Whether frames come one by one."""
        return self.clips == (STDIN,)

    def _check_windows(self) -> None:
        for name in ("window", "stride"):
            seconds = getattr(self, name)
            if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
                raise ConfigError(f"--{name} should be a positive number of seconds, but it is {seconds:g}.")
        if self.stride is None or self.live:
            return
        if self.window is None:
            raise ConfigError("--stride is the way from window to window: say how long they are with --window.")
        if self.stride > self.window:
            raise ConfigError(
                f"--stride should be at most as long as --window, or frames in between go unseen, but {self.stride:g} "
                f"is more than {self.window:g}."
            )

    def _check_timeline(self) -> None:
        assert self.timeline is not None
        if self.window is None or self.watch is not None or STDIN in self.clips:
            raise ConfigError("--timeline draws the segments of one recording: give a file and --window.")
        if self.timeline.suffix.lower() != ".png":
            raise ConfigError(f"--timeline should be a picture that ends in .png, but {self.timeline} does not.")

    def _check_stdin(self) -> None:
        if len(self.clips) > 1:
            raise ConfigError("- reads frames from standard input: leave the other clips out.")
        if self.csv:
            raise ConfigError("answers to frames from standard input are JSON Lines: leave --csv out.")


_OUT = tyro.conf.arg(aliases=["-o"])


@dataclass(frozen=True)
class FitConfig:
    """A recognizer to keep: one folder that `gzssar predict`, `serve` and `Recognizer.load` take."""

    texts: str
    """Texts of all classes: a table (.csv, .tsv, .json, .yaml), or the name of one that comes with the package. Classes
    without clips are unseen."""

    out: Annotated[Path, _OUT]
    """The folder."""

    data: Path | None = None
    """Recordings of the seen classes: a file or a folder that a reader knows."""

    features: Path | None = None
    """Instead: features that `gzssar embed -o FEATURES.npz` made."""

    encoder_weights: Path | None = None
    """The skeleton encoder: what `gzssar train-encoder` wrote, or the Shift-GCN authors' .pt files. With --features it
    should be what made them; without it, the recognizer takes features alone."""

    frames: int | None = None
    """With --data: frames that clips are brought to; as many as the weights were trained on (300 for the authors')
    unless said otherwise. Fewer are quicker in proportion, in fitting and in recognizing."""

    unseen: tuple[str, ...] = ()
    """Labels of classes whose clips are left out, as if there were none."""

    train_subjects: tuple[int, ...] = ()
    """Performers to learn from; all of them without it."""

    text: str = "lb+ad+md"
    """Texts to fuse, joined by +: lb (label), ad (action description), md (motion description)."""

    seed: int = 0
    """Of everything that is drawn."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Encodes the recordings: cpu, cuda, or auto: cuda where there is one."""

    encoding: Encoding = field(default_factory=Encoding)
    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        if (self.data is None) == (self.features is None):
            raise ConfigError("what to learn from comes as --data CLIPS or as --features FEATURES.npz: give one.")
        if self.data is not None and self.encoder_weights is None:
            raise ConfigError("recordings need a skeleton encoder: give one with --encoder-weights.")
        if self.data is None and self.frames is not None:
            raise ConfigError("--frames goes with --data: features are of as many frames as embed was told.")
        require_positive(self, "frames")
        text_kinds(self.text)


@dataclass(frozen=True)
class ExportConfig:
    """A model as ONNX graphs, to run without PyTorch."""

    model: Annotated[Path, tyro.conf.Positional]
    """The folder of a fitted model."""

    onnx: Path
    """A new folder for encoder.onnx, heads.onnx, and the unseen classes: prototypes.npy and texts.csv, row by row."""

    add: Path | None = None
    """A table of further classes to add first: CSV, TSV, JSON or YAML with label, action and motion."""
