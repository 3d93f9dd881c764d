"""Recipes: what they refuse, and how they are found."""

import importlib
import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gzssar.errors import ConfigError
from gzssar.methods.msf.method import Msf
from gzssar.methods.problem import Spaces
from gzssar.methods.recipe import DEFAULT, MSF, PAPER, RECIPES, Recipe, recipe_for
from gzssar.methods.ridge import Ridge
from gzssar.splits import PUBLISHED_SPLITS
from recipes import changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gate_temperature": 0.0}, "gate_temperature must be positive, but it is 0.0."),
        ({"fold_classes": 0}, "fold_classes must be positive, but it is 0."),
        ({"shrinkage": 1.5}, "shrinkage is a number in [0, 1], but it is 1.5."),
        ({"shrinkage": -0.1}, "shrinkage is a number in [0, 1], but it is -0.1."),
        ({"text_weights": (1.0, -1.0, 1.0)}, "text_weights are shares, none negative"),
        ({"fold_classes": "4"}, "fold_classes is int, but '4' came."),
        ({"fold_classes": 2.5}, "fold_classes is int, but 2.5 came."),
        ({"threshold": "half"}, "threshold is float | None, but 'half' came."),
        ({"text_weights": (1.0, 2.0)}, "text_weights is tuple[float, float, float], but (1.0, 2.0) came."),
        ({"routing": "sof"}, "routing is one of soft, hard, but 'sof' came."),
        ({"name": ""}, "a recipe has a name of one line"),
        ({"name": "a\nb"}, "a recipe has a name of one line"),
        ({"threshold": 1.0}, "threshold lies between 0 and 1, but it is 1.0."),
        ({"threshold": 0.0}, "threshold lies between 0 and 1, but it is 0.0."),
        ({"gate_temperature": 2.0}, 'gate_temperature is read with gate_input="probabilities" only'),
        ({"held_out": "validation", "fold_count": None, "fold_classes": 4}, "fold_classes is read with folds only"),
        ({"held_out": "validation"}, "fold_count is read with folds only"),
        ({"fold_count": 1}, "fold_count is 2 or more, so that each fold can be judged by others, but it is 1."),
        ({"penalty": 0.0}, "penalty must be positive, but it is 0.0."),
        ({"nearness": "angle"}, "nearness is one of density, cosine, but 'angle' came."),
        ({"skeleton_space": "raw", "shrinkage": 0.1}, "shrinkage is read with"),
        ({"fusion": "concatenation", "text_weights": (1.0, 1.0, 1.0)}, "text_weights is read with"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(monkeypatch, change, message):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # as in production: else the checker is first
    with pytest.raises(ConfigError, match=re.escape(message)):
        changed(DEFAULT, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latent_width": 0}, "latent_width must be positive, but it is 0."),
        ({"cycles": -1}, "cycles must be positive, but it is -1."),
        ({"learning_rate": 0.0}, "learning_rate must be positive, but it is 0.0."),
        ({"text_noise": -0.1}, "text_noise is a standard deviation, but it is -0.1."),
        ({"cross_from": 10}, 'cross_from is read with schedule="cyclic" only, and has no effect here'),
        ({"reconstruction": "mean-squared-error", "text_precision": 1.0}, "text_precision is read with"),
        ({"classifier_steps": 10}, 'classifier_steps is read with unseen_classifier="softmax" only'),
        ({"seen_classifier": "encoder"}, 'cannot classify the clips of folds: use held_out="validation"'),
        ({"seen_classifier": "encoder", "held_out": "folds+validation"}, "cannot classify the clips of folds"),
    ],
)
def test_a_recipe_of_msf_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        changed(MSF, **change)


@pytest.mark.parametrize("change", [{"shrinkage": 0.0}, {"shrinkage": 1.0}, {"text_noise": 0.0}])
def test_the_ends_of_the_ranges_are_allowed(change):
    assert changed(MSF, **change) != MSF


@pytest.mark.parametrize(
    ("split", "latent_width", "cycle_steps"),
    [
        ("ntu60-55-5", 100, 1700),
        ("ntu60-48-12", 100, 1900),
        ("ntu120-110-10", 200, 1900),
        ("ntu120-96-24", 200, 1900),
        (None, 100, 1700),
        ("mine", 100, 1700),
    ],
)
def test_the_papers_recipe_depends_on_the_split(split, latent_width, cycle_steps):
    recipe = recipe_for("paper", split)
    assert (recipe.method.latent_width, recipe.method.cycle_steps) == (latent_width, cycle_steps)
    assert recipe.method.cross_from == (1400 if cycle_steps == 1700 else 1500)
    assert changed(recipe, latent_width=100, cycle_steps=1700, cross_from=1400) == PAPER


