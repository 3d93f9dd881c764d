"""The benchmarks run by hand; here they are imported, so that none of them falls behind the package."""

import runpy
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_importing_a_benchmark_runs_nothing(path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(path.parent))  # they import each other
    assert runpy.run_path(str(path))["__doc__"]
    assert capsys.readouterr().out == ""
