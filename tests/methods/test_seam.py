"""A method from outside the package, by object and by name."""

from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

import gzssar.methods
from gzssar import ClassScores, ExperimentConfig, Method, Scorer, run
from gzssar.cli import main
from gzssar.errors import ConfigError, WithheldError
from gzssar.methods import method_named
from gzssar.methods.recipe import Recipe
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
    with pytest.raises(OSError, match="holds the results of another run, which differs in recipe"):
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


def in_two_lists(tasks):
    return [[GuessScorer(task, 0)] * (1 + (task is tasks[0])) for task in tasks]


@pytest.mark.parametrize(
    "scorers",
    [
        lambda tasks: None,
        lambda tasks: [],
        lambda tasks: [[] for _ in tasks],
        lambda tasks: [GuessScorer(task, 0) for task in tasks],
        lambda tasks: [["no scorer"] for _ in tasks],
        lambda tasks: [[GuessScorer(task, 0)] for task in tasks[1:]],
        in_two_lists,
    ],
)
def test_a_method_that_gives_no_scorers_or_too_few(toy, scorers):
    @dataclass(frozen=True)
    class Odd:
        name: str = "odd"

        def fit(self, tasks, seed, progress=None):
            return scorers(tasks)

    with pytest.raises(ConfigError, match=r"the method odd should give a list of \d lists, one per task"):
        run(toy, method=Odd())


def snooping_at(what):
    """A method that learns from what it must not see, while it learns or while it is asked."""

    class Snooping(GuessScorer):
        def score(self, clips):
            getattr(clips, what)
            return super().score(clips)

    class Snoop(Guess):
        def fit(self, tasks, seed, progress=None):
            if what == "test":
                return [[GuessScorer(task, len(task.test))] for task in tasks]
            return [[Snooping(task, seed)] for task in tasks]

    return Snoop()


@pytest.mark.parametrize("what", ["test", "labels", "subjects", "names"])
def test_a_method_that_snoops_fails(toy, what):
    with pytest.raises(WithheldError, match=r"a zero-shot method may not see the .* clips"):
        run(toy, method=snooping_at(what))


def test_what_a_method_gets_holds_no_unseen_clip(toy):
    """Neither by the front door nor through the memory that its arrays share."""
    given = []

    class Collector(Guess):
        def fit(self, tasks, seed, progress=None):
            given.extend(tasks)
            return super().fit(tasks, seed, progress)

    run(toy, method=Collector(checkpoints=1))
    assert len(given) > 1
    for task in given:
        assert set(task.train.labels.tolist()) == set(task.seen)
        assert task.train.features.base is None
        assert task.train.labels.base is None


MALFORMED = {
    "a column too few": lambda seen, unseen: ClassScores(seen, unseen[:, 1:]),
    "a column too many": lambda seen, unseen: ClassScores(np.hstack([seen, seen[:, :1]]), unseen),
    "a clip too few": lambda seen, unseen: ClassScores(seen[1:], unseen[1:]),
    "one row": lambda seen, unseen: ClassScores(seen[0], unseen),
    "classes by clips": lambda seen, unseen: ClassScores(seen.T, unseen.T),
    "complex numbers": lambda seen, unseen: ClassScores(seen + 1j, unseen),
    "rows of different lengths": lambda seen, unseen: ClassScores([[0.0], [0.0, 1.0]], unseen),
    "seen classes alone": lambda seen, unseen: seen,
    "nothing": lambda seen, unseen: None,
}


def scored(change):
    """A method whose scores went through `change`."""

    class Changed(GuessScorer):
        def score(self, clips):
            return change(*super().score(clips))

    class Odd(Guess):
        def fit(self, tasks, seed, progress=None):
            return [[Changed(task, seed)] for task in tasks]

    return Odd()


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_scores_of_another_shape_or_kind_are_refused(toy, change):
    with pytest.raises(ConfigError, match=r"ClassScores of real numbers, for the .* seen \[\d+, \d\] and unseen"):
        run(toy, method=scored(change))


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(toy, odd):
    def with_one(seen, unseen):
        unseen[-1, -1] = odd
        return ClassScores(seen, unseen)

    with pytest.raises(ConfigError, match=r"finite scores, but some for the .* are NaN or infinite"):
        run(toy, method=scored(with_one))


@pytest.mark.parametrize(
    "wrong", [Guess, "ridge", Recipe("mine", Guess()), 3], ids=["a class", "a name", "a recipe", "a number"]
)
def test_what_is_no_method_is_refused(toy, monkeypatch, wrong):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # as in production: else the checker is first
    with pytest.raises(ConfigError, match="a method is an object with a name and fit"):
        run(toy, method=wrong)


@dataclass(frozen=True)
class Unnamed(Guess):
    name: int = 3


class WithoutProgress(Guess):
    def fit(self, tasks, seed):
        return []


@pytest.mark.parametrize("wrong", [Unnamed(), WithoutProgress()], ids=["a number for a name", "another fit"])
def test_what_the_harness_cannot_call_is_no_method(toy, monkeypatch, wrong):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # as in production: else the checker is first
    with pytest.raises(ConfigError, match=r"a method is an object with a name and fit\(tasks, seed, progress\)"):
        run(toy, method=wrong)


def test_a_method_in_the_place_of_a_recipe_is_told_where_it_goes(toy, monkeypatch):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # as in production: else the checker is first
    with pytest.raises(ConfigError, match=r"a method goes into Recipe\(name, method\) or into run\(config, method=…\)"):
        replace(toy, recipe=Guess())


def test_a_method_from_outside_is_not_reported_as_a_command_line(toy):
    assert run(toy, method=Guess()).header.command.startswith("# from Python")


def test_the_page_on_methods_of_ones_own_runs(toy):
    """Its code blocks, one after the other; the whole of them is short."""
    page = (DOCS / "tutorials" / "own-method.md").read_text()
    blocks = [part.split("```")[0] for part in page.split("```python\n")[1:]]
    code = "\n".join(blocks)
    assert len(code.splitlines()) < 60
    names = {"FOLDER": toy.synse, "TEXTS": toy.text_features[0]}
    exec(compile(code, str(DOCS / "tutorials" / "own-method.md"), "exec"), names)  # our own page
    assert names["result"].summary["mean"]["zsl_accuracy"] > 0.6  # chance: a third
