"""From an experiment's arguments to its data: skeleton features and text features, and a hash of each input."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from gzssar.config import ExperimentConfig, Recipe, recipe_for, text_kinds
from gzssar.errors import DataError
from gzssar.progress import Progress
from gzssar.shapes import TextFeatures
from gzssar.skeletons.features import Benchmark
from gzssar.skeletons.readers.synthetic.benchmark import synthetic_benchmark
from gzssar.skeletons.readers.synthetic.world import SyntheticWorld
from gzssar.skeletons.synse import read_synse
from gzssar.skeletons.training import EncoderTraining
from gzssar.texts.classes import TextKind, load_packaged_texts
from gzssar.texts.encoders import MiniLM
from gzssar.texts.fusion import fuse
from gzssar.texts.tables import read_class_names, read_text_tables
from gzssar.threads import one_thread

_KINDS: dict[str, TextKind] = {"lb": "label", "ad": "action", "md": "motion"}


@dataclass(frozen=True)
class ExperimentData:
    """What an experiment stands on, whatever texts it fuses."""

    benchmark: Benchmark
    texts: dict[str, TextFeatures]
    """By kind: lb, ad, md."""

    def fused(self, text: str) -> TextFeatures:
        """The texts of a set such as ``lb+ad+md``, fused."""
        return fuse([self.texts[kind] for kind in text_kinds(text)])


@one_thread()
def load_data(config: ExperimentConfig, kinds: tuple[str, ...], progress: Progress | None = None) -> ExperimentData:
    """Read the SynSE folders an experiment names, or make the embedded default.

    Args:
        config: names the data.
        kinds: which texts are needed: lb, ad, md.
        progress: told what takes a while.

    Raises:
        GzssarError: an input is missing or malformed, contradicts another, or does not suit the recipe.
    """
    if config.synse is None:
        packaged, encoder = load_packaged_texts("synthetic"), MiniLM()
        texts = {kind: encoder.encode(packaged.of_kind(_KINDS[kind])) for kind in kinds}
        return ExperimentData(synthetic_benchmark(SyntheticWorld(), EncoderTraining(), progress), texts)
    assert config.text_features is not None  # ExperimentConfig checked
    benchmark = read_synse(config.synse, config.split, config.unseen_count)
    _check_gate(benchmark, recipe_for(config.recipe, config.split))
    if config.class_names:
        names = read_class_names(config.class_names, benchmark.split.class_count)
        benchmark = replace(benchmark, class_names=names)
    return ExperimentData(benchmark, read_text_tables(config.text_features, kinds, benchmark.split.class_count))


def _check_gate(benchmark: Benchmark, recipe: Recipe) -> None:
    """A gate on the k = U largest probabilities must find as many in both phases: say so before training."""
    if recipe.gate_input != "probabilities" or benchmark.validation is None:
        return
    wanted, held_out = len(benchmark.test.unseen), len(benchmark.validation.unseen)
    known = min(len(benchmark.test.seen), len(benchmark.validation.seen))
    if held_out != wanted or known < wanted:
        raise DataError(
            f"the gate of the recipe {recipe.name} needs, for {wanted} unseen classes, {wanted} validation-unseen ones "
            f"and at least {wanted} seen ones in each phase, but there are {held_out} validation-unseen classes and "
            f"{known} seen ones: cut the split so, or use the default recipe."
        )


def input_hashes(config: ExperimentConfig) -> dict[str, str]:
    """SHA-256 of every array file below the folders an experiment names, by path inside them.

    Raises:
        DataError: a folder does not exist, or a file in it cannot be read.
    """
    if config.synse is None:
        texts = hashlib.sha256(repr(load_packaged_texts("synthetic")).encode()).hexdigest()
        return {"synthetic world": repr(SyntheticWorld()), "encoder": repr(EncoderTraining()), "texts": texts}
    folders = {"synse": config.synse, "text_features": config.text_features}
    named = {"class_names": _hash(config.class_names)} if config.class_names else {}
    return named | {
        f"{name}/{path.relative_to(folder)}": _hash(path)
        for name, folder in folders.items()
        if folder is not None
        for path in _arrays(folder)
    }


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path} should be a file to read, but it cannot be read ({error.strerror}).") from error


def _arrays(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} should be a folder with features, but there is no such folder.")
    return sorted(folder.rglob("*.npy"))