def test_the_papers_recipe_is_the_papers():
    # METHOD: Adam 1e-4, batch 64, 10 cycles, 500 latents per class, 300 steps at 1e-3, T = 2, threshold ½
    msf = PAPER.method
    assert (msf.learning_rate, msf.batch_size, msf.cycles) == (1e-4, 64, 10)
    assert (msf.samples_per_class, msf.classifier_steps, msf.classifier_learning_rate) == (500, 300, 1e-3)
    assert (PAPER.gate_temperature, PAPER.threshold, PAPER.routing) == (2.0, 0.5, "hard")


@pytest.mark.parametrize("split", [None, *PUBLISHED_SPLITS])
def test_our_recipe_does_not_depend_on_the_split(split):
    assert recipe_for("default", split) is DEFAULT


def test_recipes_are_found_by_their_names():
    assert RECIPES == {"default": DEFAULT, "msf": MSF, "paper": PAPER}
    assert recipe_for(PAPER) is PAPER
    assert recipe_for("ridge") == Recipe("ridge", Ridge())
    assert recipe_for("msf") == Recipe("msf", Msf())
    with pytest.raises(ConfigError, match="no recipe and no method named 'best'; there are default, msf, paper, ridge"):
        recipe_for("best")


def test_a_changed_recipe_is_not_reported_by_the_name_alone():
    assert [DEFAULT.title, recipe_for("paper", "ntu120-96-24").title, Recipe("mine", Ridge()).title] == [
        "default",
        "paper",
        "mine",
    ]
    assert replace(DEFAULT, fold_classes=4).title == "default, changed"
    assert Recipe("default", Ridge()).title == "default, changed"
    assert replace(PAPER, name="ridge", method=Ridge()).title == "ridge, changed"
    assert replace(PAPER, name="mine", method=Ridge()).title == "mine, changed"


def test_a_recipe_describes_itself_in_json():
    there = json.loads(json.dumps(Recipe("r", Ridge(Spaces(shrinkage=0.5))).described()))
    assert there["fold_classes"] == 6
    assert there["method"]["name"] == "ridge"
    assert there["method"]["class"] == "gzssar.methods.ridge.Ridge"
    assert there["method"]["spaces"]["shrinkage"] == 0.5


def test_a_method_that_is_no_dataclass_is_described_by_its_attributes():
    class Plain:
        name = "plain"

        def __init__(self):
            self.strength = 3

        def fit(self, tasks, seed, progress=None):
            return []

    assert Recipe("plain", Plain()).described()["method"]["strength"] == 3


@pytest.mark.parametrize("layout", ["theirs.py", "theirs/methods.py"])
def test_the_code_of_a_method_from_elsewhere_is_a_part_of_its_recipe(layout, tmp_path, monkeypatch):
    written = tmp_path / layout
    written.parent.mkdir(exist_ok=True)
    monkeypatch.syspath_prepend(tmp_path)
    name = ".".join(Path(layout).with_suffix("").parts)

    def source(body):
        written.write_text(f"class Theirs:\n name = 'theirs'\n def fit(self, tasks, seed, progress=None):\n  {body}\n")
        importlib.invalidate_caches()
        for module in [one for one in sys.modules if one.partition(".")[0] == "theirs"]:
            monkeypatch.delitem(sys.modules, module)
        return Recipe("r", importlib.import_module(name).Theirs()).described()["method"]["source"]

    first = source("return []")
    assert source("return []  # nothing yet") == first
    assert source("return [1, 2, 3]") != first
    assert "source" not in DEFAULT.described()["method"]


def test_the_code_of_a_method_that_was_typed_in_is_a_part_of_its_recipe(monkeypatch):
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)  # as in an interpreter

    def source(body):
        made = {"__name__": "__main__"}
        exec(f"class Typed:\n name = 'typed'\n def fit(self, tasks, seed, progress=None):\n  {body}\n", made)
        return Recipe("r", made["Typed"]()).described()["method"]["source"]

    assert source("return []") == source("return []  # nothing yet")
    assert source("return [tasks]") != source("return []")
    assert source("return [0.1 * seed]") != source("return [0.2 * seed]")
    assert source("return [lambda x: x + 1]") != source("return [lambda x: x + 2]")


def test_different_methods_are_different_recipes():
    @dataclass(frozen=True)
    class Other(Ridge):
        pass

    assert replace(DEFAULT, method=Other()).described() != replace(DEFAULT, method=Ridge()).described()
