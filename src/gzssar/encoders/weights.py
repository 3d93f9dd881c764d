"""Which files of encoder weights a user names, and for which streams."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gzssar.errors import ConfigError
from gzssar.skeletons.preprocess import STREAMS


class StreamWeights(NamedTuple):
    """A file of weights, and the stream that its network reads."""

    path: Path
    stream: str | None = None
    """One of :data:`~gzssar.skeletons.preprocess.STREAMS`. None: what our own file says; joint for authors' weights."""


def parse_weights(given: Sequence[str]) -> tuple[StreamWeights, ...]:
    """From ``FILE`` and ``STREAM=FILE``, as they stand on the command line, to files and streams.

    Raises:
        ConfigError: there are none, there is no such stream, or one is named twice.
    """
    if not given:
        raise ConfigError("encoder weights are one file or several, but none is named.")
    weights = tuple(_parsed(one) for one in given)
    named = [one.stream for one in weights if one.stream]
    if twice := next((stream for stream in named if named.count(stream) > 1), None):
        raise ConfigError(f"each stream has one encoder, but the stream {twice!r} is named twice.")
    return weights


def _parsed(text: str) -> StreamWeights:
    name, separator, path = text.partition("=")
    if name in STREAMS and path:
        return StreamWeights(Path(path), name)
    if separator and "/" not in name and not Path(text).exists():  # else a path that happens to hold one
        raise ConfigError(
            f"weights should be FILE or STREAM=FILE with one of the streams {', '.join(STREAMS)}, but {text!r} came."
        )
    return StreamWeights(Path(text))
