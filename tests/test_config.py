import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from gzssar.errors import ConfigError
from gzssar.experiment.config import ExperimentConfig
from gzssar.recipe import DEFAULT, PAPER, RECIPES, Recipe, recipe_for
from gzssar.splits import PUBLISHED_SPLITS
from gzssar.texts.encoding import text_kinds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latent_width": 0}, "latent_width must be positive, but it is 0."),
        ({"cycles": -1}, "cycles must be positive, but it is -1."),
        ({"learning_rate": 0.0}, "learning_rate must be positive, but it is 0.0."),
        ({"temperature": 0.0}, "temperature must be positive, but it is 0.0."),
        ({"fold_classes": 0}, "fold_classes must be positive, but it is 0."),
        ({"shrinkage": 1.5}, "shrinkage is a share in [0, 1], but it is 1.5."),
        ({"shrinkage": -0.1}, "shrinkage is a share in [0, 1], but it is -0.1."),
        ({"threshold": 1.01}, "threshold is a probability in [0, 1], but it is 1.01."),
        (
            {"gate_input": "probabilities", "gate_training": "folds"},
            'since nobody has encoder logits of training clips: use gate_training="validation"',
        ),
        ({"gate_input": "probabilities", "gate_training": "folds+validation"}, "cannot learn from folds"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        Recipe(name="toy", **change)


@pytest.mark.parametrize("change", [{"shrinkage": 0.0}, {"shrinkage": 1.0}, {"threshold": 0.0}, {"text_noise": 0.0}])
def test_the_ends_of_the_ranges_are_allowed(change):
    assert replace(DEFAULT, **change) != DEFAULT


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
    assert (recipe.latent_width, recipe.cycle_steps) == (latent_width, cycle_steps)
    assert recipe.cross_from == (1400 if cycle_steps == 1700 else 1500)
    rest = replace(recipe, latent_width=100, cycle_steps=1700, cross_from=1400)
    assert rest == PAPER


def test_the_papers_recipe_is_the_papers():
    # METHOD: Adam 1e-4, batch 64, 10 cycles, 500 latents per class, 300 steps at 1e-3, T = 2, threshold ½
    assert (PAPER.learning_rate, PAPER.batch_size, PAPER.cycles) == (1e-4, 64, 10)
    assert (PAPER.samples_per_class, PAPER.classifier_steps, PAPER.classifier_learning_rate) == (500, 300, 1e-3)
    assert (PAPER.temperature, PAPER.threshold) == (2.0, 0.5)


@pytest.mark.parametrize("split", [None, *PUBLISHED_SPLITS])
def test_our_recipe_does_not_depend_on_the_split(split):
    assert recipe_for("default", split) is DEFAULT


def test_recipes_are_found_by_their_names():
    assert RECIPES == {"default": DEFAULT, "paper": PAPER}
    with pytest.raises(ConfigError, match="no recipe named 'best'; there are default, paper"):
        recipe_for("best")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "seeds and jobs must be at least 1, but they are 0 and 1."),
        ({"jobs": 0}, "seeds and jobs must be at least 1, but they are 5 and 0."),
        ({"synse": None}, "--text-features, --texts, --class-names, --split and --unseen-count go with --synse DIR"),
        ({"synse": None, "text_features": (), "unseen_count": 5}, "go with --synse DIR"),
        ({"synse": None, "text_features": (), "split": "ntu60-55-5"}, "go with --synse DIR"),
        ({"text_features": ()}, "skeleton features need text features: name the folder that holds lb_<K>.npy"),
        ({"recipe": "best"}, "there is no recipe named 'best'"),
        ({"text": "lb+xx"}, "texts are lb, ad and md joined by +, such as lb+ad+md, but 'xx' came."),
    ],
)
def test_an_experiment_that_contradicts_itself_is_refused(change, message):
    given = {"synse": Path("features"), "text_features": (Path("texts"),), **change}
    with pytest.raises(ConfigError, match=re.escape(message)):
        ExperimentConfig(**given)


@pytest.mark.parametrize(
    ("text", "kinds"), [("lb", ("lb",)), ("md+lb", ("md", "lb")), ("lb_ad_md", ("lb", "ad", "md"))]
)
def test_text_sets(text, kinds):
    assert text_kinds(text) == kinds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "but '' came"),
        ("lb+", "but '' came"),
        ("LB", "but 'LB' came"),
        ("ad+lb+ad", "each text may be fused once, but 'ad+lb+ad' names one twice"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        text_kinds(text)


def test_the_command_repeats_the_experiment():
    assert ExperimentConfig().command() == "gzssar run"
    config = ExperimentConfig(synse=Path("my features"), text_features=(Path("t"),), seeds=3, unseen_count=8)
    assert shlex.split(config.command()) == [
        *("gzssar", "run", "--synse", "my features", "--text-features", "t", "--unseen-count", "8", "--seeds", "3")
    ]


def test_a_choice_that_does_not_exist_is_refused():
    """Past the tests' type checker, which a user does not have."""
    config = ExperimentConfig()
    object.__setattr__(config, "selection", "test")
    with pytest.raises(ConfigError, match="selection is one of validation, paper-test-selected, but 'test' came"):
        config.__post_init__()
