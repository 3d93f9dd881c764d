"""From an experiment's arguments to its data: skeleton features and text features, and a hash of each input."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from gzssar.config import ExperimentConfig, Recipe, recipe_for, text_kinds
from gzssar.errors import DataError, TextError
from gzssar.files import hash_file
from gzssar.progress import Progress
from gzssar.shapes import TextFeatures
from gzssar.skeletons.features import Benchmark
from gzssar.skeletons.readers.synthetic.benchmark import SYNTHETIC_TRAINING, synthetic_benchmark
from gzssar.skeletons.readers.synthetic.world import SyntheticWorld
from gzssar.skeletons.synse import read_synse
from gzssar.texts.classes import ClassTexts, TextKind, load_packaged_texts, read_class_texts
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
        texts = _encoded(load_packaged_texts("synthetic"), kinds)
        return ExperimentData(synthetic_benchmark(SyntheticWorld(), SYNTHETIC_TRAINING, progress), texts)
    benchmark = read_synse(config.synse, config.split, config.unseen_count)
    _check_gate(benchmark, recipe_for(config.recipe, config.split))
    count = benchmark.split.class_count
    words = class_texts(config.texts) if config.texts else None
    if words and len(words) != count:
        raise TextError(f"{config.texts} should describe the {count} classes of the split, but it has {len(words)}.")
    if config.class_names:
        benchmark = replace(benchmark, class_names=read_class_names(config.class_names, count))
    elif words:
        benchmark = replace(benchmark, class_names=words.of_kind("label"))
    if words:
        return ExperimentData(benchmark, _encoded(words, kinds))
    assert config.text_features is not None  # ExperimentConfig checked
    return ExperimentData(benchmark, read_text_tables(config.text_features, kinds, count))


def class_texts(name: str) -> ClassTexts:
    """Class texts by the path of a CSV, or by the name of a table that comes with the package.

    Raises:
        TextError: there is neither, or the table is malformed.
    """
    return read_class_texts(Path(name)) if Path(name).suffix == ".csv" else load_packaged_texts(name)


def _encoded(texts: ClassTexts, kinds: tuple[str, ...]) -> dict[str, TextFeatures]:
    encoder = MiniLM()
    return {kind: encoder.encode(texts.of_kind(_KINDS[kind])) for kind in kinds}


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
        texts = _hash_texts("synthetic")
        return {"synthetic world": repr(SyntheticWorld()), "encoder": repr(SYNTHETIC_TRAINING), "texts": texts}
    folders = {"synse": config.synse, "text_features": config.text_features}
    named = {"class_names": hash_file(config.class_names)} if config.class_names else {}
    if config.texts:
        named["texts"] = _hash_texts(config.texts)
    return named | {
        f"{name}/{path.relative_to(folder)}": hash_file(path)
        for name, folder in folders.items()
        if folder is not None
        for path in _arrays(folder)
    }


def _hash_texts(name: str) -> str:
    return hashlib.sha256(repr(class_texts(name)).encode()).hexdigest()


def _arrays(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} should be a folder with features, but there is no such folder.")
    return sorted(folder.rglob("*.npy"))
