"""A page as plain data, and the two ways to print it: one HTML file, or Markdown with pictures beside it.

All text in a :class:`Page` is plain text; the printers escape it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources

from matplotlib.figure import Figure

from gzssar.reports.rendering import inline_svg

Row = Sequence[str]


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first `names` columns hold words, the others numbers."""

    caption: str
    head: Row
    rows: Sequence[Row]
    foot: Row = ()
    names: int = 1


@dataclass(frozen=True)
class Picture:
    """A figure, the caption that tells how to read it, and what a reader who cannot see it should know."""

    name: str
    figure: Figure
    caption: str
    alt: str


@dataclass(frozen=True)
class Code:
    """A command line or the like."""

    text: str


Content = str | Table | Picture | Code


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; a string is a paragraph."""

    title: str
    blocks: Sequence[Content]


@dataclass(frozen=True)
class Tile:
    """One number of the headline."""

    label: str
    value: str
    note: str
    colour: str = "ink"
    """A colour of the stylesheet: ink, seen or unseen."""


@dataclass(frozen=True)
class Page:
    """A report."""

    title: str
    facts: Sequence[str]
    lead: str
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    banner: str = ""
    footer: str = ""

    @property
    def pictures(self) -> list[Picture]:
        """All pictures, in order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Picture)]


def to_html(page: Page) -> str:
    """One self-contained file: style and pictures inside, nothing loaded from anywhere."""
    style = resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    banner = f'<p class="banner" role="note">{escape(page.banner)}</p>' if page.banner else ""
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in page.facts)
    tiles = "".join(
        f'<div class="{tile.colour}"><dt>{escape(tile.label)}</dt><dd>{escape(tile.value)}<small>{escape(tile.note)}'
        "</small></dd></div>"
        for tile in page.tiles
    )
    sections = "\n".join(
        f"<section><h2>{escape(section.title)}</h2>\n{''.join(map(_html_block, section.blocks))}</section>"
        for section in page.sections
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{escape(page.title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
{banner}
<header><h1>{escape(page.title)}</h1><ul class="facts">{facts}</ul></header>
<main>
<p class="lead">{escape(page.lead)}</p>
<dl class="tiles">{tiles}</dl>
{sections}
</main>
<footer>{escape(page.footer)}</footer>
</body>
</html>
"""


def to_markdown(page: Page, picture_folder: str) -> str:
    """Markdown whose pictures are ``<picture_folder>/<name>.png``."""
    parts = [f"# {_mark(page.title)}"]
    parts += [f"> **{_mark(page.banner)}**"] if page.banner else []
    parts += [" · ".join(map(_mark, page.facts)), _mark(page.lead)]
    tiles = [["**%**", *(_mark(tile.value) for tile in page.tiles)], ["", *(_mark(tile.note) for tile in page.tiles)]]
    parts.append(_markdown_table(("", *(tile.label for tile in page.tiles)), tiles))
    for section in page.sections:
        parts.append(f"## {_mark(section.title)}")
        parts += [_markdown_block(block, picture_folder) for block in section.blocks]
    parts.append(_mark(page.footer))
    return "\n\n".join(parts) + "\n"


def _html_block(block: Content) -> str:
    match block:
        case Table():
            return _html_table(block)
        case Picture():
            svg = inline_svg(block.figure, block.name, escape(block.alt))
            return (
                f'<figure id="{block.name}">{_scrolling(svg, "picture")}'
                f"<figcaption>{escape(block.caption)}</figcaption></figure>\n"
            )
        case Code():
            return f"<pre><code>{escape(block.text)}</code></pre>\n"
        case _:
            return f"<p>{escape(block)}</p>\n"


def _html_table(table: Table) -> str:
    def row(cells: Row, tag: str = "td") -> str:
        kinds = [' class="name"' if i < table.names else "" for i in range(len(cells))]
        scope = ' scope="col"' if tag == "th" else ""
        marked = (f"<{tag}{scope}{k}><bdi>{escape(c)}</bdi></{tag}>" for c, k in zip(cells, kinds, strict=True))
        return f"<tr>{''.join(marked)}</tr>"

    foot = f"<tfoot>{row(table.foot)}</tfoot>" if table.foot else ""
    body = f"<thead>{row(table.head, 'th')}</thead><tbody>{''.join(map(row, table.rows))}</tbody>{foot}"
    return _scrolling(f"<table><caption>{escape(table.caption)}</caption>{body}</table>", "table") + "\n"


def _scrolling(content: str, what: str) -> str:
    """A box that scrolls sideways on narrow screens, by keyboard too."""
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{what}">{content}</div>'


def _mark(text: str) -> str:
    """Plain text, with whatever Markdown or HTML would act on made harmless."""
    return re.sub(r"([\\`*_\[\]|#$~])", r"\\\1", escape(" ".join(text.split()), quote=False))


def _markdown_block(block: Content, picture_folder: str) -> str:
    match block:
        case Table():
            rows = [*([_mark(cell) for cell in row] for row in block.rows)]
            rows += [[f"**{_mark(cell)}**" if cell else "" for cell in block.foot]] if block.foot else []
            return f"{_mark(block.caption)}\n\n{_markdown_table(block.head, rows, block.names)}"
        case Picture():
            return f"![{_mark(block.alt)}]({picture_folder}/{block.name}.png)\n\n*{_mark(block.caption)}*"
        case Code():
            return f"```\n{block.text}\n```"
        case _:
            return _mark(block)


def _markdown_table(head: Row, rows: Sequence[Row], names: int = 1) -> str:
    """`rows` are marked up already."""
    rule = ["---" if i < names else "---:" for i in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (list(map(_mark, head)), rule, *rows))
