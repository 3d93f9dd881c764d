"""Labels that can be read: refused where they hold what no one sees, and doubted where they look like another."""

import unicodedata
from collections.abc import Iterable

from gzssar.errors import TextError
from gzssar.printable import is_obeyed
from gzssar.skeletons.doubt import Doubt
from gzssar.texts.classes import label_key

_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТХУасеіјорхуѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοραν0１1|ӏ",
    "ABESIJKMHOPCTXYaceijopxysdqwABEZHIKMNOPTYXopavollll",
)
"""Letters of other scripts, and digits, that look like a Latin letter."""


def require_label(label: str) -> None:
    """Refuse a label with characters that cannot be seen: control characters, and those without width.

    Raises:
        TextError: it has some.
    """
    if hidden := sorted({character for character in label if is_obeyed(character)}):
        named = ", ".join(f"U+{ord(character):04X}" for character in hidden)
        raise TextError(
            f"the label {label[:80]!a} should hold characters that can be read, but it has the control or "
            f"zero-width characters {named}: remove them."
        )


def look_alikes(label: str, others: Iterable[str]) -> tuple[Doubt, ...]:
    """That a label looks like that of another class, where one does."""
    own = _looks(label)
    alike = next((other for other in others if _looks(other) == own and label_key(other) != label_key(label)), None)
    if alike is None:
        return ()
    return (Doubt("look-alike", f"The label {label!r} looks like {alike!r}, which is another class: rename one."),)


def _looks(label: str) -> str:
    """What a label looks like at a glance."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", label) if not unicodedata.combining(one))
    return label_key(plain.translate(_ALIKE)).replace("i", "l")
