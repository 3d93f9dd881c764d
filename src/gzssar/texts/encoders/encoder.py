"""What a text encoder is, and the checks that all of them share."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from gzssar.errors import TextError
from gzssar.shapes import TextFeatures

_WHITE_SPACE = "\t\n\r"
_LONG_WORD = 30  # characters; a longer run without white space is Chinese, Thai or an accident, and may be cut inside


@runtime_checkable
class TextEncoder(Protocol):
    """A language encoder: it maps texts to vectors of one width E."""

    @property
    def name(self) -> str:
        """The name of the encoder in reports."""

    @property
    def revision(self) -> str:
        """The version of the weights: a commit of the Hugging Face hub, a version number, or a hash of the files."""

    @property
    def dimension(self) -> int:
        """E, the width of a vector."""

    @property
    def token_limit(self) -> int:
        """The largest number of tokens that the encoder reads, including special tokens, prefix and template."""

    def token_count(self, text: str) -> int:
        """The number of tokens of `text`, including special tokens, prefix and template."""

    def fitting(self, text: str) -> str:
        """The longest beginning of `text`, in whole words, that is within the limit, or the whole text."""

    def encode(self, texts: Sequence[str], truncate: bool = False) -> TextFeatures:
        """Encode texts to a table (n, E) in float32, with a row for each text; a row depends on no other text.

        Args:
            texts: n texts.
            truncate: cut a text that is over the limit by `fitting`, instead of refusing it.

        Raises:
            TextError: a text is empty, holds control characters, or is over the limit.
        """


@runtime_checkable
class LanguageModel(Protocol):
    """A model in memory: no checks, no template, no cache. Those are the same for all models (`CachingEncoder`)."""

    @property
    def dimension(self) -> int:
        """E, the width of a vector."""

    @property
    def token_limit(self) -> int:
        """How many tokens it reads of one prompt, special tokens included."""

    def token_count(self, prompt: str) -> int:
        """How many tokens a prompt has, special tokens included; may be above the limit."""

    def encode_prompts(self, prompts: Sequence[str]) -> TextFeatures:
        """One row per prompt, (n, E) in float32, each computed by itself: no padding, no neighbours in a batch."""


def require_readable(texts: Sequence[str]) -> None:
    """Refuse what no encoder should see.

    Raises:
        TextError: a text is empty or holds control characters.
    """
    if empty := [i for i, text in enumerate(texts) if not text.strip()]:
        raise TextError(f"a text to encode cannot be empty, but those at {empty} are.")
    for i, text in enumerate(texts):
        if controls := sorted({character for character in text if _is_control(character)}):
            named = ", ".join(f"U+{ord(character):04X}" for character in controls)
            raise TextError(
                f"text {i} ({beginning(text)}) should hold characters that can be read, but it has the control "
                f"characters {named}: remove them."
            )


def longest_beginning(text: str, limit: int, count: Callable[[str], int]) -> str:
    """The longest beginning of `text` that counts at most `limit`: in whole words, but inside a word without end.

    Args:
        text: any text; every word counts at least 1.
        limit: how much the beginning may count.
        count: grows with the text.

    Returns:
        `text` itself if all of it fits; empty if not even one character does.
    """
    words = [match.span() for match in re.finditer(r"\S+", text)]
    if len(words) <= limit and count(text) <= limit:
        return text
    words = words[: limit + 1]
    fitting = bisect_right(words, limit, key=lambda word: count(text[: word[1]]))
    end = words[fitting - 1][1] if fitting else 0
    if fitting < len(words):
        start, stop = words[fitting]
        if not fitting or stop - start > _LONG_WORD:
            inside = range(start + 1, min(stop, start + 20 * limit))  # no tokenizer knows longer words
            cut = bisect_right(inside, limit, key=lambda stop: count(text[:stop]))
            end = inside[cut - 1] if cut else end
    return text[:end]


def beginning(text: str, characters: int = 40) -> str:
    """The first words of a text, quoted, for an error's sentence."""
    line = " ".join(text.split())
    return repr(line if len(line) <= characters else line[:characters].rstrip() + " …")


def _is_control(character: str) -> bool:
    """Control characters, and halves of surrogate pairs, which no tokenizer takes."""
    return unicodedata.category(character) in ("Cc", "Cs") and character not in _WHITE_SPACE
