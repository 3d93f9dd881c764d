"""`gzssar models`: the models that can be had by name, and how to get them."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console

from gzssar.commands.console import progress_bar
from gzssar.models import Model, fetch, find_model, known_models, lacking
from gzssar.models.cache import folder_of
from gzssar.models.packaged import PACKAGED
from gzssar.skeletons.oddities import counted

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class ListModels:
    """List the models with their classes, size, licence and citation, and whether they are in the cache."""

    cache: Path | None = None
    """The cache to look in; by default the one that GZSSAR_CACHE names, otherwise ~/.cache/gzssar."""


@dataclass(frozen=True)
class GetModel:
    """Fetch a model into the cache. Files that are there already stay; after a failure, the same command continues."""

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """The name of a model that `gzssar models` lists."""

    source: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """A folder that holds the files, at any depth and under any names, for machines without a network. Their hashes are
    checked as well."""

    cache: Path | None = None
    """The cache; by default the one that GZSSAR_CACHE names, otherwise ~/.cache/gzssar. Commands find models in the
    cache that GZSSAR_CACHE names."""


ModelsCommand = Annotated[
    Annotated[ListModels, tyro.conf.subcommand("list")] | Annotated[GetModel, tyro.conf.subcommand("get")],
    tyro.conf.OmitArgPrefixes,
    tyro.conf.OmitSubcommandPrefixes,
]

_LIST = ListModels()


def models(command: ModelsCommand = _LIST) -> None:
    """List the models that have a name, or fetch one. Every command that takes a model takes these names.
    --encoder-weights, --weights and --pose-model take the names of fetched models."""
    match command:
        case ListModels():
            Console().print(_titled(f"{PACKAGED.name}: {PACKAGED.what}", _about_packaged()))
            for model in known_models(None):
                Console().print(_described(model, command.cache))
        case GetModel():
            _get(command)


def _get(config: GetModel) -> None:
    if config.name == PACKAGED.name:
        print(f"Model: {PACKAGED.folder}, which comes with the package, so there is nothing to fetch")
        return
    model = find_model(config.name, (PACKAGED.name,))
    with progress_bar() as progress:
        fetch(model, config.cache, config.source, progress)
    print(f"Model: {folder_of(model, config.cache)}")
    print(f"Licence: {model.licence}; {model.terms}")
    where = f"GZSSAR_CACHE={shlex.quote(str(config.cache))} " if config.cache else ""
    if model.kind == "pose":
        print(f"Then: {where}gzssar predict MODEL video.mp4 --pose-model {model.name}")
    else:
        print(f"Then: {where}gzssar fit --encoder-weights {model.name}, or {where}gzssar embed --weights {model.name}")


def _about_packaged() -> dict[str, str]:
    return {
        "size": f"{PACKAGED.size / 1e6:.1f} MB",
        "licence": f"{PACKAGED.licence}; {PACKAGED.terms}",
        "cite": "\n".join(PACKAGED.citations),
        "installed": str(PACKAGED.folder),
    }


def _described(model: Model, cache: Path | None) -> "Table":
    """A model's name, and a line on each thing to know about it."""
    absent = len(lacking(model, cache))
    told = f"{len(model.files) - absent} of {counted(len(model.files), 'file')}: gzssar models get {model.name}"
    encoder = {
        "knows": f"{model.class_count} classes with the texts {model.texts}",
        "reads": f"{model.frames} frames at {model.fps:g} per second",
        "streams": ", ".join(model.streams),
    }
    lines = {
        **(encoder if model.kind == "encoder" else {}),
        "size": f"{model.size / 1e6:.1f} MB in {counted(len(model.files), 'file')}",
        "licence": f"{model.licence}; {model.terms}",
        "cite": "\n".join(model.citations),
        "cached": told if absent else str(folder_of(model, cache)),
    }
    return _titled(f"{model.name}: {model.what}", lines)


def _titled(title: str, lines: Mapping[str, str]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.title, table.title_justify = Text(title), "left"
    for key, line in lines.items():
        table.add_row(key, Text(line))
    return table
