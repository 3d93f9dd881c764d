"""`gzssar texts`: check, new, fill and encode class texts: what the classes are called and how they move."""

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import tyro
from rich.console import Console

from gzssar.commands.console import FOUND_SOMETHING, progress_bar
from gzssar.commands.options import OUT, Out
from gzssar.errors import ConfigError, TextError
from gzssar.files import require_free, write_json, write_text, writing
from gzssar.palette import png
from gzssar.running import one_thread
from gzssar.shapes import TextFeatures
from gzssar.texts.classes import KIND_OF, TextKind, find_class_texts
from gzssar.texts.encoders import TextEncoder
from gzssar.texts.encoding import Encoding, load_text_encoders

if TYPE_CHECKING:
    from gzssar.texts.authoring.checking import TextCheck

TableName = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TABLE")]

_ABOUT = "encoding.json"
"""Stands beside text features of ours, and says how they came about."""


@dataclass(frozen=True)
class CheckTexts:
    """Find mistakes in class texts, and classes that the texts hardly distinguish."""

    table: TableName
    """A table of class texts (.csv, .tsv, .json, .yaml), or the name of a packaged one."""

    encoding: Encoding = field(default_factory=Encoding)

    out: Annotated[Path | None, OUT] = None
    """A folder for the similarities of all pairs (pairs.csv) and a heat map for each kind of text (similarity.png)."""

    pairs: int = 5
    """How many of the most confusable pairs to show for each kind of text."""

    threshold: float = 0.95
    """Cosine similarity from which two classes count as near-duplicates."""

    fail: bool = False
    """For CI: end with exit code 1 if a text is missing, repeated or too long, or if two classes are near-duplicates in
    the fusion of all texts."""

    def __post_init__(self) -> None:
        if self.pairs < 0:
            raise ConfigError(f"--pairs is how many to show, 0 or more, but it is {self.pairs}.")
        if not -1 <= self.threshold <= 1:
            raise ConfigError(f"--threshold is a cosine in [-1, 1], but it is {self.threshold}.")


@dataclass(frozen=True)
class NewTexts:
    """Write a table of class texts to fill in, with instructions."""

    labels: str
    """The class names, separated by commas, in order of class id."""

    out: Out = Path("texts.csv")
    """The table: .csv, .tsv, .json or .yaml."""


@dataclass(frozen=True)
class FillTexts:
    """Let a language model write the action and motion texts that a table lacks. Edit what it wrote."""

    table: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="TABLE")]
    """The table, into which the answers are written. Texts that it already has are kept."""

    url: str
    """Base URL of an OpenAI-compatible endpoint, such as http://localhost:11434/v1 (llama.cpp, Ollama, vLLM, a
    LiteLLM proxy, …)."""

    model: str
    """The endpoint's name of the model."""

    key_variable: str = "GZSSAR_LLM_KEY"
    """The environment variable with the endpoint's key, if it needs one."""


@dataclass(frozen=True)
class EncodeTexts:
    """Turn a table of class texts into text features: lb_<K>.npy, ad_<K>.npy and md_<K>.npy."""

    table: TableName
    """A table of class texts (.csv, .tsv, .json, .yaml), or the name of a packaged one."""

    out: Out
    """The folder, which `gzssar run --text-features` reads. With several encoders, it gets a subfolder for each."""

    encoding: Encoding = field(default_factory=Encoding)


TextsCommand = Annotated[
    Annotated[CheckTexts, tyro.conf.subcommand("check")]
    | Annotated[NewTexts, tyro.conf.subcommand("new")]
    | Annotated[FillTexts, tyro.conf.subcommand("fill")]
    | Annotated[EncodeTexts, tyro.conf.subcommand("encode")],
    tyro.conf.OmitArgPrefixes,
    tyro.conf.OmitSubcommandPrefixes,
]


def texts(command: TextsCommand) -> None:
    """Check, write, fill and encode class texts: what the classes are called and how they move."""
    match command:
        case CheckTexts():
            _check(command)
        case NewTexts():
            _new(command)
        case FillTexts():
            _fill(command)
        case EncodeTexts():
            _encode(command)


