import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evaluation_world import World
from gzssar.errors import DataError
from gzssar.reports.report import report_page, write_report

HOSTILE = '<script>alert("x")</script> & a $very$ | *long* name ' + "that never ends " * 20
RIGHT_TO_LEFT = "يشرب الماء"
PICTURES = {"threshold", "gate", "classes", "confusion", "latents", "training"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, world: World) -> Path:
    """A report on classes with names that break careless pages."""
    names = list(world.names)
    names[world.split.unseen[0]], names[0], names[2] = HOSTILE, RIGHT_TO_LEFT, "two\nlines_喝水"
    header = dataclasses.replace(world.header, title="MSF <b>bold</b>", notes=("1 < 2 & “3”",))
    folder = tmp_path_factory.mktemp("report") / "new"
    write_report(folder, world.records, world.split, names, header)
    return folder


class Tags(HTMLParser):
    """Every tag with its attributes, and whether they nest."""

    VOID = frozenset({"meta", "link", "br", "img"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_files_of_a_report(folder: Path) -> None:
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {"report.html", "report.md", *(f"figures/{name}.png" for name in PICTURES)}
    assert (folder / "report.html").stat().st_size < 2_000_000


def test_the_page_is_well_formed_and_loads_nothing(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    tags = Tags(page)
    assert tags.open == []
    for _, attributes in tags.seen:
        for name in ("src", "href", "xlink:href", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))
    assert not re.search(r"@import|url\(\s*['\"]?http", page)
    ids = [attributes["id"] for _, attributes in tags.seen if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_picture_says_what_it_shows(folder: Path) -> None:
    tags = Tags((folder / "report.html").read_text(encoding="utf-8"))
    pictures = [attributes for tag, attributes in tags.seen if tag == "svg"]
    assert len(pictures) == len(PICTURES)
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in pictures)


def test_names_are_text_not_markup(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    tags = {tag for tag, _ in Tags(page).seen}
    assert not tags & {"script", "b"}
    assert "MSF &lt;b&gt;bold&lt;/b&gt;" in page
    assert RIGHT_TO_LEFT in page
    markdown = (folder / "report.md").read_text(encoding="utf-8")
    assert "<" not in markdown
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) >= 4 for row in rows if "alert" in row)


def test_markdown_points_at_the_pictures_beside_it(folder: Path) -> None:
    links = re.findall(r"!\[[^]]+\]\(([^)]+)\)", (folder / "report.md").read_text(encoding="utf-8"))
    assert {Path(link).stem for link in links} == PICTURES
    assert all((folder / link).is_file() for link in links)


def test_what_a_reader_must_be_told(folder: Path) -> None:
    for name in ("report.html", "report.md"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "Synthetic data" in text
        assert "over 3 seeds" in text
        assert "neither the training of the encoder nor the class split" in text
        assert "No choice uses the best point of this curve" in text
        assert "2 min 13 s" in text
        assert "gzssar run --config config.json" in text


def test_real_data_wears_no_banner_and_one_seed_no_spread(world: World) -> None:
    header = dataclasses.replace(world.header, synthetic=False, selection="paper-test-selected")
    page = report_page(world.records[:1], world.split, world.names, header)
    assert page.banner == ""
    assert "one seed" in page.lead
    assert "±" not in page.lead.replace("mean ± sample", "")
    assert "optimistic" in str(page.sections[0].blocks)
    assert "±" not in str(page.sections[0].blocks)


def test_a_run_without_logged_losses_has_no_training_section(world: World) -> None:
    records = [dataclasses.replace(record, curves={}) for record in world.records]
    page = report_page(records, world.split, world.names, world.header)
    assert "The training" not in [section.title for section in page.sections]


def test_one_name_per_class(world: World) -> None:
    with pytest.raises(DataError, match="each of 43 classes, but 42 came"):
        report_page(world.records, world.split, world.names[:-1], world.header)
