"""Every choice of MSF that the paper and our repaired version make differently, one field each."""

from dataclasses import dataclass, field
from typing import Any, Literal

from gzssar.choices import check_choices, check_positive, check_unread
from gzssar.errors import ConfigError
from gzssar.methods.problem import Spaces


@dataclass(frozen=True)
class MsfSettings:
    """The settings of MSF. The defaults are ours; :data:`gzssar.methods.recipe.PAPER` has the paper's."""

    spaces: Spaces = field(default_factory=Spaces)
    """The spaces into which features and texts are transformed before the VAE reads them."""

    latent_width: int = 64
    """Z. The paper has 100 on NTU-60 and 200 on NTU-120."""

    cycles: int = 3
    """The number of training cycles. A checkpoint is kept after each cycle, and one of them is selected."""

    cycle_steps: int = 400
    """Steps (mini-batches) in a cycle. The paper has 1700 on the 55/5 split and 1900 on the others."""

    schedule: Literal["constant", "cyclic"] = "constant"
    """The loss weights in a cycle: constant, or the paper's annealing, in which the KL weights rise and the
    cross-reconstruction terms start late."""

    cross_from: int = 1400
    """The step of a cycle after which the cyclic schedule uses the cross-reconstruction terms and the KL of the
    texts."""

    batch_size: int = 64
    """The number of clips in a step."""

    learning_rate: float = 1e-3
    """The learning rate of Adam."""

    sampling: Literal["classes", "clips"] = "classes"
    """`classes`: for each clip of a batch, a class is drawn first and then a clip of it, so all classes have the same
    weight. `clips`: clips are drawn directly."""

    reconstruction: Literal["likelihood", "mean-squared-error"] = "likelihood"
    """`likelihood`: half the squared error, summed over the dimensions, the negative log-likelihood of a Gaussian.
    `mean-squared-error`: the squared error, averaged over the dimensions."""

    text_precision: float = 30.0
    """The weight of the squared error of texts relative to that of skeletons; used with `likelihood` only."""

    text_noise: float = 0.15
    """The standard deviation of the noise that is added to each dimension of a text before it is encoded. There are few
    class texts, and the noise acts as a ridge penalty on them."""

    noise: Literal["independent", "shared"] = "independent"
    """Latent noise: one draw for each dimension, or, as in the authors' code, one draw for each clip for all
    dimensions."""

    output: Literal["linear", "rectified"] = "linear"
    """The activation after the last layer of the decoders and of the unseen classifier: none, or, as in the authors'
    code, a ReLU."""

    seen_classifier: Literal["encoder", "nearest-mean"] = "nearest-mean"
    """The seen scores: the skeleton encoder's logits, or the log-densities around the mean clips of the classes."""

    unseen_classifier: Literal["nearest-prototype", "softmax"] = "nearest-prototype"
    """The unseen scores: the log-densities around the prototypes, which are decoded from the texts, or the
    log-probabilities of the paper's linear softmax, which is trained on latents drawn from the unseen classes'
    texts."""

    samples_per_class: int = 200
    """The number of latents that are drawn from the texts of each unseen class to train the softmax. The paper has
    500."""

    classifier_steps: int = 300
    """The number of full-batch Adam steps of the softmax."""

    classifier_learning_rate: float = 1e-3
    """The learning rate of Adam for the softmax."""

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
"""The paper's settings for the published splits."""
