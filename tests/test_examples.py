"""The numbered examples: all compile and describe themselves; the one on folders runs on a toy world."""

import ast
import runpy
from pathlib import Path

import pytest

from gzssar.methods.recipe import RECIPES
from recipes import changed
from synse_folder import write_synse_folder

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def test_there_are_examples():
    assert [path.name[:3] for path in EXAMPLES] == [f"{n:02}_" for n in range(1, len(EXAMPLES) + 1)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_importing_an_example_runs_nothing(path, capsys):
    names = runpy.run_path(str(path))
    assert callable(names["main"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_how_it_is_used(path):
    assert f"Usage: python examples/{path.name}" in ast.get_docstring(ast.parse(path.read_text()))


def test_the_example_on_folders_writes_a_report_per_recipe(tmp_path, monkeypatch, capsys):
    for name, recipe in RECIPES.items():
        monkeypatch.setitem(RECIPES, name, changed(recipe, cycles=1, cycle_steps=20))
    folder = write_synse_folder(tmp_path / "toy")
    main = runpy.run_path(str(EXAMPLES[1]))["main"]
    main(folder, folder / "texts", tmp_path / "out", seeds=1)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["recipe", "default", "paper"]
    assert (tmp_path / "out/default/report.html").is_file()
    assert (tmp_path / "out/paper/scores.json").is_file()
