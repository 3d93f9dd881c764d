"""The classes that a skeleton encoder was trained on by others: what its classifier knows, and who is near to them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gzssar.encoders.streams import SkeletonEncoder
from gzssar.errors import ConfigError
from gzssar.features.whitening import cosines
from gzssar.methods.method import EncoderClasses
from gzssar.recognizer.parts import KnownClass, Parts, table_kinds
from gzssar.texts.classes import ClassTexts, load_packaged_texts
from gzssar.texts.encoders.encoder import TextEncoder
from gzssar.texts.encoding import encode_texts, vectors_and_words

NEAR_TWIN = 0.55
"""Cosine of two classes' labels, or of their motion texts, from which on one is a near twin of the other; seen from the
mean of the encoder's classes, since language encoders give all texts a large common direction."""

_NTU = {60: "ntu60", 120: "ntu120"}


def texts_of_authors(encoder: SkeletonEncoder) -> ClassTexts | None:
    """The texts of the classes that an encoder's published weights were trained on: NTU RGB+D's where they have 60 or
    120 classes. None for other weights, and for those that `gzssar train-encoder` wrote."""
    if not all(one.by_authors for one in encoder.members) or len(encoder.classes) not in _NTU:
        return None
    return load_packaged_texts(_NTU[len(encoder.classes)])


def encoder_classes(
    encoder: SkeletonEncoder, texts: ClassTexts, kinds: Sequence[str], encoders: Sequence[TextEncoder], truncate: bool
) -> EncoderClasses:
    """Pairs of text and classifier weights.

    Raises:
        ConfigError: there is not one text for each class of the encoder.
        TextError: a text is missing, or too long for a text encoder.
    """
    require_text_each(encoder, texts, ", or none")
    labels = tuple(texts.of_kind("label"))
    tables = encode_texts(texts, kinds, encoders, truncate)
    return EncoderClasses(labels, *vectors_and_words(tables), encoder.class_weights)


def require_text_each(encoder: SkeletonEncoder, texts: ClassTexts, otherwise: str = "") -> None:
    """Refuse texts that are not as many as the encoder's own classes; `otherwise` says what else there is to do.

    Raises:
        ConfigError: they are not.
    """
    if len(texts) != len(encoder.classes):
        raise ConfigError(
            f"each class of the encoder should have a text, but it has {len(encoder.classes)} classes and "
            f"there are texts of {len(texts)}: give a table of the classes it was trained on, in their order"
            f"{otherwise}."
        )


def likeness(
    own: Sequence[Float[np.ndarray, "C _"]], others: Sequence[Float[np.ndarray, "K _"]], kinds: Sequence[str]
) -> Float[np.ndarray, "K C"]:
    """How like K classes are the encoder's C: the mean over text encoders of the cosine of two texts, and the larger
    one of labels and motion texts. Where there are neither, of what there is.

    Args:
        own: text features of the encoder's classes, a (C, E) table per kind of text and text encoder.
        others: of the classes in question, tables in the same order.
        kinds: lb, ad or md for each table.
    """
    alike: dict[str, list[Float[np.ndarray, "K C"]]] = {}
    for table, other, kind in zip(own, others, kinds, strict=True):
        middle = table.mean(axis=0)
        alike.setdefault(kind, []).append(cosines(other - middle, table - middle))
    compared = [kind for kind in alike if kind != "ad"] or list(alike)
    return np.asarray(np.max([np.mean(alike[kind], axis=0) for kind in compared], axis=0))


def near_twins(parts: Parts, known: Sequence[KnownClass]) -> dict[str, str]:
    """Of those classes that have a near twin among the encoder's: the label of the nearest."""
    if parts.encoder_texts is None or not known:
        return {}
    tables = [np.stack(rows) for rows in zip(*(one.tables for one in known), strict=True)]
    alike = likeness(parts.encoder_texts.tables, tables, table_kinds(parts.kinds, len(tables)))
    nearest = zip(known, alike.argmax(axis=1), alike.max(axis=1), strict=True)
    return {one.text.label or "": parts.encoder_texts.labels[k] for one, k, top in nearest if top >= NEAR_TWIN}
