"""An experiment's arguments. A plain frozen dataclass; the docstring under a field is its help on the command line."""

import shlex
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from gzssar.choices import check_choices, check_positive
from gzssar.errors import ConfigError
from gzssar.methods.recipe import RECIPES, Recipe, recipe_for
from gzssar.texts.encoding import Encoding, text_kinds

Selection = Literal["validation", "paper-test-selected"]
"""Who picks the checkpoint: accuracy on classes held out of the seen ones, or (the authors' way, for comparison only)
accuracy on the unseen test clips."""
SELECTIONS: tuple[Selection, ...] = ("validation", "paper-test-selected")


@dataclass(frozen=True)
class ExperimentConfig:
    """A generalized zero-shot experiment: which data, which texts, which recipe, how many seeds."""

    synse: Path | None = None
    """Folder with SynSE skeleton features (`sk_feats/`, `label_splits/`). Without it the embedded synthetic motion
    world runs, from raw clips."""

    text_features: tuple[Path, ...] = ()
    """Folder with `lb_<K>.npy`, `ad_<K>.npy` and `md_<K>.npy`, one row per class; several folders, of several
    encoders, are fused."""

    texts: str | None = None
    """Instead of --text-features: a table of class texts to encode (.csv, .tsv, .json or .yaml; columns id, label,
    action, motion), or the name of one that comes with the package, such as utd_mhad. Its labels name the classes in
    the report, or, where --class-names does, are matched to them."""

    encoding: Encoding = field(default_factory=Encoding)

    class_names: Path | None = None
    """What the classes are called in the report: a CSV with a `label` column or a text file with a name a line, in
    order of class id. Without it they are numbered."""

    split: str | None = None
    """A published class split: ntu60-55-5, ntu60-48-12, ntu120-110-10 or ntu120-96-24. Without it the folder's
    `label_splits/` decide."""

    unseen_count: int | None = None
    """Number of unseen classes, where the folder holds features for several."""

    text: str = "lb+ad+md"
    """Texts to fuse, joined by +: lb (label), ad (action description), md (motion description)."""

    recipe: Annotated[str | Recipe, tyro.conf.arg(constructor=str, metavar="NAME")] = "default"
    """`default`: our best under an honest protocol. `msf`: MSF with our repairs. `paper`: MSF as the authors' code has
    it. Or the name of a method, such as ridge or sa-dvae (docs/methods.md lists them), or of one that another package
    adds. From Python, a recipe too."""

    selection: Literal["validation", "paper-test-selected", "both"] = "validation"
    """Who picks the checkpoint. `paper-test-selected` looks at the unseen test clips as the authors' code does: for
    comparison, never a headline. `both` judges each training by both, and keeps the second's in a folder of its name
    inside --out."""

    seeds: int = 5
    """How many seeds to run."""

    first_seed: int = 0
    """The first seed; the others follow it."""

    jobs: int = 1
    """Seeds to run at once, one core each."""

    out: Path | None = None
    """Folder for config.json, scores.json, report.html and report.md. The same command resumes what a kill cut off."""

    def __post_init__(self) -> None:
        recipe_for(self.recipe)
        check_choices(self)
        check_positive(self, "seeds", "jobs")
        if self.split and self.unseen_count:
            raise ConfigError(f"--split {self.split} says how many classes are unseen: leave --unseen-count out.")
        if self.first_seed < 0:
            raise ConfigError(f"seeds count from 0, but first_seed is {self.first_seed}.")
        brought = (self.text_features, self.texts, self.class_names, self.split, self.unseen_count)
        if self.synse is None and any(brought):
            raise ConfigError(
                "--text-features, --texts, --class-names, --split and --unseen-count go with --synse DIR; without it "
                "the embedded synthetic world runs, which brings its own."
            )
        if self.synse is not None and not self.text_features and self.texts is None:
            raise ConfigError(
                "skeleton features need text features: name the folder that holds lb_<K>.npy, ad_<K>.npy and "
                "md_<K>.npy with --text-features DIR, or bring texts with --texts TABLE."
            )
        if self.text_features and self.texts is not None:
            raise ConfigError("texts come as features or as words: give --text-features or --texts, not both.")
        if self.text_features and self.encoding != Encoding():
            raise ConfigError(
                "--encoder, --template and --truncate are for texts that come as words: leave them out, or give "
                "--texts TABLE instead of --text-features."
            )
        text_kinds(self.text)

    @property
    def selections(self) -> tuple[Selection, ...]:
        """The rule, or both."""
        return SELECTIONS if self.selection == "both" else (self.selection,)

    def command(self) -> str:
        """The command line that repeats the experiment; a remark where its recipe can be given from Python only."""
        changed = {**_changed(self), **_changed(self.encoding)}
        remark = []
        if isinstance(recipe := changed.get("recipe"), Recipe):
            changed["recipe"] = recipe.name
            remark = [] if RECIPES.get(recipe.name) == recipe else ["# from Python, with the recipe in config.json:"]
        return " ".join([*remark, "gzssar run", *(_option(name, value) for name, value in changed.items())])


def _changed(record: Any) -> dict[str, Any]:
    """Fields that differ from their default; those with fields of their own left out."""
    values = {f.name: (getattr(record, f.name), f.default) for f in fields(record) if f.name != "encoding"}
    return {name: value for name, (value, default) in values.items() if value != default}


def _option(name: str, value: Any) -> str:
    """A field as it is written on the command line."""
    flag = f"--{name.replace('_', '-')}"
    if value is True:
        return flag
    values = value if isinstance(value, tuple) else (value,)
    return " ".join([flag, *(shlex.quote(str(one)) for one in values)])
