"""From class texts to one table of vectors for each kind of text and each language encoder."""

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
"""The tables of one kind of text, one per encoder."""


@dataclass(frozen=True)
class Encoding:
    """How texts become vectors."""

    encoder: tuple[str, ...] = ("minilm",)
    """One or more language encoders, each by a short name (minilm, clip-vit-b32, mpnet, …; an unknown name shows the
    whole list), a Hugging Face name or a folder. The vectors of several encoders are fused like those of
    kinds of text."""

    template: str = "{}"
    """Words around each text that are encoded with it; {} marks the place of the text. By default there are none, as in
    the paper."""

    truncate: bool = False
    """Cut texts that are longer than an encoder can read, instead of refusing them."""

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
    """Load the language encoders that an encoding names.

    Args:
        encoding: the names of the encoders and their settings.
        cache: see :func:`load_text_encoder`.

    Raises:
        GzssarError: an encoder is not installed or not known.
    """
    return [load_text_encoder(name, encoding.template, cache=cache) for name in encoding.encoder]


def words_of(kind: str) -> str:
    """The name under which the counted words of a kind of text are among the tables."""
    return f"{kind} words"


def vectors_and_words(encoded: Mapping[str, Tables]) -> tuple[dict[str, Tables], dict[str, Tables]]:
    """The result of :func:`encode_texts` in two parts: the vectors by kind, and the counted words by kind."""
    words = {kind: encoded[words_of(kind)] for kind in encoded if words_of(kind) in encoded}
    vectors = {kind: tables for kind, tables in encoded.items() if kind not in map(words_of, words)}
    return vectors, words


def encode_texts(
    texts: ClassTexts, kinds: Sequence[str], encoders: Sequence[TextEncoder], truncate: bool = False
) -> dict[str, Tables]:
    """Encode class texts: text features by kind, with one table (K, E) for each encoder, and the word counts of each
    kind under another name (:func:`words_of`).

    Args:
        texts: the texts of all classes.
        kinds: the kinds of texts: lb, ad, md.
        encoders: the language encoders.
        truncate: cut texts that are longer than an encoder reads, instead of refusing them.

    Raises:
        TextError: a class lacks a text of these kinds, or one is too long for an encoder.
    """
    written = {kind: texts.of_kind(KIND_OF[kind]) for kind in kinds}
    encoded = {
        kind: tuple(encoder.encode(rows, truncate=truncate) for encoder in encoders) for kind, rows in written.items()
    }
    return encoded | {words_of(kind): (count_words(rows),) for kind, rows in written.items()}
