"""Text that others wrote, made safe to print: terminals obey some characters, and others hide or turn what is read."""

import unicodedata
from collections.abc import Sequence

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: control characters; those of zero width, which also turn the direction of what follows; halves
of surrogate pairs, which stand for bytes of file names that are no text; ends of lines and of paragraphs."""


def is_obeyed(character: str) -> bool:
    """Whether a terminal acts on a character or hides it."""
    return not character.isprintable() and unicodedata.category(character) in _OBEYED


def printable(text: str) -> str:
    r"""The text with an escape (``\x1b``, ``\u202e``) for each such character; all else stays."""
    if text.isprintable():
        return text
    return "".join(_escaped(character) if is_obeyed(character) else character for character in text)


def listed(names: Sequence[str], longest: int = 200) -> str:
    """As many names as fit into so many characters, one at least, and how many more there are."""
    shown = 1
    while shown < len(names) and len(", ".join(names[: shown + 1])) <= longest:
        shown += 1
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
