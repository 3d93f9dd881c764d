"""A bench's arguments. A plain frozen dataclass; the docstring under a field is its help on the command line."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from gzssar.choices import check_choices, check_positive
from gzssar.errors import ConfigError
from gzssar.methods.recipe import Recipe, recipe_for
from gzssar.texts.encoding import Encoding, text_kinds


@dataclass(frozen=True)
class BenchConfig:
    """A comparison of methods on many class splits: its data, its splits and its methods."""

    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder for bench.json, bench.md, bench.csv and figures/. The same command continues an interrupted bench. A
    command with more splits, seeds or methods adds them to the existing results."""

    features: tuple[Path, ...] = ()
    """Feature files (feature, label, subject, class_names; .npz or .safetensors). Each is a benchmark, for which
    --splits class splits are drawn at random."""

    synse: tuple[Path, ...] = ()
    """Instead of --features: SynSE folders. Each is one existing class split. Folders with the same parent folder are
    splits of one benchmark."""

    texts: tuple[str, ...] = ()
    """A table of class texts, or the name of a packaged table; or one table for each of --features or --synse. The
    classes of --features are matched to the rows by label; class k of a SynSE folder has row k."""

    text_features: tuple[Path, ...] = ()
    """With --synse, instead of --texts: folders with lb_<K>.npy, ad_<K>.npy and md_<K>.npy; their features
    are fused."""

    text: str = "lb+ad+md"
    """Texts to fuse, joined by +: lb (label), ad (action description), md (motion description)."""

    methods: tuple[str, ...] = ("default",)
    """Recipes and methods by name. `short=msf` defines a variant of msf with the name short."""

    set: tuple[str, ...] = ()
    """Values for fields of the recipes or of their methods, such as default.fold_classes=4 or ridge.penalty=2."""

    unseen: int | None = None
    """With --features: the number of unseen classes in each split."""

    splits: int = 30
    """With --features: the number of class splits to draw."""

    split_seed: int = 0
    """With --features: split k of K classes depends only on this seed, K, --unseen and k."""

    train_subjects: tuple[int, ...] = ()
    """With --features: the performers whose clips are for training; by default, those with odd ids."""

    split: str | None = None
    """With --synse: a published class split by name, such as ntu60-55-5."""

    seeds: int = 1
    """The number of seeds of each method on each split, from seed 0 on; their scores are averaged."""

    jobs: int = 1
    """Splits to run at once, each on one core."""

    engine: Literal["loop", "ray"] = "loop"
    """`loop` uses the cores of this machine (--jobs). `ray` uses all nodes of a Ray cluster, which must share the
    folder -o."""

    encoding: Encoding = field(default_factory=Encoding)

    def __post_init__(self) -> None:
        check_choices(self)
        check_positive(self, "unseen", "splits", "seeds", "jobs")
        text_kinds(self.text)
        if self.split_seed < 0:
            raise ConfigError(f"seeds count from 0, but --split-seed is {self.split_seed}.")
        if bool(self.features) == bool(self.synse):
            raise ConfigError("a bench runs on feature files or on SynSE folders: give --features or --synse.")
        if self.features and self.unseen is None:
            raise ConfigError("class splits are drawn from a feature file: say with --unseen how many are unseen.")
        if self.features and (self.text_features or self.split):
            raise ConfigError("--text-features and --split go with --synse: leave them out.")
        if self.synse and (self.unseen or self.train_subjects):
            raise ConfigError("SynSE folders are cut already: leave --unseen and --train-subjects out.")
        if bool(self.texts) == bool(self.text_features):
            raise ConfigError("texts come as words or as features: give --texts, or with --synse --text-features.")
        if self.texts and len(self.texts) not in (1, len(self.data)):
            raise ConfigError(f"--texts is one table for all {len(self.data)} benchmarks, or one for each.")
        self.recipes()

    @property
    def data(self) -> tuple[Path, ...]:
        """The feature files or the folders."""
        return self.features or self.synse

    def table(self, number: int) -> str | None:
        """The table of class texts of a benchmark."""
        return self.texts[number if len(self.texts) > 1 else 0] if self.texts else None

    def recipes(self) -> dict[str, Recipe]:
        """The recipes by the names that rows have.

        Raises:
            ConfigError: there is no such method or field, a value does not suit, or a name comes twice.
        """
        named = [one.partition("=") for one in self.methods]
        recipes = {name: recipe_for(base or name, self.split) for name, _, base in named}
        if len(recipes) < len(named) or not recipes:
            raise ConfigError(f"--methods names some methods, each once, but {' '.join(self.methods) or 'none'} came.")
        for one in self.set:
            name, dot, rest = one.partition(".")
            path, equals, value = rest.partition("=")
            if not (dot and equals and name in recipes):
                raise ConfigError(
                    f"--set takes METHOD.FIELD=VALUE, with one of {', '.join(recipes)}, but {one!r} came."
                )
            recipes[name] = _with_field(recipes[name], path.split("."), _value(value), one)
        return recipes


def _with_field(record: Any, path: Sequence[str], value: Any, asked: str) -> Any:
    """The record with another value of a field, which is its own or lies in a part of it."""
    own = [one.name for one in fields(record)]
    if path[0] in own:
        there = getattr(record, path[0])
        inner = _as_real(value, there) if len(path) == 1 else _with_field(there, path[1:], value, asked)
        try:
            changed = replace(record, **{path[0]: inner})
            check_choices(changed)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"--set {asked} gives a value of another kind than the field takes ({error}).") from error
        return changed
    for name in own:
        part = getattr(record, name)
        if is_dataclass(part) and _has_field(part, path[0]):
            return replace(record, **{name: _with_field(part, path, value, asked)})
    raise ConfigError(f"--set {asked} names no field; {type(record).__name__} has {', '.join(own)}.")


def _has_field(record: Any, name: str) -> bool:
    """Whether it is the record's own, or lies in a part of it."""
    parts = {one.name: getattr(record, one.name) for one in fields(record)}
    return name in parts or any(is_dataclass(part) and _has_field(part, name) for part in parts.values())


def _as_real(value: Any, there: Any) -> Any:
    """Whole numbers as real ones, where real ones were."""
    if isinstance(value, tuple) and isinstance(there, tuple) and len(value) == len(there):
        return tuple(map(_as_real, value, there))
    return float(value) if isinstance(there, float) and isinstance(value, int) else value


def _value(text: str) -> Any:
    """A Python literal, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
