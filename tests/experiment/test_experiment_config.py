import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from gzssar.errors import ConfigError
from gzssar.experiment.config import ExperimentConfig
from gzssar.methods.recipe import DEFAULT
from gzssar.texts.encoding import text_kinds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "seeds must be positive, but it is 0."),
        ({"jobs": 0}, "jobs must be positive, but it is 0."),
        ({"synse": None}, "--text-features, --texts, --class-names, --split and --unseen-count go with --synse DIR"),
        ({"synse": None, "text_features": (), "unseen_count": 5}, "go with --synse DIR"),
        ({"synse": None, "text_features": (), "split": "ntu60-55-5"}, "go with --synse DIR"),
        ({"text_features": ()}, "skeleton features need text features: name the folder that holds lb_<K>.npy"),
        ({"recipe": "best"}, "there is no recipe and no method named 'best'"),
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


def test_the_command_names_a_recipe_and_says_where_it_has_no_name():
    assert ExperimentConfig(recipe="paper").command() == "gzssar run --recipe paper"
    assert ExperimentConfig(recipe=DEFAULT).command() == "gzssar run --recipe default"
    own = ExperimentConfig(recipe=replace(DEFAULT, fold_classes=4)).command()
    assert own == "# from Python, with the recipe in config.json: gzssar run --recipe default"


def test_a_choice_that_does_not_exist_is_refused():
    """Past the tests' type checker, which a user does not have."""
    config = ExperimentConfig()
    object.__setattr__(config, "selection", "test")
    with pytest.raises(ConfigError, match="selection is one of validation, paper-test-selected, both, but 'test' came"):
        config.__post_init__()
