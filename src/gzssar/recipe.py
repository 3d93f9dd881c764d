"""What can be chosen: an experiment's arguments and the recipes. Plain frozen dataclasses; importing them is free.

The docstring under a field is its help on the command line.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin

from gzssar.errors import ConfigError

Fusion = Literal["concatenation", "standardised", "weighted", "mean", "experts"]
"""How several texts of a class become one; each is a function of :mod:`gzssar.texts.fusion`."""


def _check_choices(record: Any) -> None:
    """Refuse values that are none of a field's choices; the type checker does not see what is made at run time.

    Raises:
        ConfigError: a field with a Literal type holds something else.
    """
    for one in fields(record):
        choices, value = get_args(one.type), getattr(record, one.name)
        if get_origin(one.type) is Literal and value not in choices:
            raise ConfigError(f"{one.name} is one of {', '.join(map(str, choices))}, but {value!r} came.")


@dataclass(frozen=True)
class Recipe:
    """Every choice of the method that the paper and our default make differently, one field each."""

    name: str
    """What the recipe is called in reports."""

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

    skeleton_space: Literal["whitened", "raw"] = "whitened"
    """Skeleton features as they come, or scaled so that clips of one class scatter with unit variance in every
    direction (pooled within-class covariance of the phase's own training clips)."""

    shrinkage: float = 0.3
    """Share of the pooled within-class covariance that is replaced by a multiple of the identity."""

    fusion: Fusion = "weighted"
    """How tables of text features (kinds, encoders) are fused. `concatenation`: the paper's, with one norm of the whole
    row. The others first standardise each table (unit rows, centred on the seen classes, unit mean square norm):
    `standardised` concatenates them, `weighted` does so with weights, `mean` takes their mean, `experts` gives each a
    VAE of its own and averages what they say."""

    text_weights: tuple[float, float, float] | None = (1.0, 1.0, 2.0)
    """What a label, an action and a motion text weigh in the fusion `weighted`. None: each table's weight is fitted on
    classes that play unseen."""

    text_space: Literal["centred", "raw"] = "centred"
    """Fused texts as they come, or centred on the seen classes, with unit mean square norm, in the few dimensions they
    span."""

    seen_classifier: Literal["encoder", "nearest-mean", "best"] = "best"
    """The skeleton encoder's own softmax; the nearest class mean in the whitened space; or whichever of the two is
    right more often on the validation phase's seen clips."""

    unseen_classifier: Literal["nearest-prototype", "softmax"] = "nearest-prototype"
    """The class whose skeleton prototype, decoded from its text, is nearest; or the paper's linear softmax, trained on
    latents drawn from the unseen classes' texts."""

    samples_per_class: int = 200
    """Latents drawn from each unseen class's text to train the softmax on. The paper: 500."""

    classifier_steps: int = 300
    """Full-batch Adam steps of the softmax."""

    classifier_learning_rate: float = 1e-3
    """Of the softmax's Adam."""

    gate_input: Literal["distances", "probabilities"] = "distances"
    """What the gate reads: log-densities under the nearest seen class and the nearest text-generated unseen class, or
    the paper's sorted probabilities."""

    gate_training: Literal["folds", "validation", "folds+validation"] = "folds"
    """Where the gate learns: on leave-classes-out folds of the seen classes, on the validation phase, or on both."""

    gate_weighting: Literal["balanced", "as-they-come"] = "balanced"
    """Whether the gate standardises its inputs and lets seen and unseen clips weigh the same, or (the authors' code)
    takes inputs and clips as they come."""

    fold_classes: int = 6
    """About how many seen classes play unseen in a fold; used with folds only."""

    temperature: float = 1.0
    """Of the seen softmax inside the gate's probabilities. The paper: 2."""

    threshold: float | None = None
    """The gate says "seen" where p_seen > threshold. None: tuned, for the highest mean H over the phases the gate
    learned from and the validation phase."""

    def __post_init__(self) -> None:
        _check_choices(self)
        for name, value in vars(self).items():
            if (
                isinstance(value, int | float)
                and name not in ("text_noise", "shrinkage", "threshold")
                and not value > 0
            ):
                raise ConfigError(f"{name} must be positive, but it is {value}.")
        if not self.text_noise >= 0:
            raise ConfigError(f"text_noise is a standard deviation, but it is {self.text_noise}.")
        if not 0 <= self.shrinkage <= 1:
            raise ConfigError(f"shrinkage is a share in [0, 1], but it is {self.shrinkage}.")
        if self.text_weights is not None and not (min(self.text_weights) >= 0 < sum(self.text_weights)):
            raise ConfigError(f"text_weights are shares, none negative, but they are {self.text_weights}.")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ConfigError(f"threshold is a probability in [0, 1], but it is {self.threshold}.")
        if "folds" in self.gate_training and self.gate_input == "probabilities":
            raise ConfigError(
                "a gate on the encoder's probabilities cannot learn from folds, since nobody has encoder logits of "
                'training clips: use gate_training="validation" or gate_input="distances".'
            )


DEFAULT = Recipe(name="default")
"""The best method we have under an honest protocol; benchmarks/RESULTS.md tells how it was chosen."""

PAPER = Recipe(
    name="paper",
    latent_width=100,
    cycles=10,
    cycle_steps=1700,
    schedule="cyclic",
    batch_size=64,
    learning_rate=1e-4,
    sampling="clips",
    reconstruction="mean-squared-error",
    text_noise=0.0,
    samples_per_class=500,
    noise="shared",
    output="rectified",
    skeleton_space="raw",
    fusion="concatenation",
    text_space="raw",
    seen_classifier="encoder",
    unseen_classifier="softmax",
    gate_input="probabilities",
    gate_training="validation",
    gate_weighting="as-they-come",
    temperature=2.0,
    threshold=0.5,
)
"""MSF as the authors' code has it, quirks and all (Li et al., ICIG 2023)."""

RECIPES = {recipe.name: recipe for recipe in (DEFAULT, PAPER)}

_PAPER_SPLITS: dict[str, dict[str, Any]] = {
    "ntu60-55-5": {"latent_width": 100, "cycle_steps": 1700},
    "ntu60-48-12": {"latent_width": 100, "cycle_steps": 1900, "cross_from": 1500},
    "ntu120-110-10": {"latent_width": 200, "cycle_steps": 1900, "cross_from": 1500},
    "ntu120-96-24": {"latent_width": 200, "cycle_steps": 1900, "cross_from": 1500},
}


def recipe_for(name: str, split: str | None = None) -> Recipe:
    """A recipe by name; ``paper`` takes the paper's latent width and cycle length on the published splits.

    Raises:
        ConfigError: no recipe has that name.
    """
    if name not in RECIPES:
        raise ConfigError(f"there is no recipe named {name!r}; there are {', '.join(RECIPES)}.")
    recipe = RECIPES[name]
    return replace(recipe, **_PAPER_SPLITS.get(split or "", {})) if name == "paper" else recipe
