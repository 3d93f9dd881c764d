"""The hash of the source: of what code does, not of how it is written down."""

import json

import pytest

from gzssar import provenance
from gzssar.provenance import code_hash, source_hash

CODE = b'''"""What it is."""


def half(x: int, *, exactly: bool = True) -> float:
    """Half of it."""
    # not rounded
    return x / 2 if exactly else float(f"{x // 2:>{8}}")


class Half:
    """A half."""

    of: int = -1
    """What."""
'''

REWRITTEN = b"""def half(
    x: int,
    *,
    exactly: bool = True,
) -> float:
    return ((x / 2) if exactly else float(f'{x // 2:>{8}}'))
class Half:
    of: int = -1  # of what
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path / "cache"))
    for name, text in {"a.py": "x = 1\n", "b/c.py": "y = 2\n", "b/d.csv": "z\n", "e.py": ""}.items():
        (tmp_path / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "package" / name).write_text(text)
    return tmp_path / "package"


def test_comments_docstrings_and_formatting_do_not_count():
    assert code_hash(CODE) == code_hash(REWRITTEN)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"/ 2 if", b"/ 3 if"), (b"-1", b"1"), (b"True", b"False"), (b"exactly", b"really"), (b">{8}", b"<{8}")],
)
def test_code_counts(old, new):
    assert code_hash(CODE.replace(old, new)) != code_hash(CODE)


def test_every_version_of_python_finds_the_same():
    assert code_hash(CODE)[:16] == "e439e0012dd0b46b"


def test_a_part_is_a_folder_or_a_file(package):
    def changed(*parts: str) -> list[bool]:
        before, after = source_hash(*parts, root=package), {}
        for name in ("a.py", "b/c.py", "b/d.csv"):
            kept = (package / name).read_text()
            (package / name).write_text("other = 3\n")
            after[name] = source_hash(*parts, root=package)
            (package / name).write_text(kept)
        return [one != before for one in after.values()]

    assert changed() == [True, True, False]
    assert changed("b") == [False, True, False]
    assert changed("a.py", "e.py") == [True, False, False]
    assert changed(".", "b/d.csv") == [True, True, True]
    assert changed("b", "b/d.csv") == [False, True, True]
    assert source_hash("b", root=package) == source_hash("b", "b/c.py", root=package)
    with pytest.raises(FileNotFoundError):
        source_hash("gone.py", root=package)


def test_a_file_that_is_renamed_counts(package):
    before = source_hash(root=package)
    (package / "a.py").rename(package / "f.py")
    assert source_hash(root=package) != before


@pytest.mark.parametrize("damage", ["{", "[]", None])
def test_the_cache_changes_nothing(package, damage):
    first = source_hash(root=package)
    kept = package.parent / "cache" / "code-1.json"
    assert len(json.loads(kept.read_text())) == 3
    if damage:
        kept.write_text(damage)
    assert source_hash(root=package) == first


def test_nothing_is_parsed_twice(package, monkeypatch):
    first = source_hash(root=package)
    monkeypatch.setattr(provenance, "code_hash", None)
    assert source_hash(root=package) == first


def test_without_a_home_there_is_no_cache(package, monkeypatch):
    first = source_hash(root=package)
    monkeypatch.setattr(provenance, "cache_root", lambda: None)
    assert source_hash(root=package) == first
