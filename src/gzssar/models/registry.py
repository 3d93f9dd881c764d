"""Which models there are: what each is and knows, whose it is, and which files it has."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from gzssar.errors import ConfigError
from gzssar.texts.classes import nearest

Kind = Literal["encoder", "pose"]
"""Of skeletons, or what finds people in pictures."""


@dataclass(frozen=True)
class ModelFile:
    """One file of a model: the weights of one network."""

    name: str

    size: int
    """The size in bytes."""

    sha256: str
    """The SHA-256 of the content, in hexadecimal."""

    stream: str = ""
    """For a skeleton encoder: the stream that the network reads, one of
    :data:`~gzssar.skeletons.preprocess.STREAMS`."""


@dataclass(frozen=True)
class Model:
    """A model that others trained and published: skeleton encoders, one for each stream, or a model that finds people
    in pictures."""

    name: str

    what: str
    """The network and its training data, in words."""

    licence: str
    """The licence of the files."""

    terms: str
    """Other terms for users."""

    citations: tuple[str, ...]
    """The papers to cite."""

    address: str
    """The URL of a fixed commit; the name of each file is appended to it."""

    files: tuple[ModelFile, ...]

    kind: Kind = "encoder"

    class_count: int = 0
    """For an encoder: the number of its classes."""

    texts: str = ""
    """For an encoder: the packaged table of class texts whose rows are these classes, in the order of the network's
    columns."""

    frames: int = 0
    """For an encoder: T, the number of frames that clips are brought to."""

    fps: float = 0.0
    """For an encoder: the frame rate that clips are brought to."""

    @property
    def size(self) -> int:
        """The size of all files in bytes."""
        return sum(one.size for one in self.files)

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that the networks read."""
        return tuple(one.stream for one in self.files)


@cache
def known_models(kind: Kind | None = "encoder") -> tuple[Model, ...]:
    """All ready models of a kind; without a kind, all models."""
    told = json.loads((files("gzssar.models") / "registry.json").read_text(encoding="utf-8"))
    models = (_model(name, about) for name, about in told.items())
    return tuple(model for model in models if kind in (None, model.kind))


def find_model(name: str, others: Sequence[str] = ()) -> Model:
    """Look up a model by name.

    Args:
        name: the name of the model.
        others: other names that the caller accepts, for the message.

    Raises:
        ConfigError: no model has this name; the message has the nearest name.
    """
    by_name = {model.name: model for model in known_models(None)}
    if name not in by_name:
        names = (*others, *by_name)
        near = nearest(name, names)
        raise ConfigError(
            f"there is no model named {name!r}; there are {', '.join(names)}"
            f"{f' (nearest: {near[0]!r})' if near else ''}."
        )
    return by_name[name]


def _model(name: str, about: dict[str, Any]) -> Model:
    own = tuple(ModelFile(**one) for one in about.pop("files"))
    return Model(name=name, citations=tuple(about.pop("citations")), files=own, **about)
