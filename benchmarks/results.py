"""The one home of results: where they lie, what made them, and whether the present source would make them again."""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gzssar.bench.program import DECISIVE
from gzssar.files import write_json
from gzssar.provenance import environment, source_hash

HERE = Path(__file__).parent
CHECKOUT = HERE.parent
RESULTS = HERE / "results"

_METHODS = tuple(f"methods/{name}" for name in ("method.py", "msf", "problem.py", "recipe.py", "ridge.py"))
_SCORES = (*(part for part in DECISIVE if part not in ("bench", "methods")), *_METHODS)
_STEPS = (
    "conversion",
    "doubts",
    "facing",
    "joint_order",
    "layout",
    "moving",
    "oddities",
    "preprocess",
    "resampling",
    "sequence",
)
_READ = ("archives", "arrays", "mat5", "missing", "npz", "units", "utd_mhad")
_SKELETONS = (*(f"skeletons/{name}.py" for name in _STEPS), *(f"skeletons/readers/{name}.py" for name in _READ))
_FEATURES = ("encoders", "features", *_SKELETONS)
_RECORDINGS = (*_SCORES, "encoders", *_SKELETONS)
_UTD = (*_RECORDINGS, "texts/data/utd_mhad.csv")
_TABLES = tuple(f"texts/data/{name}.csv" for name in ("mix43", "ntu60", "ntu120"))
_ANSWERS = (
    "bundle",
    "clips",
    "encoder_classes",
    "fitting",
    "held_out",
    "parts",
    "prediction",
    "recognizer",
    "shown",
    "teaching",
)
"""Of a recognizer, but for its card and its explanations."""
_RECOGNIZES = tuple(f"recognizer/{name}.py" for name in _ANSWERS)
_RECOGNIZER = (*_RECORDINGS, *_RECOGNIZES)

SELECTIONS = {
    "default": ("validation",),
    "msf": ("validation",),
    "ridge": ("validation",),
    "paper": ("validation", "paper-test-selected"),
}
"""The recipes that run.py runs, and how each is judged."""

PARTS: dict[str, tuple[str, ...]] = {
    "run": _SCORES,
    "bench": DECISIVE,
    "utd": _UTD,
    "texts": (*_UTD, *_TABLES),
    "recognizer": (*_UTD, *_RECOGNIZES),
    "few-clips": (*_UTD, *_RECOGNIZES, "recognizer/weights_alone.py"),
    "robustness": (*_UTD, *_RECOGNIZES),
    "abstention": (*_UTD, *_RECOGNIZES),
    "shipped-model": (*_UTD, *_RECOGNIZES, "recognizer/own_test.py", "models/packaged.py"),
    "speed": _SCORES,
    "growth": _SCORES,
    "encoder": _FEATURES,
    "latency": (*_RECOGNIZER, "inference", "onnx_export"),
    "serving": (*_RECOGNIZER, "synthetic", "web"),
    "uploads": ("skeletons/readers", "web"),
    "endurance": ("skeletons/readers", "web"),
    "kills": ("files.py", "folders.py", "recognizer/bundle.py", "bench", "experiment", *_FEATURES),
    "readers": ("skeletons/readers", "web"),
    "parsing": tuple(f"skeletons/readers/{name}.py" for name in ("arrays", "missing", "ntu", "ntu_bodies")),
    "demo": (*_RECORDINGS, "synthetic", "texts/data/synthetic.csv", "commands/run.py", "reports/terminal.py"),
}
"""By script: what of the package decides about its numbers. A change of the rest leaves results as they are: of other
people's methods, say, or of readers of files that no benchmark reads."""


@cache
def source(script: str) -> str:
    """The hash of the present source, as far as it decides about a script's numbers."""
    if script == "tests":
        return source_hash("src", "tests", root=CHECKOUT)
    return source_hash(*PARTS[script])


def keyed(path: Path) -> Path:
    """Where features are kept between calls: a path for each source that makes features."""
    return path.with_stem(f"{path.stem}-{source_hash(*_FEATURES)[:8]}")


def origin(script: str) -> dict[str, Any]:
    """What makes the numbers. Scripts ask before they measure, so that an edit meanwhile is not taken for what ran."""
    return {"commit": commit(), "source": source(script), "machine": environment()["machine"]}


@cache
def commit() -> str:
    """The checkout's; a + says that the package differs from it."""
    return _git("rev-parse", "--short", "HEAD") + "+" * bool(_git("status", "--porcelain", "--", "src"))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(CHECKOUT), *arguments], capture_output=True, text=True)
    return done.stdout.strip()


def read(name: str) -> dict[str, Any] | None:
    """A result, or None where there is none."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def seeds_of(row: str, recipe: str) -> list[dict[str, Any]]:
    """What run.py left of a row and a recipe, seed by seed."""
    return [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted((RESULTS / f"{row}-{recipe}").glob("*.json"))
    ]


def write(name: str, result: Mapping[str, Any]) -> None:
    write_json(RESULTS / f"{name}.json", result)


def is_present(script: str, *results: Mapping[str, Any]) -> bool:
    """Whether the present source made all of these."""
    return all(result.get("source") == source(script) for result in results)


def mark(script: str, *results: Mapping[str, Any]) -> str:
    """What stands after a row: nothing where the present source made all of it, else the commits that made the rest."""
    commits = {result.get("commit") or "an unknown commit" for result in results if not is_present(script, result)}
    return f" (at {', '.join(sorted(commits))})" if commits else ""


def heading(title: str, script: str, *results: Mapping[str, Any], level: int = 2) -> list[str]:
    """Of what has one origin; the mark stands below it, so that links to it stay."""
    marked = mark(script, *results).strip()
    return [f"{'#' * level} {title}", "", *([f"*{marked}*", ""] if marked else [])]


def origins(*results: Mapping[str, Any]) -> list[str]:
    """Which commits the figures come from, and which machines."""
    return [f"- {key}: {'; '.join(sorted({result[key] for result in results}))}" for key in ("commit", "machine")]
