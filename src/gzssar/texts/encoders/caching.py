"""The one `TextEncoder`: a language model with its template, the checks of texts, and vectors computed once."""

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gzssar.errors import TextError
from gzssar.running import one_thread
from gzssar.shapes import TextFeatures
from gzssar.texts.encoders.cache import MemoryCache, TextVector, VectorCache
from gzssar.texts.encoders.encoder import LanguageModel, beginning, longest_beginning, require_readable
from gzssar.texts.encoders.libraries import quiet

_FORMAT = 1  # raise it when our own code gives a text another vector: entries with another number are not found
_ABOUT = "\0"  # refused as a text: under it the cache keeps an encoder's width and limit


@dataclass(eq=False)
class CachingEncoder:
    """Asks the cache first; loads the model when a text comes that the cache does not know. Threads may share it: one
    at a time encodes, since the model is one.

    Args:
        name: what reports call the encoder.
        revision: which weights.
        template: what surrounds each text, the model's own prefix included; holds {} once.
        pooling: how the model was told to pool, if it was.
        load: loads the model; called once at most.
        cache: None keeps no vectors.
    """

    name: str
    revision: str
    template: str
    pooling: str | None
    load: Callable[[], LanguageModel]
    cache: VectorCache | MemoryCache | None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    @property
    def dimension(self) -> int:
        """E, the width of a vector."""
        known = self._read(_ABOUT, cut=False)
        return len(known.vector) if known else self._model.dimension

    @property
    def token_limit(self) -> int:
        """How many tokens the encoder reads of one text, template included."""
        known = self._read(_ABOUT, cut=False)
        return known.token_limit if known else self._model.token_limit

    def token_count(self, text: str) -> int:
        """How many tokens `text` has, template included."""
        entry = self._read(text, cut=False) or self._read(text, cut=True)
        return entry.tokens if entry else self._model.token_count(self._prompt(text))

    def fitting(self, text: str) -> str:
        """The longest beginning of `text`, in whole words, that is within the limit; `text` itself where it is."""
        if self._read(text, cut=False):
            return text
        model = self._model
        return longest_beginning(text, model.token_limit, lambda start: model.token_count(self._prompt(start)))

    def encode(self, texts: Sequence[str], truncate: bool = False) -> TextFeatures:
        """One row per text, (n, E), from the cache or from the model.

        Args:
            texts: n texts.
            truncate: encode what `fitting` leaves of a text that is over the limit, instead of refusing it.

        Raises:
            TextError: a text is empty, holds control characters, or is over the limit.
        """
        require_readable(texts)
        with self._lock:
            entries: dict[str, TextVector] = {}
            for text in texts:
                if entry := self._read(text, cut=False) or (self._read(text, cut=True) if truncate else None):
                    entries[text] = entry
            if missing := [text for text in dict.fromkeys(texts) if text not in entries]:
                entries |= self._encode(missing, texts, truncate)
        rows = [entries[text].vector for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dimension), dtype=np.float32)

    def _encode(self, missing: Sequence[str], texts: Sequence[str], truncate: bool) -> dict[str, TextVector]:
        """Encode distinct texts and keep the entries. `texts` are all that were asked for: errors count in them."""
        model = self._model
        tokens = {text: model.token_count(self._prompt(text)) for text in missing}
        starts = {text: self.fitting(text) for text in missing if tokens[text] > model.token_limit}
        if (starts and not truncate) or "" in starts.values():
            self._refuse(starts, tokens, texts)
        with quiet(), one_thread():  # what stays on disk must not depend on how many threads there were
            vectors = model.encode_prompts([self._prompt(starts.get(text, text)) for text in missing])
        if bad := [texts.index(missing[i]) for i in np.flatnonzero(~np.isfinite(vectors).all(axis=1)).tolist()]:
            raise TextError(
                f"{self.name} should give finite vectors, but those of the texts {bad} are not: its weights are "
                "damaged, so download them again."
            )
        entries = {}
        for text, vector in zip(missing, vectors, strict=True):
            entries[text] = TextVector(vector, tokens[text], model.token_limit)
            self._write(text, text in starts, entries[text])
        self._write(_ABOUT, False, TextVector(np.zeros_like(vectors[0]), 0, model.token_limit))
        return entries

    def _refuse(self, starts: dict[str, str], tokens: dict[str, int], texts: Sequence[str]) -> None:
        """Say what is too long: `starts` holds the beginnings of too long texts that would fit."""
        text, start = min(starts.items(), key=lambda item: item[1] != "")  # first one of which nothing fits, if any
        sentence = (
            f"text {texts.index(text)} ({beginning(text)}) should have at most the {self.token_limit} tokens that "
            f"{self.name} reads, but it has {tokens[text]}"
        )
        if not start:
            raise TextError(f"{sentence}, and nothing of it fits into the template {self.template!r}: shorten that.")
        more = len(starts) - 1
        others = f"; {more} more {'texts are' if more > 1 else 'text is'} too long" if more else ""
        raise TextError(
            f"{sentence}{others}. {beginning(text[len(start) :])} would be cut: shorten it, or allow the cut with "
            "truncate=True (--truncate)."
        )

    @cached_property
    def _model(self) -> LanguageModel:
        return self.load()

    def _prompt(self, text: str) -> str:
        return self.template.replace("{}", text)

    def _key(self, text: str, cut: bool) -> str:
        parts = [_FORMAT, self.name, self.revision, self.pooling, self.template, text, cut]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _read(self, text: str, cut: bool) -> TextVector | None:
        """The entry of a whole text or, another one, of what was left of a text that was cut."""
        return self.cache.read(self.name, self._key(text, cut)) if self.cache else None

    def _write(self, text: str, cut: bool, entry: TextVector) -> None:
        if self.cache:
            self.cache.write(self.name, self._key(text, cut), entry)
