"""Generalized zero-shot skeleton-based action recognition.

A model learns from skeleton clips of seen actions and recognizes unseen ones from their texts alone::

    from gzssar import ExperimentConfig, run

    result = run(ExperimentConfig(seeds=3))
    print(result.summary["mean"]["harmonic_mean"])

Names are imported on first use, so that ``import gzssar`` costs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gzssar.errors import GzssarError
    from gzssar.experiment.config import ExperimentConfig
    from gzssar.experiment.run import Result, run
    from gzssar.experiment.story import Experiment, run_seed
    from gzssar.features.features import Benchmark, FeatureSet, Phase, Unlabelled
    from gzssar.features.files import load_features, save_features
    from gzssar.features.synse import read_synse
    from gzssar.methods.method import ClassScores, Method, Scorer, Task
    from gzssar.methods.recipe import DEFAULT, PAPER, Recipe
    from gzssar.recognizer import Prediction, Recognizer
    from gzssar.skeletons.readers import ReadOptions, open_clips, read_clip
    from gzssar.skeletons.sequence import SkeletonSequence
    from gzssar.splits import ClassSplit, published_split

__version__ = "0.1.0"

_HOME = {
    "experiment.config": ("ExperimentConfig",),
    "errors": ("GzssarError",),
    "experiment.run": ("Result", "run"),
    "experiment.story": ("Experiment", "run_seed"),
    "methods.method": ("ClassScores", "Method", "Scorer", "Task"),
    "methods.recipe": ("DEFAULT", "PAPER", "Recipe"),
    "recognizer": ("Prediction", "Recognizer"),
    "features.features": ("Benchmark", "FeatureSet", "Phase", "Unlabelled"),
    "features.files": ("load_features", "save_features"),
    "skeletons.readers": ("ReadOptions", "open_clips", "read_clip"),
    "skeletons.sequence": ("SkeletonSequence",),
    "features.synse": ("read_synse",),
    "splits": ("ClassSplit", "published_split"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "DEFAULT",
    "PAPER",
    "Benchmark",
    "ClassScores",
    "ClassSplit",
    "Experiment",
    "ExperimentConfig",
    "FeatureSet",
    "GzssarError",
    "Method",
    "Phase",
    "Prediction",
    "ReadOptions",
    "Recipe",
    "Recognizer",
    "Result",
    "Scorer",
    "SkeletonSequence",
    "Task",
    "Unlabelled",
    "load_features",
    "open_clips",
    "published_split",
    "read_clip",
    "read_synse",
    "run",
    "run_seed",
    "save_features",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'gzssar' has no attribute {name!r}")
    return getattr(import_module(f"gzssar.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
