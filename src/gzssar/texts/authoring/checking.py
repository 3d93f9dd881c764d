"""What is wrong with class texts, and which classes they hardly tell apart under a language encoder.

Nothing is changed and nothing refused: a table with findings can still be encoded, and its author decides. Similarity
is the cosine; that of the fusion is the cosine of the concatenated unit-length vectors, which is the mean over kinds of
text (and over encoders, where there are several).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gzssar.errors import TextError
from gzssar.running import Progress
from gzssar.shapes import TextFeatures
from gzssar.texts.classes import KINDS, ClassTexts, TextKind
from gzssar.texts.encoders import TextEncoder

FUSION = "fusion"

Similarity = Float[np.ndarray, "K K"]
"""Cosine between the texts of any two classes, in [-1, 1]."""


@dataclass(frozen=True)
class Duplicate:
    """Classes have the same text of a kind; case and white space aside."""

    class_ids: tuple[int, ...]
    kind: str
    text: str


@dataclass(frozen=True)
class OverLong:
    """An encoder reads only the beginning of a text."""

    class_id: int
    kind: str
    encoder: str
    tokens: int
    """Tokens of the text, those counted that the encoder puts around it."""

    limit: int
    """Tokens the encoder reads."""

    cut: str
    """The end of the text, which it would not see."""


@dataclass(frozen=True)
class Pair:
    """Two classes and how similar their texts of a kind are."""

    kind: str
    first: int
    second: int
    similarity: float


@dataclass(frozen=True)
class TextCheck:
    """What is to be said about a table of class texts."""

    names: tuple[str, ...]
    """What to call each of the K classes: its label, or ``class k``."""

    encoders: tuple[str, ...]
    threshold: float
    """Cosine from which two classes count as near-duplicates."""

    missing: dict[str, tuple[int, ...]]
    """By kind: the classes that have no text of it, or an empty one; without such, no entry and similarities."""

    duplicates: tuple[Duplicate, ...]
    over_long: tuple[OverLong, ...]

    similarities: dict[str, Similarity]
    """By kind, those that all classes have; then, if these are several, of the fusion."""

    @property
    def deciding(self) -> str | None:
        """The similarities of what an experiment reads: of the fusion, or of the only kind there is."""
        return next(reversed(self.similarities), None)

    @property
    def found(self) -> bool:
        """Whether a text is missing, repeated or over-long, or two classes are near-duplicates in the fusion."""
        near = self.near_duplicates(self.deciding) if self.deciding else ()
        return bool(self.missing or self.duplicates or self.over_long or near)

    def pairs(self, kind: str) -> tuple[Pair, ...]:
        """All K(K-1)/2 pairs of classes, the most similar first; ties in order of class id."""
        similarities = self.similarities[kind]
        first, second = np.triu_indices(len(similarities), 1)
        values = similarities[first, second]
        order = np.argsort(-values, kind="stable")
        columns = zip(first[order].tolist(), second[order].tolist(), values[order].tolist(), strict=True)
        return tuple(Pair(kind, i, j, value) for i, j, value in columns)

    def near_duplicates(self, kind: str) -> tuple[Pair, ...]:
        """Pairs at or above the threshold."""
        return tuple(pair for pair in self.pairs(kind) if pair.similarity >= self.threshold)


def check_texts(
    texts: ClassTexts, encoders: Sequence[TextEncoder], threshold: float, progress: Progress | None = None
) -> TextCheck:
    """Find missing, repeated and over-long texts, and how similar the classes are.

    Args:
        texts: of K classes.
        encoders: one or more; each counts the same. They read over-long texts up to their limit.
        threshold: cosine from which two classes count as near-duplicates.
        progress: told which encoder is how far.
    """
    lacking = {kind: tuple(k for k, text in enumerate(_column(texts, kind)) if not text) for kind in KINDS}
    complete = [kind for kind in KINDS if not lacking[kind]]
    cosines: dict[str, list[Similarity]] = {kind: [] for kind in complete}
    for encoder in encoders:
        for done, kind in enumerate(complete, start=1):
            cosines[kind].append(similarity(encoder.encode(texts.of_kind(kind), truncate=True)))
            if progress:
                progress(encoder.name, done, len(complete))
    similarities = {kind: np.mean(each, axis=0) for kind, each in cosines.items()}
    if len(complete) > 1:
        similarities[FUSION] = np.mean(list(similarities.values()), axis=0)
    return TextCheck(
        names=tuple(label or f"class {k}" for k, label in enumerate(_column(texts, "label"))),
        encoders=tuple(encoder.name for encoder in encoders),
        threshold=threshold,
        missing={kind: ids for kind, ids in lacking.items() if ids},
        duplicates=tuple(_duplicates(texts)),
        over_long=tuple(_over_long(texts, encoders)),
        similarities=similarities,
    )


def similarity(features: TextFeatures) -> Similarity:
    """Cosine between any two rows.

    Raises:
        TextError: a row is zero.
    """
    rows = features.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if zero := np.flatnonzero(lengths == 0).tolist():
        raise TextError(f"a text feature cannot be zero, but those of the classes {zero} are: encode again.")
    rows /= lengths
    return np.clip(rows @ rows.T, -1.0, 1.0)


def _column(texts: ClassTexts, kind: TextKind) -> list[str]:
    """The texts of a kind, empty where there is none."""
    return [(getattr(row, kind) or "").strip() for row in texts]


def _duplicates(texts: ClassTexts) -> Iterator[Duplicate]:
    for kind in KINDS:
        column, same = _column(texts, kind), dict[str, list[int]]()
        for k, text in enumerate(column):
            if text:
                same.setdefault(" ".join(text.casefold().split()), []).append(k)
        yield from (Duplicate(tuple(ids), kind, column[ids[0]]) for ids in same.values() if len(ids) > 1)


def _over_long(texts: ClassTexts, encoders: Sequence[TextEncoder]) -> Iterator[OverLong]:
    for encoder in encoders:
        for kind in KINDS:
            for k, text in enumerate(_column(texts, kind)):
                if text and (tokens := encoder.token_count(text)) > encoder.token_limit:
                    cut = text[len(encoder.fitting(text)) :].strip()
                    yield OverLong(k, kind, encoder.name, tokens, encoder.token_limit, cut)
