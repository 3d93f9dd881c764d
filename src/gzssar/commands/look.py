"""`gzssar inspect` and `gzssar show`: what recordings hold, and how a clip looks."""

import sys
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

import tyro
from rich.console import Console

from gzssar.commands.console import FOUND_SOMETHING, progress_bar, say, waiting
from gzssar.commands.options import Classes, ClipsPath, Out, Reading, labelling, open_source
from gzssar.errors import ConfigError


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
    """The number of the clip, if there are several: from 0, in the order of the files."""

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
    entries = source.entries
    if not 0 <= config.index < len(entries):
        raise ConfigError(
            f"{config.clips} holds {len(entries)} clips, counted from 0, so there is no clip {config.index}."
        )
    with waiting(f"reading {entries[config.index].name}"):
        clip = entries[config.index].read()
    save_picture(clip, config.out, config.frames, config.numbers)
    shown = (
        "" if clip.label is None else f" ({dict(enumerate(source.class_names)).get(clip.label, f'class {clip.label}')})"
    )
    say(f"{clip.name}{shown}: {config.out}")
