"""`gzssar teach`: a class by clips that show it, or further clips of one; or clips taken back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gzssar.commands.console import say, waiting, warn
from gzssar.commands.named_model import load_model
from gzssar.commands.options import Reading, read_options
from gzssar.errors import ConfigError, DataError
from gzssar.files import require_free
from gzssar.skeletons.oddities import counted
from gzssar.texts.classes import label_key

if TYPE_CHECKING:
    from gzssar.recognizer import Recognizer
    from gzssar.skeletons.doubt import Doubt
    from gzssar.skeletons.sequence import SkeletonSequence

_MOST_TOLD = 3
"""Clips of which the same is said, one by one."""


@dataclass(frozen=True)
class TeachConfig:
    """A class by a few clips: a new class, or one that the model knows."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """The folder of a fitted model, which is changed; or, with -o, a name that `gzssar models` lists."""

    label: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="LABEL")]
    """The class. One that the model does not know is added."""

    clips: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="CLIPS ...")]
    """Files or folders of recordings, all of this class. One clip is enough; more people and more clips are better."""

    action: str | None = None
    """For a new class: what the action is for, as a dictionary would say it."""

    motion: str | None = None
    """For a new class: what the body does. A text helps most if there is only one clip."""

    remove: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Take back these clips, which were shown before."""

    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """A new folder for the model with the class; by default, the model's own folder is changed."""

    trim: bool = True
    """Learn only from the frames in which somebody moves, and from the bodies that move."""

    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        if not self.clips:
            raise ConfigError("`gzssar teach` needs clips: name a file or a folder after the label.")
        if self.remove and (self.action or self.motion):
            raise ConfigError("--action and --motion describe a new class: leave them out if you use --remove.")


def teach(config: Annotated[TeachConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Add a class to a model by clips that show it. Nothing is trained, and the clips are not stored."""

    if config.out is not None:
        require_free(config.out, folder=True)
    recognizer = load_model(config.model)
    if config.out is None and not config.model.exists():
        raise ConfigError(
            f"the model {config.model} cannot be changed: name a new folder for the model with this class, -o DIR."
        )
    clips = _clips(config)
    known = label_key(config.label) in {label_key(label) for label in recognizer.classes}
    if config.remove:
        recognizer.remove_clips(config.label, clips, config.trim)
    elif known and (config.action or config.motion):
        raise ConfigError(
            f"there is a class {config.label!r} already, with its texts: leave --action and --motion out."
        )
    else:
        told = (
            recognizer.add_clips(config.label, clips, config.trim)
            if known
            else recognizer.add_class(config.label, config.action, config.motion, clips, config.trim)
        )
        _tell(told)
    recognizer.save(config.out or config.model, overwrite=config.out is None)
    say(_summary(recognizer, config.label))
    print(f"Model: {config.out or config.model}")


def _tell(doubts: "Sequence[Doubt]") -> None:
    """Say on stderr what speaks against the clips: the first few of each kind, and how many more there are."""
    counts = Counter[str]()
    for doubt in doubts:
        counts[doubt.code] += 1
        if counts[doubt.code] <= _MOST_TOLD:
            warn(doubt.sentence)
    for code, count in counts.items():
        if count > _MOST_TOLD:
            more = count - _MOST_TOLD
            warn(f"{code}: {counted(more, 'more clip')} {'has' if more == 1 else 'have'} the same problem.")


def _summary(recognizer: "Recognizer", label: str) -> str:
    one = next(one for one in recognizer.known if label_key(one.text.label or "") == label_key(label))
    if not one.clips:
        return f"{one.text.label!r} is known from its texts"
    texts = " and from its texts" if one.shown and (one.text.action or one.text.motion) else ""
    return f"{one.text.label!r} is known from {one.clips} {'clip' if one.clips == 1 else 'clips'}{texts}"


def _clips(config: TeachConfig) -> "Sequence[SkeletonSequence]":
    """All clips that are named.

    Raises:
        DataError: one is malformed, unless malformed ones are to be left out; or there are none.
    """
    from gzssar.skeletons.ntu_protocols import read_missing, without
    from gzssar.skeletons.readers import open_clips, read_clips
    from gzssar.skeletons.sequence import SkeletonSequence

    missing = read_missing(config.reading.missing) if config.reading.missing else frozenset[str]()
    leave_out = (lambda name, error: warn(f"left out: {error}")) if config.reading.skip_bad else None
    clips = list[SkeletonSequence]()
    for path in config.clips:
        try:
            with waiting(f"opening {path.name}"):
                source = without(open_clips(path, read_options(config.reading)), missing)[0]
        except DataError as error:
            if leave_out is None:
                raise
            leave_out(str(path), error)
        else:
            with waiting(f"reading {path.name}"):
                clips += read_clips(source, leave_out)
    if not clips:
        raise DataError("`gzssar teach` needs clips, but none of the recordings can be read.")
    return clips
