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
    """In bytes."""

    sha256: str
    """Of its content, in hexadecimal."""

    stream: str = ""
    """Of a skeleton encoder: what the network reads, one of :data:`~gzssar.skeletons.preprocess.STREAMS`."""


@dataclass(frozen=True)
class Model:
    """What others trained and published: skeleton encoders, one per stream, or what finds people in pictures."""

    name: str

    what: str
    """The network, and what it was trained on."""

    licence: str
    """Of the files."""

    terms: str
    """What else binds those who use them."""

    citations: tuple[str, ...]
    """The papers to cite."""

    address: str
    """The URL that each file's name continues, at a fixed commit."""

    files: tuple[ModelFile, ...]

    kind: Kind = "encoder"

    class_count: int = 0
    """Of an encoder: how many classes it tells apart."""

    texts: str = ""
    """Of an encoder: the packaged table of class texts whose rows are these classes, in the order of the network's
    columns."""

    frames: int = 0
    """Of an encoder: T that clips are brought to."""

    fps: float = 0.0
    """Of an encoder: frames per second that clips are brought to."""

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(one.size for one in self.files)

    @property
    def streams(self) -> tuple[str, ...]:
        """What the networks read."""
        return tuple(one.stream for one in self.files)


@cache
def known_models(kind: Kind | None = "encoder") -> tuple[Model, ...]:
    """All models of a kind that can be had by name; of every kind, without one."""
    told = json.loads((files("gzssar.models") / "registry.json").read_text(encoding="utf-8"))
    models = (_model(name, about) for name, about in told.items())
    return tuple(model for model in models if kind in (None, model.kind))


def find_model(name: str, others: Sequence[str] = ()) -> Model:
    """The model of a name.

    Args:
        name: of the model.
        others: names that the caller takes as well, for the message.

    Raises:
        ConfigError: there is none; the message names the nearest.
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
