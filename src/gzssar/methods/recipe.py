"""Recipes: a method with its settings, and the settings of the harness for it."""

import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal

from gzssar.choices import check_choices, check_positive, check_unread
from gzssar.errors import ConfigError
from gzssar.methods import METHODS, method_named
from gzssar.methods.method import Method, is_method, is_upper_reference
from gzssar.methods.msf.method import Msf
from gzssar.methods.msf.settings import PAPER_SPLITS
from gzssar.methods.problem import Spaces
from gzssar.methods.ridge import Ridge
from gzssar.provenance import foreign_hash


@dataclass(frozen=True)
class Recipe:
    """A method and the settings of the harness. The settings of a method are fields of the method."""

    name: str
    """The name of the recipe in reports."""

    method: Method = field(default_factory=Msf)
    """The method, which scores the classes."""

    held_out: Literal["folds", "validation", "folds+validation"] = "folds"
    """The held-out classes on which checkpoint, gate, temperatures and threshold are chosen: those of leave-classes-out
    folds of the seen classes, those of the validation phase, or both."""

    fold_classes: int = 6
    """About how many seen classes play unseen in a fold, but at most half of them; used with folds only."""

    fold_count: int | None = None
    """The number of folds, in which classes play unseen about equally often. None: the seen classes are divided into
    groups of about `fold_classes`, and each group plays unseen in one fold; there are at most 8 folds."""

    gate_input: Literal["best-scores", "probabilities"] = "best-scores"
    """The inputs of the gate: the highest seen and the highest unseen score, or the paper's sorted probabilities."""

    gate_temperature: float = 1.0
    """The temperature of the seen softmax, if the gate reads probabilities. In the paper, it is 2."""

    gate_weighting: Literal["balanced", "as-they-come"] = "balanced"
    """`balanced`: the gate standardises its inputs, and seen and unseen clips have the same total weight.
    `as-they-come`: inputs and clips are used unchanged, as in the authors' code."""

    routing: Literal["soft", "hard"] = "soft"
    """`soft`: the gate's odds are multiplied by the ratio of the best seen and the best unseen class probability, so
    the class with the highest probability of all wins. `hard`: the gate decides alone, as in the paper."""

    threshold: float | None = None
    """A clip counts as seen if its routing probability is above the threshold. None: the threshold with the highest
    mean H on the held-out classes."""

    def __post_init__(self) -> None:
        if not is_method(self.method):
            raise ConfigError(
                "a method is an object with a name and fit(tasks, seed, progress), such as Ridge(), but "
                f"{self.method!r} came."
            )
        check_choices(self)
        if not (self.name and self.name.isprintable()):
            raise ConfigError(f"a recipe has a name of one line, which reports call it by, but it is {self.name!r}.")
        check_positive(self, "fold_classes", "gate_temperature")
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise ConfigError(f"threshold lies between 0 and 1, but it is {self.threshold}.")
        if self.fold_count is not None and self.fold_count < 2:
            raise ConfigError(
                f"fold_count is 2 or more, so that each fold can be judged by others, but it is {self.fold_count}."
            )
        check_unread(self, "folds" in self.held_out, "folds", "fold_classes", "fold_count")
        check_unread(self, self.gate_input == "probabilities", 'gate_input="probabilities"', "gate_temperature")
        if "folds" in self.held_out and getattr(self.method, "needs_logits", False):
            raise ConfigError(
                "the encoder's logits of training clips are not known, so that it cannot classify the clips of folds: "
                'use held_out="validation" or seen_classifier="nearest-mean".'
            )

    @property
    def title(self) -> str:
        """The name for reports, with a mark if the package has another recipe of this name, and a mark if the method is
        an upper reference."""
        marks = ["an upper reference"] if is_upper_reference(self.method) else []
        try:
            ours = [recipe_for(self.name, split) for split in (None, *PAPER_SPLITS)]
        except ConfigError:
            ours = [Recipe(self.name, self.method)]
        return ", ".join([self.name, *([] if self in ours else ["changed"]), *marks])

    def described(self) -> dict[str, Any]:
        """All settings by name, for JSON; the method with its name, its class and its fields."""
        method = self.method
        own = asdict(method) if is_dataclass(method) and not isinstance(method, type) else vars(method)
        what = {"name": method.name, "class": f"{type(method).__module__}.{type(method).__qualname__}"}
        if foreign := foreign_hash(type(method)):
            what["source"] = foreign
        ours = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "method"}
        return {**ours, "method": {**what, **json.loads(json.dumps(own, default=repr))}}


DEFAULT = Recipe(
    name="default",
    method=Ridge(Spaces(roots=True, words=True, text_weights=(1.0, 1.0, 3.0)), nearness="cosine"),
    fold_count=10,
)
"""Our best method, a closed-form ridge regression; docs/decisions/0017 says how it was chosen."""

MSF = Recipe(name="msf")
"""MSF with its errors corrected, the former default."""

PAPER = Recipe(
    name="paper",
    method=Msf(
        spaces=Spaces(skeleton_space="raw", fusion="concatenation", text_space="raw"),
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
        seen_classifier="encoder",
        unseen_classifier="softmax",
    ),
    held_out="validation",
    gate_input="probabilities",
    gate_temperature=2.0,
    gate_weighting="as-they-come",
    routing="hard",
    threshold=0.5,
)
"""MSF as in the authors' code, with its errors (Li et al., ICIG 2023)."""

RECIPES = {recipe.name: recipe for recipe in (DEFAULT, MSF, PAPER)}


def recipe_for(recipe: str | Recipe, split: str | None = None) -> Recipe:
    """Look up a recipe by name; a recipe is returned as it is.

    The names are ``default``, ``msf``, ``paper`` and the names of methods; a method has the default settings of
    :class:`Recipe`. On the published splits, the recipe ``paper`` gets the paper's latent width and cycle length.

    Raises:
        ConfigError: no recipe and no method has that name, or it is neither a recipe nor a name.
    """
    if isinstance(recipe, Recipe):
        return recipe
    if not isinstance(recipe, str):
        raise ConfigError(
            f"recipe is a name or a Recipe, but {recipe!r} came: a method goes into Recipe(name, method) or into "
            "run(config, method=…)."
        )
    if recipe in RECIPES:
        named = RECIPES[recipe]
        if recipe == PAPER.name and split in PAPER_SPLITS and isinstance(named.method, Msf):
            return replace(named, method=replace(named.method, **PAPER_SPLITS[split]))
        return named
    method = method_named(recipe)
    if method is None:
        there = dict.fromkeys([*RECIPES, *METHODS])
        raise ConfigError(f"there is no recipe and no method named {recipe!r}; there are {', '.join(there)}.")
    return Recipe(recipe, method)
