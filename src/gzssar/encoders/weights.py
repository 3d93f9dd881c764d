"""Which files of encoder weights a user names, and for which streams."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gzssar.errors import ConfigError
from gzssar.models import cached, find_model, known_models
from gzssar.models.packaged import PACKAGED
from gzssar.skeletons.preprocess import STREAMS
from gzssar.texts.classes import nearest


class StreamWeights(NamedTuple):
    """A file of weights, and the stream that its network reads."""

    path: Path
    stream: str | None = None
    """One of :data:`~gzssar.skeletons.preprocess.STREAMS`. None: what our own file says; joint for authors' weights."""


def parse_weights(given: Sequence[str]) -> tuple[StreamWeights, ...]:
    """From ``FILE`` and ``STREAM=FILE``, as they stand on the command line, to files and streams.

    The name of a :class:`~gzssar.models.Model` may stand for FILE: alone for the networks of all its streams, after
    ``STREAM=`` for one of them. A file of that name comes first. The name of the packaged model, alone, stands for the
    networks that it has.

    Raises:
        ConfigError: there are none, there is no such stream, one is named twice, or a model is not in the cache.
    """
    if not given:
        raise ConfigError("encoder weights are one or more files, but no file is named.")
    weights = tuple(one for text in given for one in _parsed(text))
    named = [one.stream for one in weights if one.stream]
    if twice := next((stream for stream in named if named.count(stream) > 1), None):
        raise ConfigError(f"each stream has one encoder, but the stream {twice!r} is named twice.")
    return weights


def _parsed(text: str) -> list[StreamWeights]:
    name, separator, path = text.partition("=")
    if name in STREAMS and path:
        return _files(path, name)
    if separator and "/" not in name and not Path(text).exists():  # else a path that happens to hold one
        raise ConfigError(
            f"weights should be FILE or STREAM=FILE with one of the streams {', '.join(STREAMS)}, but {text!r} came."
        )
    return _files(text)


def _files(name: str, stream: str | None = None) -> list[StreamWeights]:
    """The file of a name; where there is none, those of the model of that name."""
    path, models = Path(name), [model.name for model in known_models()]
    if name == PACKAGED.name and not path.is_file():
        if stream:
            raise ConfigError(f"the networks of {name} are taken together: write {name} instead of {stream}={name}.")
        networks = PACKAGED.folder.glob("encoder*.safetensors")
        return [StreamWeights(network) for network in sorted(networks, key=lambda one: one.stem != "encoder")]
    if name in models and not path.is_file():
        return [StreamWeights(*one) for one in cached(find_model(name), stream)]
    if name == path.stem and (near := nearest(name, [*models, PACKAGED.name])) and not path.exists():
        raise ConfigError(
            f"weights should be a file or a model's name, but {name!r} is neither; the nearest name is {near[0]!r}."
        )
    return [StreamWeights(path, stream)]
