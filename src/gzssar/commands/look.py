"""`gzssar inspect` and `gzssar show`: what recordings hold, and how a clip looks."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console

from gzssar.commands.console import FOUND_SOMETHING, progress_bar, say, waiting
from gzssar.commands.options import Classes, ClipsPath, Out, Reading, labelling, open_source
from gzssar.errors import ConfigError

if TYPE_CHECKING:
    from gzssar.skeletons.readers import ClipEntry


@dataclass(frozen=True)
class InspectConfig:
    """What recordings hold, and what is odd about them."""

    clips: ClipsPath
    """A file or a folder of recordings."""

    reading: Reading = field(default_factory=Reading)
    classes: Classes = field(default_factory=Classes)


@dataclass(frozen=True)
class ShowConfig:
    """A clip as a picture, to check joints and axes."""

    clips: ClipsPath
    """A file or a folder of recordings."""

    out: Out
    """The picture: .png for a strip of frames, .gif for an animation."""

    index: int = 0
    """The number of the clip, if there are several. For one file whose clips have numbers in brackets after their
    names, it is that number; for others, clips are counted from 0 in the order of the files."""

    frames: int = 8
    """The number of frames in the strip."""

    numbers: bool = False
    """Write each joint's number beside it."""

    reading: Reading = field(default_factory=Reading)
    classes: Classes = field(default_factory=Classes)


def inspect(config: Annotated[InspectConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Show what recordings hold, and what looks odd. Exits with 1 if no clip can be read."""
    from gzssar.skeletons.inspection import inspect_clips, inspection_table

    source = open_source(config.clips, config.reading, labelling(config.classes))
    with progress_bar() as progress:
        inspection = inspect_clips(source, partial(progress, "reading clips"))
    Console().print(inspection_table(inspection))
    if not inspection.readable:
        sys.exit(FOUND_SOMETHING)


def show(config: Annotated[ShowConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Draw a clip as a stick figure: .png for a strip of frames, .gif for an animation."""
    from gzssar.skeletons.drawing import save_picture

    source = open_source(config.clips, config.reading, labelling(config.classes))
    entry = _numbered(source.entries, config)
    with waiting(f"reading {entry.name}"):
        clip = entry.read()
    save_picture(clip, config.out, config.frames, config.numbers)
    shown = (
        "" if clip.label is None else f" ({dict(enumerate(source.class_names)).get(clip.label, f'class {clip.label}')})"
    )
    say(f"{clip.name}{shown}: {config.out}")


def _numbered(entries: "Sequence[ClipEntry]", config: ShowConfig) -> "ClipEntry":
    """The clip of a number: where a file leaves some of its clips out, the others keep their numbers.

    Raises:
        ConfigError: there is none.
    """
    numbers = [re.search(r"\[(\d+)\]$", entry.name) for entry in entries] if config.clips.is_file() else []
    if numbers and all(numbers):
        found = {int(number[1]): entry for number, entry in zip(numbers, entries, strict=True) if number}
    else:
        found = dict(enumerate(entries))
    if config.index not in found:
        raise ConfigError(
            f"{config.clips} holds {len(found)} clips, numbered from {min(found)} to {max(found)}, but none has the "
            f"number {config.index}."
        )
    return found[config.index]
