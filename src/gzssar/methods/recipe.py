"""Recipes: a method with its settings, and how the harness chooses and decides for it."""

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
    """A method, and every choice of the harness around it. Fields of one method live with that method."""

    name: str
    """What the recipe is called in reports."""

    method: Method = field(default_factory=Msf)
    """What scores the classes."""

    held_out: Literal["folds", "validation", "folds+validation"] = "folds"
    """Where whatever is chosen is chosen (checkpoint, gate, temperatures, threshold): on leave-classes-out folds of the
    seen classes, on the validation phase, or on both."""

    fold_classes: int = 6
    """About how many seen classes play unseen in a fold, half of them at most; used with folds only."""

    fold_count: int | None = None
    """How many folds, in which each class plays unseen about equally often. None: as many as there are groups of that
    many classes, 8 at most, and each class plays unseen in one of them."""

    gate_input: Literal["best-scores", "probabilities"] = "best-scores"
    """What the gate reads: the highest seen and the highest unseen score, or the paper's sorted probabilities."""

    gate_temperature: float = 1.0
    """Of the seen softmax inside the gate's probabilities. The paper: 2."""

    gate_weighting: Literal["balanced", "as-they-come"] = "balanced"
    """Whether the gate standardises its inputs and lets seen and unseen clips weigh the same, or (the authors' code)
    takes inputs and clips as they come."""

    routing: Literal["soft", "hard"] = "soft"
    """Whether the gate's odds are weighed by how sure the best class of each kind is, so that the highest of all
    classes' probabilities wins, or (the paper) decide by themselves."""

    threshold: float | None = None
    """A clip is called seen where its routing probability lies above it. None: tuned, for the highest mean H where the
    answers are known."""

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
        """What reports call it: its name, marked where the recipe that comes under that name is another, and where it
        is an upper reference."""
        marks = ["an upper reference"] if is_upper_reference(self.method) else []
        try:
            ours = [recipe_for(self.name, split) for split in (None, *PAPER_SPLITS)]
        except ConfigError:
            ours = [Recipe(self.name, self.method)]
        return ", ".join([self.name, *([] if self in ours else ["changed"]), *marks])

    def described(self) -> dict[str, Any]:
        """Every choice by name, for JSON; the method's by what it is called, what makes it, and its fields."""
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
"""The best method we have under an honest protocol; docs/decisions/0017 tells how it was chosen."""

MSF = Recipe(name="msf")
"""MSF with its errors corrected, as it stood as the default before."""

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
"""MSF as the authors' code has it, quirks and all (Li et al., ICIG 2023)."""

RECIPES = {recipe.name: recipe for recipe in (DEFAULT, MSF, PAPER)}


def recipe_for(recipe: str | Recipe, split: str | None = None) -> Recipe:
    """A recipe, or the one of a name: ``default``, ``msf``, ``paper``, or a method's for that method under our harness.

    The recipe named ``paper`` takes the paper's latent width and cycle length on the published splits.

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
