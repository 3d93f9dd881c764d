"""Vectors of texts that are computed once: on disk, one small file per text, or in memory."""

import hashlib
import re
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.files import cache_root, writing

_DIGEST = 32  # bytes of SHA-256
_NUMBERS = 16  # bytes of two int64


@dataclass(frozen=True)
class TextVector:
    """What an encoder said about one text."""

    vector: Float[np.ndarray, "E"]

    tokens: int
    """How many the whole text has, template included."""

    token_limit: int
    """How many the encoder reads."""


class VectorCache:
    """``<folder>/<encoder>/<key>``: a SHA-256 over key and content, two numbers, the vector.

    Safe with several processes, since files appear whole. A damaged entry is as good as none. A folder that cannot be
    read or written is an empty cache: encoding takes longer, and nothing else happens.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, encoder: str, key: str) -> Path:
        """Where the entry of one text lies."""
        return self.folder / re.sub(r"[^\w.-]+", "-", encoder)[:80] / key

    def read(self, encoder: str, key: str) -> TextVector | None:
        """An entry, or None where there is none that is whole."""
        try:
            file = self.path(encoder, key).read_bytes()
        except OSError:
            return None
        content = file[_DIGEST:]
        if len(content) <= _NUMBERS or file[:_DIGEST] != _digest(key, content):
            return None
        tokens, limit = np.frombuffer(content[:_NUMBERS], "<i8").tolist()
        return TextVector(np.frombuffer(content[_NUMBERS:], "<f4").astype(np.float32), tokens, limit)

    def write(self, encoder: str, key: str, entry: TextVector) -> None:
        """Keep an entry, if the folder takes it."""
        numbers = np.array([entry.tokens, entry.token_limit], "<i8")
        content = numbers.tobytes() + entry.vector.astype("<f4").tobytes()
        with suppress(OSError), writing(self.path(encoder, key)) as file:
            file.write(_digest(key, content) + content)


class MemoryCache:
    """The last `most` vectors, and nothing on disk: for a server whose visitors' texts are nobody's business.

    Args:
        most: how many to keep.
    """

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._vectors: OrderedDict[tuple[str, str], TextVector] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, encoder: str, key: str) -> TextVector | None:
        """A vector, or None where it is forgotten."""
        with self._lock:
            if (found := self._vectors.get((encoder, key))) is not None:
                self._vectors.move_to_end((encoder, key))
            return found

    def write(self, encoder: str, key: str, vector: TextVector) -> None:
        """Keep a vector, and forget the one that nobody asked for longest."""
        with self._lock:
            self._vectors[encoder, key] = vector
            if len(self._vectors) > self._most:
                self._vectors.popitem(last=False)


def default_cache() -> Path | None:
    """``texts`` in the package's :func:`gzssar.files.cache_root`; None without one."""
    root = cache_root()
    return root / "texts" if root else None


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).digest()
