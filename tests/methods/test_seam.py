"""A method from outside the package, by object and by name."""

from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

import gzssar.methods
from gzssar import ClassScores, ExperimentConfig, Method, Scorer, run
from gzssar.cli import main
from gzssar.errors import ConfigError
from gzssar.methods import method_named
from synse_folder import write_synse_folder

DOCS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class Guess:
    """Draws scores."""

    name: str = "guess"
    checkpoints: int = 2

    def fit(self, tasks, seed, progress=None):
        return [[GuessScorer(task, seed + k) for k in range(self.checkpoints)] for task in tasks]


@dataclass(frozen=True)
class GuessScorer:
    task: object
    seed: int

    def score(self, clips):
        assert not hasattr(clips, "labels")
        rng = np.random.default_rng(self.seed)
        return ClassScores(
            rng.normal(size=(len(clips.features), len(self.task.seen))),
            rng.normal(size=(len(clips.features), len(self.task.unseen))),
        )


@pytest.fixture
def toy(tmp_path):
    root = write_synse_folder(tmp_path / "toy")
    return ExperimentConfig(synse=root, text_features=(root / "texts",), seeds=1)


def test_what_a_method_is():
    assert isinstance(Guess(), Method)
    assert isinstance(GuessScorer(None, 0), Scorer)
    assert not isinstance(object(), Method)


def test_a_method_from_outside_runs_and_is_reported(toy, tmp_path):
    result = run(replace(toy, out=tmp_path / "run"), method=Guess())
    assert result.header.recipe == "guess"
    assert result.records[0].latents.shape[1] == 0  # it has no space to show
    assert (tmp_path / "run" / "report.html").is_file()
    assert run(replace(toy, out=tmp_path / "run"), method=Guess()).records[0].scores == result.records[0].scores


def test_another_method_may_not_use_the_folder(toy, tmp_path):
    run(replace(toy, out=tmp_path / "run"), method=Guess())
    with pytest.raises(OSError, match="holds other work, which differs in recipe"):
        run(replace(toy, out=tmp_path / "run"), method=Guess(checkpoints=1))


@pytest.fixture
def installed(monkeypatch):
    """Methods as packages of their own would add them."""

    def install(**values):
        def entry_points(group, name):
            assert group == "gzssar.methods"
            return [EntryPoint(name, values[name], group)] if name in values else []

        monkeypatch.setattr(gzssar.methods, "entry_points", entry_points)

    return install


def test_a_method_by_the_name_of_its_entry_point(toy, tmp_path, installed, capsys):
    installed(mine=f"{__name__}:Guess")
    assert method_named("mine") == Guess()
    assert method_named("yours") is None
    arguments = ["--synse", str(toy.synse), "--text-features", str(toy.text_features[0]), "--seeds", "1"]
    main(["run", *arguments, "--recipe", "mine", "--out", str(tmp_path / "run")])
    assert "recipe mine" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "said"),
    [("gzssar:no_such_name", "making it failed"), ("builtins:dict", "should be a method with a name and fit")],
)
def test_an_entry_point_that_is_no_method(installed, value, said):
    installed(odd=value)
    with pytest.raises(ConfigError, match=said):
        method_named("odd")


@pytest.mark.parametrize("scorers", [[], [[]], [[1], [1, 2]]])
def test_a_method_that_gives_too_few_scorers(toy, scorers):
    @dataclass(frozen=True)
    class Short:
        name: str = "short"

        def fit(self, tasks, seed, progress=None):
            return scorers

    with pytest.raises(ConfigError, match="the method short should give as many scorers for each of"):
        run(toy, method=Short())


def test_the_page_on_methods_of_ones_own_runs(toy):
    """Its code blocks, one after the other; the whole of them is short."""
    page = (DOCS / "methods.md").read_text()
    blocks = [part.split("```")[0] for part in page.split("```python\n")[1:]]
    code = "\n".join(blocks)
    assert len(code.splitlines()) < 60
    names = {"FOLDER": toy.synse, "TEXTS": toy.text_features[0]}
    exec(compile(code, str(DOCS / "methods.md"), "exec"), names)  # our own page
    assert names["result"].summary["mean"]["zsl_accuracy"] > 0.6  # chance: a third
