"""Text encoders for a server: what visitors type stays in memory, a bounded number of texts, and never on disk."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from jaxtyping import Float

from gzssar.texts.encoders import TextEncoder, load_text_encoder
from gzssar.texts.encoding import Encoding

MOST_TEXTS = 2_000


def forgetful_encoders(encoding: Encoding) -> list[TextEncoder]:
    """The encoders of a recognizer, without the cache on disk."""
    return [ForgetfulEncoder(load_text_encoder(name, encoding.template, cache=None)) for name in encoding.encoder]


def warm_up(encoders: Sequence[TextEncoder]) -> None:
    """Let encoders load what they need in the background, so that the first visitor who adds a class need not wait."""

    def load() -> None:
        for encoder in encoders:
            with suppress(Exception):  # whoever encodes next is told
                encoder.encode(["warm up"])

    threading.Thread(target=load, daemon=True).start()


class ForgetfulEncoder:
    """An encoder that remembers the vectors of the last :data:`MOST_TEXTS` texts."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder, self._lock = encoder, threading.Lock()
        self._known: OrderedDict[tuple[str, bool], Float[np.ndarray, "E"]] = OrderedDict()

    @property
    def name(self) -> str:
        """As of the encoder."""
        return self._encoder.name

    @property
    def revision(self) -> str:
        """As of the encoder."""
        return self._encoder.revision

    @property
    def dimension(self) -> int:
        """As of the encoder."""
        return self._encoder.dimension

    @property
    def token_limit(self) -> int:
        """As of the encoder."""
        return self._encoder.token_limit

    def token_count(self, text: str) -> int:
        """As of the encoder."""
        return self._encoder.token_count(text)

    def fitting(self, text: str) -> str:
        """As of the encoder."""
        return self._encoder.fitting(text)

    def encode(self, texts: Sequence[str], truncate: bool = False) -> Float[np.ndarray, "K E"]:
        """Encode what is not remembered; one caller at a time, since the model is one.

        Raises:
            TextError: as of the encoder.
        """
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if (text, truncate) not in self._known]
            if new:
                for text, row in zip(new, self._encoder.encode(new, truncate), strict=True):
                    self._known[text, truncate] = row
            rows = np.stack([self._known[text, truncate] for text in texts])
            for text in texts:
                self._known.move_to_end((text, truncate))
            while len(self._known) > MOST_TEXTS:
                self._known.popitem(last=False)
        return rows
