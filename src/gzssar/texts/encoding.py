"""Which texts, by which language encoder: from class texts to one table of vectors per kind of text and encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from gzssar.errors import ConfigError
from gzssar.texts.classes import KIND_OF, ClassTexts
from gzssar.texts.encoders import TextEncoder, load_text_encoder
from gzssar.texts.encoders.cache import MemoryCache
from gzssar.texts.words import count_words

TEXT_SETS = ("lb", "ad", "md", "ad+md", "lb+ad+md")
"""The text sets of the paper's ablation, in its order."""


Tables = tuple[Float[np.ndarray, "K _"], ...]
"""Of one kind of text, a table per encoder."""


@dataclass(frozen=True)
class Encoding:
    """Which language encoder turns texts into vectors."""

    encoder: tuple[str, ...] = ("minilm",)
    """One or more encoders: a short name (minilm, clip-vit-b32, mpnet, …; a wrong one lists them all), a Hugging Face
    name or a folder. Several are fused like kinds of text."""

    template: str = "{}"
    """What surrounds each text before it is encoded, with {} where the text goes. Nothing by default, as in the
    paper."""

    truncate: bool = False
    """Cut texts that are longer than an encoder reads, instead of refusing them."""

    def __post_init__(self) -> None:
        if not self.encoder:
            raise ConfigError("--encoder needs at least one name, such as minilm, but none came.")
        if len(set(self.encoder)) != len(self.encoder):
            raise ConfigError(f"each encoder counts once, but --encoder names one twice: {' '.join(self.encoder)}.")
        if self.template.count("{}") != 1:
            raise ConfigError(f"--template should hold {{}} once, where the text goes, but it is {self.template!r}.")


def text_kinds(text: str) -> tuple[str, ...]:
    """``"lb+ad"`` → ``("lb", "ad")``.

    Raises:
        ConfigError: a part is not lb, ad or md, or stands there twice.
    """
    kinds = tuple(text.replace("_", "+").split("+"))
    if unknown := [kind for kind in kinds if kind not in ("lb", "ad", "md")]:
        raise ConfigError(f"texts are lb, ad and md joined by +, such as lb+ad+md, but {unknown[0]!r} came.")
    if len(set(kinds)) != len(kinds):
        raise ConfigError(f"each text may be fused once, but {text!r} names one twice.")
    return kinds


def load_text_encoders(
    encoding: Encoding, cache: MemoryCache | Literal["default"] | None = "default"
) -> list[TextEncoder]:
    """The language encoders of an encoding.

    Args:
        encoding: names them.
        cache: see :func:`load_text_encoder`.

    Raises:
        GzssarError: one is not installed or not known.
    """
    return [load_text_encoder(name, encoding.template, cache=cache) for name in encoding.encoder]


def words_of(kind: str) -> str:
    """What the counted words of a kind of text are called among the tables."""
    return f"{kind} words"


def vectors_and_words(encoded: Mapping[str, Tables]) -> tuple[dict[str, Tables], dict[str, Tables]]:
    """What :func:`encode_texts` gave, apart: the vectors by kind, and the counted words by kind."""
    words = {kind: encoded[words_of(kind)] for kind in encoded if words_of(kind) in encoded}
    vectors = {kind: tables for kind, tables in encoded.items() if kind not in map(words_of, words)}
    return vectors, words


def encode_texts(
    texts: ClassTexts, kinds: Sequence[str], encoders: Sequence[TextEncoder], truncate: bool = False
) -> dict[str, Tables]:
    """Text features by kind, one (K, E) table per encoder; and the words of each kind, counted, under a name of their
    own (:func:`words_of`).

    Args:
        texts: of all classes.
        kinds: lb, ad, md.
        encoders: language encoders.
        truncate: cut texts that are longer than an encoder reads, instead of refusing them.

    Raises:
        TextError: a class lacks a text of these kinds, or one is too long for an encoder.
    """
    written = {kind: texts.of_kind(KIND_OF[kind]) for kind in kinds}
    encoded = {
        kind: tuple(encoder.encode(rows, truncate=truncate) for encoder in encoders) for kind, rows in written.items()
    }
    return encoded | {words_of(kind): (count_words(rows),) for kind, rows in written.items()}
