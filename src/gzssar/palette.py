"""The colours of all pictures, names that fit into them, and how they become files."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1d2733", "#5b6673", "#e1e6eb", "#ffffff"
"""Text, secondary text, lines and background."""

SEEN, UNSEEN = "#0072b2", "#d55e00"
"""Blue and vermilion of Okabe and Ito, told apart with any colour vision. Left and right joints have them too."""


def png(figure: "Figure", dpi: int = 150) -> bytes:
    """A figure as a PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with quietly():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


@contextmanager
def quietly() -> Iterator[None]:
    """Names may be in any script, also in one that the font lacks."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s).*Glyph .* missing from")
        warnings.filterwarnings("ignore", message=r"(?s).*Matplotlib currently does not support .* natively")
        yield


def shorten(name: str, length: int) -> str:
    """`name` on one line of at most `length` characters; scripts without spaces are cut, too."""
    line = " ".join(name.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
