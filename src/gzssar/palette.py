"""The colours of all pictures, and names that fit into them."""

INK, MUTED, GRID, PAPER = "#1d2733", "#5b6673", "#e1e6eb", "#ffffff"
"""Text, secondary text, lines and background."""

SEEN, UNSEEN = "#0072b2", "#d55e00"
"""Blue and vermilion of Okabe and Ito, told apart with any colour vision. Left and right joints have them too."""


def shorten(name: str, length: int) -> str:
    """`name` on one line of at most `length` characters; scripts without spaces are cut, too."""
    line = " ".join(name.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
