"""Texts of typed classes that say nothing to the text encoder: nonsense, or a language that it does not know.

A text is compared with those of NTU RGB+D's 120 actions. One that describes an action is near to some of them; one that
does not is as far from all as any other text.
"""

import unicodedata

import numpy as np
from jaxtyping import Float

from gzssar.features.whitening import cosines
from gzssar.recognizer.parts import KnownClass, Parts, table_kinds
from gzssar.skeletons.doubt import Doubt
from gzssar.texts.classes import KIND_OF, TextKind, load_packaged_texts
from gzssar.texts.encoders.encoder import TextEncoder

_ENCODER = "all-MiniLM-L6-v2"
"""The text encoder for which the bounds hold; it was trained on English."""

_LEAST: dict[TextKind, float] = {"label": 0.23, "action": 0.23, "motion": 0.33}
"""The largest cosine below which a text is doubted. Of 97 English labels of other actions, one is below (march), of 38
in other languages 24, of 15 that name no action 6; motion texts are further apart: English ones have .35 to .73, the
others at most .33."""

_COMPARED: dict[TextKind, TextKind] = {"label": "action", "action": "action", "motion": "motion"}
"""A label is compared with sentences on what an action is: more labels are near to some of these than to a label."""


def text_doubts(parts: Parts, one: KnownClass) -> tuple[Doubt, ...]:
    """What speaks against the texts of a class, one doubt for each kind of text; nothing where no bound is known."""
    encoders = parts.text_encoders()
    number = next((k for k, encoder in enumerate(encoders) if encoder.name == _ENCODER), None)
    if number is None:
        return ()
    kinds = [KIND_OF[kind] for kind in table_kinds(parts.kinds, len(one.tables))][:: len(encoders)]
    told = []
    for kind, vector in zip(kinds, one.tables[number :: len(encoders)], strict=True):
        written = getattr(one.text, kind)
        if written and (_of_other_script(written) or _nearest(vector, kind, encoders[number]) < _LEAST[kind]):
            sentence = (
                f"The {kind} {written[:80]!r} does not resemble that of any action: check that it is English and spelt "
                "correctly."
            )
            told.append(Doubt("strange-text", sentence))
    return tuple(told)


def _of_other_script(text: str) -> bool:
    """Whether most letters are not Latin."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum("LATIN" not in unicodedata.name(letter, "") for letter in letters) > len(letters) / 2


def _nearest(vector: Float[np.ndarray, "E"], kind: TextKind, encoder: TextEncoder) -> float:
    return float(cosines(vector[None], _known(encoder, _COMPARED[kind])).max())


_encoded: dict[tuple[str, TextKind], Float[np.ndarray, "C E"]] = {}


def _known(encoder: TextEncoder, kind: TextKind) -> Float[np.ndarray, "C E"]:
    """NTU's texts of one kind, encoded once in a process."""
    key = encoder.revision, kind
    if key not in _encoded:
        _encoded[key] = encoder.encode(load_packaged_texts("ntu120").of_kind(kind), truncate=True)
    return _encoded[key]
