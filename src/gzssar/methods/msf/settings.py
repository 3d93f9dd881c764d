"""Every choice of MSF that the paper and our repaired version make differently, one field each."""

from dataclasses import dataclass, field
from typing import Any, Literal

from gzssar.choices import check_choices, check_positive, check_unread
from gzssar.errors import ConfigError
from gzssar.methods.problem import Spaces


@dataclass(frozen=True)
class MsfSettings:
    """MSF's choices. The defaults are ours; :data:`gzssar.methods.recipe.PAPER` has the paper's."""

    spaces: Spaces = field(default_factory=Spaces)
    """How features and texts are brought into the spaces that the VAE reads."""

    latent_width: int = 64
    """Z. The paper: 100 on NTU-60, 200 on NTU-120."""

    cycles: int = 3
    """Training cycles; a checkpoint is kept after each, and one of them is selected."""

    cycle_steps: int = 400
    """Steps (mini-batches) in a cycle. The paper: 1700 on the 55/5 split, 1900 on the others."""

    schedule: Literal["constant", "cyclic"] = "constant"
    """Loss weights over a cycle: the same throughout, or the paper's annealing (KL weights rise, cross terms switch on
    late)."""

    cross_from: int = 1400
    """The step of a cycle after which the cyclic schedule switches the cross terms and the text's KL on."""

    batch_size: int = 64
    """Clips in a step."""

    learning_rate: float = 1e-3
    """Of Adam."""

    sampling: Literal["classes", "clips"] = "classes"
    """Batches draw a class first and then a clip of it (classes weigh the same), or clips directly."""

    reconstruction: Literal["likelihood", "mean-squared-error"] = "likelihood"
    """Half the squared error summed over dimensions, as a Gaussian's log-likelihood has it, or the mean over them."""

    text_precision: float = 30.0
    """How much a text's squared error weighs against a skeleton's; used with `likelihood` only."""

    text_noise: float = 0.15
    """Standard deviation of noise added to each dimension of a text before it is encoded; it acts as a ridge penalty
    on the few class texts there are."""

    noise: Literal["independent", "shared"] = "independent"
    """Latent noise: one draw per dimension, or (the authors' code) one scalar per clip for all dimensions."""

    output: Literal["linear", "rectified"] = "linear"
    """What follows the last layer of the decoders and of the unseen classifier: nothing, or (the authors' code) a
    ReLU."""

    seen_classifier: Literal["encoder", "nearest-mean"] = "nearest-mean"
    """The skeleton encoder's own logits, or the log-density around each class's mean clip in the skeleton space."""

    unseen_classifier: Literal["nearest-prototype", "softmax"] = "nearest-prototype"
    """The log-density around each class's skeleton prototype, decoded from its text; or the paper's linear softmax,
    trained on latents drawn from the unseen classes' texts."""

    samples_per_class: int = 200
    """Latents drawn from each unseen class's text to train the softmax on. The paper: 500."""

    classifier_steps: int = 300
    """Full-batch Adam steps of the softmax."""

    classifier_learning_rate: float = 1e-3
    """Of the softmax's Adam."""

    def __post_init__(self) -> None:
        check_choices(self)
        counts = ("latent_width", "cycles", "cycle_steps", "batch_size", "samples_per_class", "classifier_steps")
        check_positive(self, *counts, "cross_from", "learning_rate", "text_precision", "classifier_learning_rate")
        check_unread(self, self.schedule == "cyclic", 'schedule="cyclic"', "cross_from")
        check_unread(self, self.reconstruction == "likelihood", 'reconstruction="likelihood"', "text_precision")
        softmax = ("samples_per_class", "classifier_steps", "classifier_learning_rate")
        check_unread(self, self.unseen_classifier == "softmax", 'unseen_classifier="softmax"', *softmax)
        if not self.text_noise >= 0:
            raise ConfigError(f"text_noise is a standard deviation, but it is {self.text_noise}.")


PAPER_SPLITS: dict[str, dict[str, Any]] = {
    "ntu60-55-5": {"latent_width": 100, "cycle_steps": 1700},
    "ntu60-48-12": {"latent_width": 100, "cycle_steps": 1900, "cross_from": 1500},
    "ntu120-110-10": {"latent_width": 200, "cycle_steps": 1900, "cross_from": 1500},
    "ntu120-96-24": {"latent_width": 200, "cycle_steps": 1900, "cross_from": 1500},
}
"""What the paper sets otherwise on the published splits."""