def _check(config: CheckTexts) -> None:
    from gzssar.texts.authoring.check_report import findings, pair_table, verdict
    from gzssar.texts.authoring.checking import check_texts

    with progress_bar() as progress, one_thread():
        done = check_texts(
            find_class_texts(config.table), load_text_encoders(config.encoding), config.threshold, progress
        )
        if config.out is not None:
            _write_check(done, config.out, config.threshold)
    for finding in findings(done):
        print(f"• {finding}")
    if config.pairs and len(done.names) > 1 and done.similarities:
        Console().print(pair_table(done, config.pairs))
    print(verdict(done))
    if config.out is not None:
        print(f"Similarities: {config.out}/pairs.csv" + f", {config.out}/similarity.png" * bool(done.similarities))
    if config.fail and done.found:
        sys.exit(FOUND_SOMETHING)


def _write_check(done: "TextCheck", folder: Path, threshold: float) -> None:
    """Write ``pairs.csv`` and, where there is something to compare, ``similarity.png``."""
    from gzssar.texts.authoring.check_report import pairs_csv

    write_text(folder / "pairs.csv", pairs_csv(done))
    if done.similarities:
        from gzssar.texts.authoring.heat_map import heat_map

        with writing(folder / "similarity.png") as file:
            file.write(png(heat_map(done.similarities, done.names, threshold)))


def _new(config: NewTexts) -> None:
    from gzssar.texts.authoring.template import parse_labels, write_template

    labels = parse_labels(config.labels)
    write_template(labels, config.out)
    print(f"{len(labels)} classes to describe: {config.out}")
    print(f"Then: gzssar texts check {config.out}")


def _fill(config: FillTexts) -> None:
    from gzssar.texts.authoring.filling import fill_texts

    key = os.environ.get(config.key_variable)
    with progress_bar() as progress:
        written = fill_texts(config.table, config.url, config.model, key, progress)
    print(f"{written} texts written by {config.model}; read and edit them: {config.table}")


@one_thread()
def _encode(config: EncodeTexts) -> None:
    """One encoder's features go into the folder itself, those of several into a folder for each, since an experiment
    fuses them. A kind that no class has is left out."""
    table, encoding = find_class_texts(config.table), config.encoding
    kinds = {short: kind for short, kind in KIND_OF.items() if table.has(kind)}
    if not kinds:
        raise TextError(f"{config.table} should have texts to encode, but it has none: fill it in.")
    words = {short: table.of_kind(kind) for short, kind in kinds.items()}
    several = len(encoding.encoder) > 1
    folders = [config.out / _folder_name(spec) if several else config.out for spec in encoding.encoder]
    for folder in folders:
        _check_target(folder, len(table))
    with progress_bar() as progress:
        for folder, encoder in zip(folders, load_text_encoders(encoding), strict=True):
            features = {}
            for short, rows in words.items():
                features[short] = encoder.encode(rows, truncate=encoding.truncate)
                progress(f"encoding with {encoder.name}", len(features), len(words))
            _write(folder, features, len(table), _about(config, encoder, kinds, len(table)))
    for kind in (kind for short, kind in KIND_OF.items() if short not in kinds):
        print(f"left out: {config.table} has no {kind} texts")
    print(f"Encoded by {' + '.join(encoding.encoder)}: {', '.join(f'{short}_{len(table)}.npy' for short in kinds)}")
    print(f"For gzssar run: --text-features {' '.join(map(str, folders))}")


def _folder_name(spec: str) -> str:
    """An encoder's short name, hub name or folder as the name of one folder."""
    return re.sub(r"[^\w.-]+", "-", spec).strip("-.") or "encoder"


def _check_target(folder: Path, class_count: int) -> None:
    """Text features that this command wrote may be written again; others are not ours to replace."""
    if not (folder / _ABOUT).exists():
        for short in KIND_OF:
            require_free(folder / f"{short}_{class_count}.npy")


def _write(folder: Path, features: dict[str, TextFeatures], class_count: int, about: dict[str, Any]) -> None:
    write_json(folder / _ABOUT, about)
    for short in KIND_OF:
        path = folder / f"{short}_{class_count}.npy"
        if short in features:
            with writing(path) as file:
                np.save(file, features[short])
        else:
            path.unlink(missing_ok=True)  # of an earlier table, which had this kind


def _about(config: EncodeTexts, encoder: TextEncoder, kinds: dict[str, TextKind], class_count: int) -> dict[str, Any]:
    return {
        "table": Path(config.table).name,
        "classes": class_count,
        "kinds": kinds,
        "encoder": encoder.name,
        "revision": encoder.revision,
        "template": config.encoding.template,
        "truncate": config.encoding.truncate,
    }
