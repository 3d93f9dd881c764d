"""Figures as SVG that lives inside an HTML page and follows its colours."""

import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure

from gzssar.palette import GRID, INK, MUTED, PAPER, SEEN, UNSEEN, quietly

_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    PAPER: "var(--paper)",
    SEEN: "var(--seen)",
    UNSEEN: "var(--unseen)",
}
"""The page's stylesheet gives these colours a light and a dark value."""


def inline_svg(figure: Figure, name: str, description: str) -> str:
    """`figure` as an ``<svg>`` element for the middle of an HTML page.

    Text stays text, colours are the page's CSS variables, ids start with `name` so that several pictures can share
    a page, and the same figure gives the same bytes.

    Args:
        figure: what to draw.
        name: unique on the page; letters, digits and hyphens.
        description: what a screen reader says, already escaped for HTML.
    """
    buffer = io.StringIO()
    with quietly(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", dpi=180, transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'(style="[^"]*")', _follow_the_page, svg)
    size = re.search(r'viewBox="[^"]*"', svg)
    opening = f'<svg role="img" aria-label="{description}" {size[0] if size else ""}>'
    return opening + svg[svg.index(">") + 1 :]


def _follow_the_page(style: re.Match[str]) -> str:
    """Colours of one style attribute, as variables of the page."""
    text = style[1]
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    return text
