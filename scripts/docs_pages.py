"""What MkDocs does beside turning pages into HTML (`hooks` in mkdocs.yml).

Pages that the package itself tells: command lines, joint layouts, JSON routes, and benchmarks/RESULTS.md. Links that
leave docs/ become plain text, after a check that what they name exists.
"""

import contextlib
import io
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:|mailto:|#)([^)#\s]*)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the decisions under "Decisions"."""
    decisions = sorted(path.name for path in (Path(config.docs_dir) / "decisions").glob("*.md"))
    config.nav[-1]["Explanation"].append({"Decisions": [f"decisions/{name}" for name in decisions]})  # type: ignore[index]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    made = {
        "results.md": RESULTS.read_text(encoding="utf-8"),
        "reference/commands.md": "\n".join(commands()),
        "reference/joints.md": "\n".join(joints()),
        "reference/routes.md": "\n".join(routes()),
    }
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Mend the links that leave docs/, and fill in what the package says about its file formats."""
    place = RESULTS if page.file.src_uri == "results.md" else Path(config.docs_dir) / page.file.src_uri

    def mended(link: re.Match[str]) -> str:
        text, path, anchor = link[1], link[2], link[3] or ""
        target = (place.parent / path).resolve()
        if not target.exists():
            if files.get_file_from_path(_uri(target, config)):
                return link[0]
            raise PluginError(f"{page.file.src_uri} links to {path}, which does not exist.")
        inside = "results.md" if target == RESULTS else _uri(target, config)
        if inside.startswith(".."):
            return text
        return f"[{text}]({os.path.relpath(inside, Path(page.file.src_uri).parent)}{anchor})"

    for name, lines in FILLED.items():
        if (mark := f"<!-- {name} -->") in markdown:
            markdown = markdown.replace(mark, "\n".join(lines()))
    return LINK.sub(mended, markdown)


def _uri(target: Path, config: MkDocsConfig) -> str:
    """A path as MkDocs knows pages: from docs/ on."""
    return Path(os.path.relpath(target, config.docs_dir)).as_posix()


def commands() -> Iterator[str]:
    """The help of every command, in the order of work."""
    from gzssar import cli

    yield from ("# Command line", "", "What `gzssar COMMAND --help` prints, in the order of work.", "")
    os.environ["COLUMNS"] = "100"
    for title, group in cli.GROUPS.items():
        yield from (f"## {title}", "")
        for name in group:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
                cli.main([name, "--help"])
            yield from (f"### {name}", "", "```text", printed.getvalue().rstrip(), "```", "")


HEIGHTS: dict[str, tuple[float, float]] = {
    "head": (0, 172), "nose": (0, 166), "eye": (4, 170), "eye inner": (2, 170), "eye outer": (6, 171), "ear": (9, 168),
    "mouth": (3, 162), "neck": (0, 152), "spine shoulder": (0, 144), "shoulder center": (0, 146), "collar": (7, 145),
    "shoulder": (18, 142), "elbow": (27, 116), "wrist": (32, 92), "hand": (34, 84), "hand tip": (36, 74),
    "thumb": (27, 80), "index": (33, 76), "pinky": (40, 79), "spine3": (0, 130), "spine2": (0, 118),
    "mid spine": (0, 118),
    "spine": (0, 116), "spine1": (0, 107), "base of spine": (0, 96), "hip center": (0, 96), "mid hip": (0, 94),
    "pelvis": (0, 96), "hip": (10, 90), "knee": (12, 50), "ankle": (13, 10), "foot": (17, 2), "heel": (10, 3),
    "foot index": (20, 1), "big toe": (17, 0), "small toe": (22, 3),
}  # fmt: skip
"""Where joints are drawn: how far from the middle, and how high, in hundredths of a metre."""


def joints() -> Iterator[str]:
    """Every layout: a drawing and a table."""
    from gzssar.skeletons.layout import LAYOUTS

    yield from (
        "# Joint layouts",
        "",
        "The number of a joint is its index on axis V, counted from 0. Left and right are the performer's own; in the",
        "drawings, the performer faces you. A bone connects each joint with its parent. `--layout NAME` takes these",
        "names.",
        "",
    )
    for name, layout in LAYOUTS.items():
        yield from (f"## {name}", "", _drawing(layout), "", "| joint | name | parent |", "|---:|---|---|")
        parents = dict(layout.bones)
        for number, joint in enumerate(layout.joint_names):
            parent = parents.get(number)
            yield f"| {number} | {joint} | {'–' if parent is None else layout.joint_names[parent]} |"
        yield ""


def _drawing(layout: Any) -> str:
    places = [_place(name) for name in layout.joint_names]
    lines = [
        f'<line x1="{places[a][0]}" y1="{places[a][1]}" x2="{places[b][0]}" y2="{places[b][1]}"/>'
        for a, b in layout.bones
    ]
    dots = [
        f'<circle cx="{x}" cy="{y}" r="1.6"/><text x="{x + 2.2}" y="{y + 1.2}">{number}</text>'
        for number, (x, y) in enumerate(places)
    ]
    return (
        f'<svg viewBox="0 0 110 182" width="330" role="img" aria-label="Joints of {layout.name}" '
        'style="stroke:currentColor;fill:currentColor;font-size:4.5px">'
        f'<g stroke-width="0.6">{"".join(lines)}</g><g stroke="none">{"".join(dots)}</g></svg>'
    )


def _place(name: str) -> tuple[float, float]:
    side, _, part = name.partition(" ")
    sideways = {"left": 1, "right": -1}.get(side, 0)
    across, height = HEIGHTS[part if sideways else name]
    return 55 + sideways * across, 178 - height


def joint_orders() -> Iterator[str]:
    """Every layout: a drawing, and its joints in order."""
    from gzssar.skeletons.layout import LAYOUTS

    for name, layout in LAYOUTS.items():
        order = ", ".join(f"{number} {joint}" for number, joint in enumerate(layout.joint_names))
        yield from (f"### {name}", "", _drawing(layout), "", f"{order}.", "")


FILLED = {"joint orders": joint_orders}
"""Marks in pages, and what stands in their place on the site."""


def routes() -> Iterator[str]:
    """The JSON routes of the page, from their schema."""
    from gzssar.web.app import create_app

    schema = create_app(SimpleNamespace(classes=(), seen_classes=frozenset()), samples={}).openapi()  # type: ignore[arg-type]
    yield from (
        "# JSON routes",
        "",
        "The routes of `gzssar serve`. A running server also describes them at `/openapi.json`.",
        "",
    )
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            yield from (f"## {method.upper()} {path}", "", route.get("description", route["summary"]), "")
            yield from _fields("Request", _bodies(route.get("requestBody", {})), schema)
            for parameter in route.get("parameters", ()):
                yield from (f"- `{parameter['name']}` ({parameter['in']}): {parameter.get('description', '')}", "")
            for code, answer in route["responses"].items():
                if code.startswith("2"):
                    yield from _fields("Response", _bodies(answer), schema)


def _bodies(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [content["schema"] for content in message.get("content", {}).values() if "schema" in content]


def _fields(title: str, bodies: Iterable[dict[str, Any]], schema: dict[str, Any]) -> Iterator[str]:
    for body in bodies:
        whole = _resolved(body, schema)
        listed = whole.get("type") == "array"
        record = _resolved(whole["items"], schema) if listed else whole
        if not record.get("properties"):
            continue
        yield from (f"{title}{', a list of' if listed else ''}:", "", "| field | type | |", "|---|---|---|")
        for name, field in record["properties"].items():
            told = " ".join(field.get("description", "").split()).replace("|", "\\|")
            needed = "" if name in record.get("required", ()) else ", optional"
            yield f"| `{name}` | {_type(field)}{needed} | {told} |"
        yield ""


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = part.get("$ref", "").rpartition("/")[2]
    return schema["components"]["schemas"][name] if name else part


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(one) for one in field["anyOf"]))
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("type", "any"))
