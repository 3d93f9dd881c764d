"""What a user can choose about an encoder's training. No torch here: the command line's help is to be there at once."""

from dataclasses import dataclass
from typing import Literal, get_args

from gzssar.errors import ConfigError
from gzssar.skeletons.preprocess import STREAMS

Optimizer = Literal["adamw", "sgd"]
Schedule = Literal["cosine", "step"]
Augmentation = Literal["mirror", "rotate", "scale", "noise", "mixup"]
Precision = Literal["fp32", "bf16"]
Device = Literal["auto", "cpu", "cuda"]
Stream = Literal["joint", "bone", "joint motion", "bone motion"]

_CHOICES = {
    "optimizer": Optimizer,
    "schedule": Schedule,
    "augmentations": Augmentation,
    "precision": Precision,
    "device": Device,
}

PLACES = ("device", "processes")
"""Fields that say where a training runs, not which one it is: it may go on elsewhere, equal to rounding."""


@dataclass(frozen=True)
class EncoderTraining:
    """How an encoder is trained. "The paper" is that of Shift-GCN. Equal fields, clips and classes give equal weights.

    Raises:
        ConfigError: a field is out of its range, or fields contradict each other.
    """

    seed: int = 0
    """The seed of all random numbers in the training: weights, order, augmentations."""

    network: str = "shift-gcn"
    """The network to train, by name."""

    width: int = 64
    """Channels of the first blocks; features are four times as wide. The paper: 64. On two cores, 16 is practical."""

    frames: int = 300
    """The number of frames that clips are brought to. The paper: 300. The time of a step is proportional to it."""

    encoder_fps: float = 30.0
    """Frames per second that clips are brought to, in the training and wherever the encoder is used."""

    stream: Stream = "joint"
    """The stream that the network reads: positions, bones, or the change of either from frame to frame."""

    epochs: int = 60
    """Full passes over the training clips. The paper: 140."""

    batch_size: int = 32
    """Clips per step, over all processes; a last incomplete batch is left out. The paper: 64."""

    optimizer: Optimizer = "adamw"
    """adamw, or the paper's: sgd with Nesterov momentum 0.9."""

    learning_rate: float = 2e-3
    """The highest learning rate. The paper: 0.1, with sgd."""

    weight_decay: float = 1e-3
    """Weight decay: decoupled from the gradient with adamw, part of the gradient with sgd. The paper: 1e-4."""

    warm_up: int = 0
    """The number of epochs in which the learning rate rises to the highest. The paper: none."""

    schedule: Schedule = "cosine"
    """How the learning rate falls: cosine to zero, or, as in the paper, step: to a tenth after 3/7, 4/7 and 5/7 of the
    epochs."""

    augmentations: tuple[Augmentation, ...] = ("mirror", "rotate", "scale", "noise")
    """The random variations of training clips. The paper: none."""

    label_smoothing: float = 0.1
    """The share of the target that is spread over all classes. The paper: 0."""

    precision: Precision = "fp32"
    """bf16 computes layers in bfloat16 and keeps weights in fp32: faster on GPUs."""

    patience: int = 0
    """Stop if the accuracy on held-out seen clips has not risen for so many epochs, and keep the best epoch; 0:
    never."""

    device: Device = "auto"
    """The device of the training; auto takes a CUDA device if there is one."""

    processes: int = 1
    """The number of processes that share each batch, one for each device. Lightning Fabric starts them; under torchrun,
    torchrun does."""

    def __post_init__(self) -> None:
        for name, least in (
            ("seed", 0),
            ("width", 1),
            ("frames", 1),
            ("epochs", 1),
            ("batch_size", 2),
            ("processes", 1),
        ):
            self._require(getattr(self, name) >= least, name, f"at least {least}")
        for name in ("weight_decay", "patience"):
            self._require(getattr(self, name) >= 0, name, "zero or more")
        self._require(0 < self.encoder_fps < float("inf"), "encoder_fps", "positive and finite")
        self._require(0 < self.learning_rate < float("inf"), "learning_rate", "positive and finite")
        self._require(
            0 <= self.warm_up < self.epochs, "warm_up", f"zero or more and less than the {self.epochs} epochs"
        )
        self._require(0 <= self.label_smoothing < 1, "label_smoothing", "zero or more and less than one")
        if self.network != "shift-gcn":  # torch is imported for others alone
            from gzssar.encoders.registry import find_network

            find_network(self.network)
        self._require(self.stream in STREAMS, "stream", f"one of {', '.join(STREAMS)}")
        for name, choices in _CHOICES.items():
            chosen = getattr(self, name)
            named = chosen if name == "augmentations" else (chosen,)
            known = isinstance(named, tuple) and set(named) <= set(get_args(choices))
            self._require(known, name, f"of {', '.join(get_args(choices))}")

    def _require(self, fulfilled: bool, name: str, wanted: str) -> None:
        if not fulfilled:
            raise ConfigError(f"{name} of an encoder's training should be {wanted}, but it is {getattr(self, name)!r}.")
