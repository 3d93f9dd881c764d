import re
from pathlib import Path

import pytest

from gzssar.bench.config import BenchConfig
from gzssar.errors import ConfigError
from gzssar.methods.recipe import DEFAULT, recipe_for

GIVEN = {"out": Path("bench"), "features": (Path("f.npz"),), "texts": ("utd_mhad",), "unseen": 5}


def recipes(*set_, methods=("ridge", "default")):
    return BenchConfig(**GIVEN, methods=methods, set=set_).recipes()


def test_fields_of_recipe_method_and_its_parts_are_set_by_name():
    made = recipes(
        "default.fold_classes=4", "ridge.penalty=2.5", "ridge.shrinkage=.1", "ridge.text_weights=(1, 0, 2.0)"
    )
    assert made["default"].fold_classes == 4
    assert made["default"].method == DEFAULT.method
    assert made["ridge"].method.penalty == 2.5
    assert made["ridge"].method.spaces.shrinkage == 0.1
    assert made["ridge"].method.spaces.text_weights == (1.0, 0.0, 2.0)
    assert recipes("ridge.spaces.shrinkage=.1")["ridge"].method.spaces.shrinkage == 0.1
    assert recipes("ridge.routing=hard")["ridge"].routing == "hard"
    assert recipes()["ridge"] == recipe_for("ridge")


def test_a_variant_has_a_name_of_its_own():
    made = recipes("weak.penalty=9", methods=("ridge", "weak=ridge"))
    assert (made["ridge"].method.penalty, made["weak"].method.penalty) == (1.0, 9.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"synse": (Path("s11"),)}, "give --features or --synse"),
        ({"features": ()}, "give --features or --synse"),
        ({"unseen": None}, "say with --unseen how many are unseen"),
        ({"texts": ()}, "give --texts, or with --synse --text-features"),
        ({"texts": ("a", "b")}, "--texts is one table for all 1 benchmarks, or one for each"),
        ({"split": "ntu60-55-5"}, "--text-features and --split go with --synse"),
        ({"features": (), "synse": (Path("s"),)}, "SynSE folders are cut already"),
        ({"splits": 0}, "splits must be positive"),
        ({"split_seed": -1}, "seeds count from 0, but --split-seed is -1"),
        ({"methods": ("ridge", "ridge")}, "--methods names some methods, each once, but ridge ridge came"),
        ({"methods": ("best",)}, "there is no recipe and no method named 'best'"),
        ({"set": ("ridge.penalty=2",)}, "--set takes METHOD.FIELD=VALUE, with one of default, but"),
        ({"set": ("default.fold_classes",)}, "--set takes METHOD.FIELD=VALUE"),
        ({"set": ("default.folds=4",)}, "--set default.folds=4 names no field; Recipe has name, method, held_out"),
        ({"set": ("default.fold_classes=many",)}, "fold_classes"),
        ({"set": ("default.fold_classes=-1",)}, "fold_classes must be positive"),
        ({"text": "lb+xx"}, "texts are lb, ad and md joined by +"),
    ],
)
def test_a_bench_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        BenchConfig(**{**GIVEN, **change})
