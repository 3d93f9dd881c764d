"""What a recognizer is made of: what training left, and the classes, which come and go."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from gzssar.decision.abstention import Abstention
from gzssar.decision.decision import Decision
from gzssar.encoders.streams import SkeletonEncoder
from gzssar.errors import DataError
from gzssar.features.whitening import SkeletonSpace
from gzssar.recognizer.shown import Prior
from gzssar.texts.classes import KIND_OF, ClassText, TextKind
from gzssar.texts.encoders.encoder import TextEncoder
from gzssar.texts.encoding import Encoding
from gzssar.texts.fusion import TextSpace
from gzssar.texts.words import count_words


@dataclass(frozen=True)
class KnownClass:
    """A class the recognizer can answer with."""

    text: ClassText
    seen: bool
    """Whether clips of it are known: those it was fitted on, or a few that showed it later."""
    tables: tuple[Float[np.ndarray, "_"], ...]
    """Its text features, one per kind of text and encoder; its words are counted when they are asked for."""
    centre: Float[np.ndarray, "W"]
    """In the whitened space: the mean of its clips, or what its texts let expect, or between both where few clips show
    it."""
    clips: int = 0
    """How many clips its centre is made of."""
    shown: bool = False
    """Whether these showed it after the recognizer was fitted."""


@dataclass(frozen=True)
class EncoderTexts:
    """The classes that the skeleton encoder was trained on by others, where the regression learned from them too."""

    labels: tuple[str, ...]
    tables: tuple[Float[np.ndarray, "C _"], ...]
    """Their text features, one table per kind of text and encoder."""


@dataclass(frozen=True)
class Parts:
    """What training left; nothing of it changes when classes come and go."""

    encoder: SkeletonEncoder | None
    """One, or those of several streams; None where the recognizer was made from features."""
    skeleton_space: SkeletonSpace
    text_space: TextSpace
    regression: Float[np.ndarray, "E W"]
    """From the text space to the skeleton space: a text times this is the centre that it lets expect."""
    decision: Decision
    abstention: Abstention
    """Fitted on the held-out folds."""
    prior: Prior
    """How classes compare that are shown by a few clips."""
    kinds: tuple[str, ...]
    """The kinds of text it reads: lb, ad, md."""
    words: bool
    """Whether it reads the words of these texts, counted, too."""
    encoding: Encoding
    revisions: tuple[str, ...]
    """Of each text encoder."""
    encoder_texts: EncoderTexts | None = None
    """None where the encoder's own classifier took no part."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from and how good it is: see :mod:`gzssar.recognizer.fitting`."""

    @cached_property
    def text_encoders(self) -> "TextEncoders":
        """Loaded when a class is first added; shared by all copies."""
        return TextEncoders(self.encoding, self.revisions)


def advantages(parts: Parts, known: Sequence[KnownClass]) -> Float[np.ndarray, "K"]:
    """What is added to clips' cosines to the classes' centres before these compete: something for those that a few
    clips show."""
    counts = np.array([one.clips if one.shown else 0 for one in known], dtype=np.float64)
    return parts.prior.advantages(counts).astype(np.float32)


class TextEncoders:
    """The text encoders of a recognizer, loaded once, by whichever thread comes first."""

    def __init__(self, encoding: Encoding, revisions: tuple[str, ...]) -> None:
        self._encoding, self._revisions, self._lock = encoding, revisions, threading.Lock()
        self._loaded: Sequence[TextEncoder] | None = None

    def __call__(self) -> Sequence[TextEncoder]:
        """The encoders.

        Raises:
            DataError: one is in another revision than the recognizer was fitted with.
        """
        with self._lock:
            if self._loaded is None:
                from gzssar.texts.encoding import load_text_encoders

                self.use(load_text_encoders(self._encoding))
            assert self._loaded is not None
            return self._loaded

    def use(self, encoders: Sequence[TextEncoder]) -> None:
        """Take these, which must be in the revisions that the recognizer was fitted with."""
        for encoder, revision in zip(encoders, self._revisions, strict=True):
            if encoder.revision != revision:
                raise DataError(
                    f"new classes should be encoded by {encoder.name} in revision {revision!r}, with which the "
                    f"recognizer was fitted, but here it is {encoder.revision!r}: install that revision, or fit again."
                )
        self._loaded = encoders


def text_tables(
    parts: Parts, vectors: Sequence[Float[np.ndarray, "_"]], text: ClassText
) -> list[tuple[TextKind, Float[np.ndarray, "1 _"]]]:
    """What the text space reads of one class, with the kind of text that each table is made of.

    Args:
        parts: of the recognizer.
        vectors: of the class's texts, per kind and encoder.
        text: the class.
    """
    told = [
        (KIND_OF[kind], row[None]) for kind, row in zip(table_kinds(parts.kinds, len(vectors)), vectors, strict=True)
    ]
    if parts.words:
        read = zip(kinds_of_text(parts), texts_read(parts, text), strict=True)
        told += [(kind, count_words([row])) for kind, row in read]
    return told


def table_kinds(kinds: Sequence[str], count: int) -> list[str]:
    """The kind of text (lb, ad, md) that each of `count` tables is made of: as many text encoders for each kind."""
    return [kinds[number * len(kinds) // count] for number in range(count)]


def texts_read(parts: Parts, text: ClassText) -> list[str]:
    """What a recognizer reads of a class, one text per kind; the label stands in for those that the class lacks."""
    label = text.label or ""
    written = {"label": label, "action": text.action or label, "motion": text.motion or label}
    return [written[kind] for kind in kinds_of_text(parts)]


def kinds_of_text(parts: Parts) -> tuple[TextKind, ...]:
    """The columns of a table of class texts that a recognizer reads."""
    return tuple(KIND_OF[kind] for kind in parts.kinds)
