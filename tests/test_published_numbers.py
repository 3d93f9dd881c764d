"""What RESULTS.md and README.md show: which rows the present source made, and which are history."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gzssar

CHECKOUT = Path(__file__).parents[1]
PACKAGE = Path(gzssar.__file__).parent


@pytest.fixture
def benchmark_module(monkeypatch):
    monkeypatch.syspath_prepend(str(CHECKOUT / "benchmarks"))
    return importlib.import_module


@pytest.fixture
def results(benchmark_module):
    return benchmark_module("results")


@pytest.fixture
def checkout(tmp_path):
    """A copy without git, as the report stands when it has just been written."""
    shutil.copytree(CHECKOUT / "benchmarks", tmp_path / "benchmarks")
    shutil.copy(CHECKOUT / "README.md", tmp_path)
    for name in ("src", "tests"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    assert report(tmp_path).returncode == 0
    return tmp_path


def report(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "benchmarks" / "report.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def shown(checkout: Path) -> list[str]:
    return [(checkout / name).read_text() for name in ("benchmarks/RESULTS.md", "README.md")]


def change(path: Path, **values: str) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_the_check_fails_where_history_is_not_marked(checkout, results):
    folder = checkout / "benchmarks" / "results"
    for seed in (folder / "mix43-s11-default").iterdir():
        change(seed, source=results.source("run"), commit="1111111")
    change(folder / "demo.json", source=results.source("demo"), commit="2222222")
    report(checkout)
    before = shown(checkout)
    assert "| mix43-s11 | default · validation | 5 |" in before[0]
    assert "```\n\nPrinted on 20" in before[1]
    assert report(checkout, "--check").returncode == 0

    change(folder / "mix43-s11-default" / "3.json", source="another")
    change(folder / "demo.json", source="another")
    done = report(checkout, "--check")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(
        "benchmarks/RESULTS.md and README.md should be as `python benchmarks/report.py` writes"
    )
    assert done.stderr.count("\n") == 1
    assert shown(checkout) == before

    assert report(checkout).returncode == 0
    after = shown(checkout)
    assert "| mix43-s11 | default · validation (at 1111111) | 5 |" in after[0]
    assert "```\n\nPrinted at 2222222, by source that has changed since, on 20" in after[1]
    assert report(checkout, "--check").returncode == 0


def test_what_is_typed_into_a_block_by_hand_is_found(checkout):
    readme = checkout / "README.md"
    readme.write_text(readme.read_text().replace("| `ridge` | 5", "| `ridge` | 9"))
    assert report(checkout, "--check").stderr.startswith("README.md should be as ")
    report(checkout)
    assert "| `ridge` | 5" in readme.read_text()


def test_a_mark_names_the_commits_that_made_history(results):
    present = {"source": results.source("run"), "commit": "c"}
    assert results.mark("run", present, present) == ""
    assert results.mark("run", present, {"source": "b", "commit": "b"}, {"source": "a", "commit": "a"}) == " (at a, b)"
    assert results.mark("run", {}) == " (at an unknown commit)"
    assert results.mark("parsing", present) == " (at c)"
    assert results.heading("Title", "run", {"source": "a", "commit": "a"}) == ["## Title", "", "*(at a)*", ""]
    assert results.heading("Title", "run", present, level=3) == ["### Title", ""]


def test_a_result_names_what_made_it(results):
    made = results.origin("run")
    assert made.keys() == {"commit", "source", "machine"}
    assert results.is_present("run", made)
    assert not results.is_present("utd", made)


def test_parts_that_decide_exist(results):
    parts = {part for some in results.PARTS.values() for part in some}
    assert [part for part in parts if not (PACKAGE / part).exists()] == []
    methods = {path.name for path in (PACKAGE / "methods").iterdir()}
    apart = {"__init__.py", "__pycache__", "peers"}  # names of methods, and methods of other people, which no row takes
    assert {f"methods/{name}" for name in methods - apart} <= set(results.PARTS["run"])


def test_kept_features_are_of_one_source(results, monkeypatch):
    before = results.keyed(Path("runs/utd-64.npz"))
    assert (before.parent, before.suffix) == (Path("runs"), ".npz")
    assert before.name.startswith("utd-64-")
    monkeypatch.setattr(results, "source_hash", lambda *_: "other" * 9)
    assert results.keyed(Path("runs/utd-64.npz")) != before


METRICS = {"zsl_accuracy": 0.5, "seen_accuracy": 0.8, "unseen_accuracy": 0.4, "oracle_gate_harmonic_mean": 0.6}
METRICS |= {
    "ausuc": 0.3,
    "gate_auc": 0.9,
    "gate_calibration_error": 0.1,
    "mean_class_harmonic_mean": 0.5,
    "seconds": 1.25,
}


def bench() -> dict[str, object]:
    rows = [
        {"method": method, "data": "a", "split": split, "seed": 0, **METRICS, "harmonic_mean": h + split / 50}
        for method, h in (("ridge", 0.5), ("default", 0.6123456789))
        for split in (0, 1)
    ]
    program = {"versions": {"torch": "2"}, "source": "of the bench"}
    arguments = {"out": "/home/me", "unseen": "5", "split_seed": "0", "text": "lb+ad", "set": "()"}
    return {"rows": rows, "program": program, "environment": {"machine": "M"}, "arguments": arguments}


def test_a_bench_that_is_kept_has_its_tables(benchmark_module, results, monkeypatch, tmp_path):
    keep, section = benchmark_module("keep_bench"), benchmark_module("report_bench")
    text = keep.kept(bench(), "abc")
    assert "/home" not in text
    assert '    ["default", "a", 1, 0, 0.5, 0.8, 0.4, 0.6, 0.3, 0.9, 0.1, 0.5, 1.25, 0.63235]\n' in text
    (tmp_path / "bench-of-two.json").write_text(text)
    monkeypatch.setattr(section, "RESULTS", tmp_path)
    lines = section.random_splits()
    assert lines[0] == "## Random class splits"
    assert lines[lines.index("### of-two") + 2] == "*(at abc)*"
    first = next(line for line in lines if line.startswith(("| default |", "| ridge |")))
    cells = ["50.0 ± 0.0", "80.0 ± 0.0", "40.0 ± 0.0", "62.2 ± 1.0", "60.0 ± 0.0", "30.0 ± 0.0", "90.0 ± 0.0"]
    cells += ["10.0 ± 0.0", "50.0 ± 0.0", "1.2"]
    assert first.strip("| ").split(" | ") == ["default", *cells]
    assert "| default − ridge | +0.0 ± 0.0 | +11.2 ± 0.0 | +0.0 ± 0.0 | 2 |" in lines
    assert "- asked: `--unseen 5 --split-seed 0 --text lb+ad`" in lines
    assert "- commit: abc" in lines


def test_a_bench_of_another_source_needs_its_commit(benchmark_module, monkeypatch, tmp_path):
    keep = benchmark_module("keep_bench")
    monkeypatch.setattr(keep, "RESULTS", tmp_path)
    (tmp_path / "bench.json").write_text(json.dumps(bench()))
    monkeypatch.setattr(sys, "argv", ["keep_bench.py", str(tmp_path), "two"])
    with pytest.raises(SystemExit, match="should be of the present source, but it is of another"):
        keep.main()
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--commit", "abc"])
    keep.main()
    assert json.loads((tmp_path / "bench-two.json").read_text())["commit"] == "abc"
    monkeypatch.setattr(keep, "source", lambda script: {"bench": "of the bench"}[script])
    monkeypatch.setattr(keep, "commit", lambda: "head")
    monkeypatch.setattr(sys, "argv", sys.argv[:3])
    keep.main()
    assert json.loads((tmp_path / "bench-two.json").read_text())["commit"] == "head"


def test_of_the_tests_output_the_telling_lines_are_kept(benchmark_module):
    readme = benchmark_module("readme")
    printed = [
        "All checks passed!",
        "",
        "Analyzed 3 files",
        "Circles KEPT",
        "..F [ 1%]",
        f"SKIPPED {CHECKOUT}/x",
        "3 passed, 1 skipped in 2s",
    ]
    expected = ["All checks passed!", "[…]", "Circles KEPT", "[…]", "3 passed, 1 skipped in 2s"]
    assert readme.shown("tests", printed) == expected
    assert readme.shown("demo", ["", f"Report: {CHECKOUT}/runs/report.html"]) == ["", "Report: runs/report.html"]


def test_only_what_ends_well_is_kept(benchmark_module, monkeypatch, tmp_path, capsys):
    readme = benchmark_module("readme")
    kept = {}
    monkeypatch.setattr(readme, "CHECKOUT", tmp_path)
    monkeypatch.setattr(readme, "write", kept.__setitem__)
    monkeypatch.setattr(sys, "argv", ["readme.py", "demo"])
    script = tmp_path / "scripts" / "demo"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho 'H 71.5  '; echo noise >&2; [ -z \"$(ls)\" ]; exit $CODE\n")
    script.chmod(0o755)
    monkeypatch.setenv("CODE", "3")
    with pytest.raises(SystemExit, match="should end with 0, but it ended with 3: nothing is kept"):
        readme.main()
    assert kept == {}
    monkeypatch.setenv("CODE", "0")
    readme.main()
    assert kept["demo"]["text"] == "H 71.5\n"
    assert kept["demo"].keys() == {"commit", "source", "machine", "date", "text"}
    assert "H 71.5" in capsys.readouterr().out
