"""The site: it builds strictly, and its pages ask no other host for anything."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import get_args, get_origin, get_type_hints

import pytest

pytest.importorskip("mkdocs")
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    build(ROOT, folder)
    return folder


def build(root, folder):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_page_loads_anything_from_another_host(site):
    loads = re.compile(
        r"""<(?:script|img|iframe|source)[^>]*\ssrc=["']?(?:https?:)?//|<link[^>]*\shref=["']?https?://"""
    )
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    assert [page for page in pages if loads.search(page.read_text(encoding="utf-8"))] == []


def test_generated_pages_hold_what_the_package_says(site):
    from gzssar.cli import COMMANDS
    from gzssar.skeletons.layout import LAYOUTS

    commands, joints, routes, python, results = (
        (site / page / "index.html").read_text(encoding="utf-8")
        for page in ("reference/commands", "reference/joints", "reference/routes", "reference/python", "results")
    )
    assert all(f'id="{name}"' in commands for name in COMMANDS)
    assert all(f'id="{name}"' in joints for name in LAYOUTS)
    assert joints.count("<circle") == sum(layout.joint_count for layout in LAYOUTS.values())
    assert "POST /api/predict" in routes
    assert 'id="gzssar.Recognizer.predict"' in python
    assert "Random class splits" in results


def test_the_page_on_file_formats_names_every_field(site):
    from gzssar.encoders.encoder import Encoder
    from gzssar.evaluation.paired import METRICS
    from gzssar.recognizer.contents import About, ClassRow, Config, RecordingNotes
    from gzssar.skeletons.layout import LAYOUTS
    from gzssar.texts.tables.rows import COLUMNS

    page = (site / "reference/formats/index.html").read_text(encoding="utf-8")
    names = {name for record in (About, ClassRow, Config, RecordingNotes) for name in record.__annotations__}
    names |= {name for name in Encoder.__annotations__ if name not in ("network", "file")} | {*METRICS, *COLUMNS}
    shown = {part for name in re.findall(r"<code>([^<]+)</code>", page) for part in name.split(".")}
    assert names - shown == set()
    assert all(f'id="{name}"' in page for name in LAYOUTS)
    for layout in LAYOUTS.values():
        assert ", ".join(f"{number} {joint}" for number, joint in enumerate(layout.joint_names)) in page


def test_the_tables_of_a_model_list_the_fields_that_its_schema_has():
    from gzssar.recognizer.contents import ClassRow, Config

    page = (ROOT / "docs/reference/formats.md").read_text(encoding="utf-8")
    names = ["format", "version", "files", "digest", *paths(Config)]
    leaves = {name for name in names if not any(other.startswith(f"{name}.") for other in names)}
    assert leaves <= listed(page, "### config.json of a model") <= set(names)
    assert listed(page, "### texts.csv of a model") == set(paths(ClassRow))


def listed(page, heading):
    """The names in the first column of the table below a heading."""
    part = page.partition(f"{heading}\n")[2].partition("\n##")[0]
    cells = [line.split(" | ")[0] for line in part.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def paths(record, place=""):
    """The fields of a schema and of the records in it; CODE stands for the keys of a mapping to records."""
    for name, kind in get_type_hints(record).items():
        yield f"{place}{name}"
        for inner in (kind, *get_args(kind)):
            if hasattr(inner, "__annotations__"):
                yield from paths(inner, f"{place}{name}.{'CODE.' * (get_origin(kind) is dict)}")


def test_the_reference_shows_the_public_names_and_no_others(site):
    import gzssar
    from gzssar import errors, inference, models, synthetic

    modules = (gzssar, errors, inference, models, synthetic)
    public = {f"{module.__name__}.{name}" for module in modules for name in module.__all__}
    named = {module.__name__ for module in modules}
    page = (site / "reference/python/index.html").read_text(encoding="utf-8")
    shown = set(re.findall(r'id="(gzssar(?:\.(?:errors|inference|models|synthetic))?(?:\.\w+)?)"', page))
    assert shown == (public | named) - {"gzssar.GzssarError"}  # which is shown among the errors
    assert 'id="gzssar.FeatureSet.features"' in page


def first_cells(page):
    """The names in code that begin the rows of a page's tables."""
    return re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_page_on_installation_lists_every_extra_and_no_other():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(first_cells("installation.md")) == sorted(project["optional-dependencies"])


def test_the_page_on_troubleshooting_quotes_the_terms_of_every_model():
    from gzssar.models import known_models
    from gzssar.models.packaged import PACKAGED

    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = dict(re.findall(r"^\| `([^`]+)`[^|]*\| ([^|]+) \|$", page, re.MULTILINE))
    terms = {model.name: f"{model.licence}; {model.terms}" for model in (PACKAGED, *known_models(None))}
    assert quoted == terms


def test_a_broken_link_stops_the_build(tmp_path):
    root = tmp_path / "copy"
    root.mkdir()
    for path in ROOT.glob("[!.]*"):
        if path.name != "docs":
            (root / path.name).symlink_to(path)
    shutil.copytree(ROOT / "docs", root / "docs", ignore=shutil.ignore_patterns("*.png"))
    page = root / "docs" / "bench.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[a](bench.md#no-such-part)\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"bench\.md.*#no-such-part"):
        build(root, tmp_path / "site")


@pytest.mark.parametrize("path", ["absent.md", "../src/absent.py"])
def test_a_link_to_no_file_is_refused(path, monkeypatch):
    with pytest.raises(PluginError, match=rf"bench\.md links to {re.escape(path)}, which does not exist"):
        mended(f"See [this]({path}).", monkeypatch)


def test_links_that_leave_the_site_become_text(monkeypatch):
    page = "[`files.py`](../src/gzssar/files.py), [R](../benchmarks/RESULTS.md#gate), [a](texts.md#a), ![x](y.png)"
    assert mended(page, monkeypatch) == "`files.py`, [R](results.md#gate), [a](texts.md#a), ![x](y.png)"


def mended(markdown, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from docs_pages import on_page_markdown

    page = SimpleNamespace(file=SimpleNamespace(src_uri="bench.md"))
    return on_page_markdown(markdown, page, SimpleNamespace(docs_dir=str(ROOT / "docs")), Files([]))
