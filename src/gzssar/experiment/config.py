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
"""The accuracy that selects the checkpoint: on seen classes that are held out, or on the unseen test clips (the
authors' way, only for comparison)."""
SELECTIONS: tuple[Selection, ...] = ("validation", "paper-test-selected")


@dataclass(frozen=True)
class ExperimentConfig:
    """A generalized zero-shot experiment: its data, its texts, its recipe and its number of seeds."""

    synse: Path | None = None
    """Folder with SynSE skeleton features (`sk_feats/`, `label_splits/`). By default, the experiment runs on the
    embedded synthetic motion world, from raw clips."""

    text_features: tuple[Path, ...] = ()
    """Folder with `lb_<K>.npy`, `ad_<K>.npy` and `md_<K>.npy`, one row per class. The features of several folders, from
    several encoders, are fused."""

    texts: str | None = None
    """Instead of --text-features: a table of class texts to encode (.csv, .tsv, .json or .yaml; columns id, label,
    action, motion), or the name of a packaged table, such as utd_mhad. Its labels are the class names in the report.
    If --class-names is given, its rows are matched to those names by label."""

    encoding: Encoding = field(default_factory=Encoding)

    class_names: Path | None = None
    """Class names for the report: a CSV with a `label` column, or a text file with one name per line, in the order of
    the class ids. By default, the classes are numbered."""

    split: str | None = None
    """A published class split: ntu60-55-5, ntu60-48-12, ntu120-110-10 or ntu120-96-24. By default, the split comes from
    the folder's `label_splits/`."""

    unseen_count: int | None = None
    """Number of unseen classes; needed if the folder has features for several numbers."""

    text: str = "lb+ad+md"
    """Texts to fuse, joined by +: lb (label), ad (action description), md (motion description)."""

    recipe: Annotated[str | Recipe, tyro.conf.arg(constructor=str, metavar="NAME")] = "default"
    """`default`: our best under the rule `validation`. `msf`: MSF with its errors corrected. `paper`: MSF as in the
    authors' code. Or the name of a method, such as ridge or sa-dvae (docs/methods.md lists them), also of one that
    another package adds. From Python, it can also be a recipe."""

    selection: Literal["validation", "paper-test-selected", "both"] = "validation"
    """How the checkpoint is selected. `validation` uses seen classes that are held out. `paper-test-selected` uses the
    unseen test clips, as the authors' code does: use it only for comparison. `both` applies both rules to each
    training; the results of the second are in the folder paper-test-selected inside --out."""

    seeds: int = 5
    """How many seeds to run."""

    first_seed: int = 0
    """The first seed; the next seeds follow it."""

    jobs: int = 1
    """Seeds to run at once, each on one core."""

    out: Path | None = None
    """Folder for config.json, scores.json, report.html and report.md. The same command continues an interrupted run. By
    default, a command writes to a folder in runs/, and Python writes nothing."""

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
