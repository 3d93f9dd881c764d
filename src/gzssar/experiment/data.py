"""From an experiment's arguments to its data: skeleton features and text features, and a hash of each input."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from gzssar.errors import DataError, TextError
from gzssar.experiment.config import ExperimentConfig
from gzssar.experiment.seeds import run_seeds
from gzssar.features.features import Benchmark
from gzssar.features.synse import read_synse
from gzssar.files import hash_content, hash_file
from gzssar.methods.method import Texts
from gzssar.methods.recipe import Recipe, recipe_for
from gzssar.running import Progress, one_thread
from gzssar.synthetic.benchmark import SYNTHETIC_STREAMS, SYNTHETIC_TRAINING, SeededBenchmark
from gzssar.synthetic.world import SyntheticWorld
from gzssar.texts.classes import ClassTexts, find_class_texts
from gzssar.texts.encoders import TextEncoder
from gzssar.texts.encoding import Encoding, encode_texts, load_text_encoders, text_kinds, words_of
from gzssar.texts.features import read_class_names, read_text_tables


@dataclass(frozen=True)
class ExperimentData:
    """The data of an experiment."""

    benchmark: Benchmark | SeededBenchmark
    """The features, the classes and their split."""
    texts: Texts
    """The text features of all classes, by kind."""

    def of_set(self, text: str) -> Texts:
        """The text features of a set such as ``ad+md`` and, if the texts came as words, their word counts."""
        kinds = text_kinds(text)
        return {kind: self.texts[kind] for kind in (*kinds, *map(words_of, kinds)) if kind in self.texts}

    def hashes(self, text: str) -> dict[str, str]:
        """The SHA-256 of what a run with a set of texts reads: clips and classes of both phases, and the texts."""
        benchmark = self.benchmark
        parts: dict[str, object] = {"split": benchmark.split, "class names": benchmark.class_names}
        if isinstance(benchmark, SeededBenchmark):  # which features it makes depends on seeds and machine too
            parts["clips"] = replace(benchmark, made={})
        else:
            parts |= {"test phase": benchmark.test, "validation phase": benchmark.validation}
        parts["texts"] = sorted(self.of_set(text).items())
        return {name: hash_content(part) for name, part in parts.items()}

    def encoded(self, seeds: Sequence[int], jobs: int, progress: Progress | None) -> "ExperimentData":
        """Train the encoders of these seeds, so that several experiments can share them.

        Args:
            seeds: the seeds of the experiments.
            jobs: the number of encoders to train at once.
            progress: called with the progress of the training.

        Returns:
            The data with the encoded features, or the same object if the features are given.
        """
        if not isinstance(self.benchmark, SeededBenchmark):
            return self
        made = dict(run_seeds(_encode, self.benchmark, seeds, jobs, progress, "encoder"))
        return replace(self, benchmark=replace(self.benchmark, made=made))


def _encode(benchmark: SeededBenchmark, seed: int, progress: Progress | None = None) -> tuple[int, Benchmark]:
    return seed, benchmark.of_seed(seed, progress)


@dataclass(frozen=True)
class Sources:
    """Where an experiment's data come from; texts and encoders are found once, then hashed and loaded."""

    config: ExperimentConfig

    @cached_property
    def words(self) -> ClassTexts | None:
        """The class texts, where they come as words.

        Raises:
            TextError: the table is missing or malformed.
        """
        table = self.config.texts if self.config.synse else "synthetic"
        return find_class_texts(table) if table else None

    @cached_property
    def encoders(self) -> list[TextEncoder]:
        """The language encoders.

        Raises:
            GzssarError: one is not installed or not known.
        """
        return load_text_encoders(self.config.encoding)

    def hashes(self) -> dict[str, str]:
        """SHA-256 of the texts and of every array file below the folders, by path inside them.

        Raises:
            DataError: a folder does not exist, or a file in it cannot be read.
        """
        config = self.config
        found = hash_words(self.words, config.encoding, self.encoders) if self.words else {}
        if config.synse is None:
            return {
                "synthetic world": repr(SyntheticWorld()),
                "encoders": repr((SYNTHETIC_TRAINING, SYNTHETIC_STREAMS)),
                **found,
            }
        folders = {"synse": config.synse}
        folders |= {f"text_features {i}": folder for i, folder in enumerate(config.text_features)}
        if config.class_names:
            found["class_names"] = hash_file(config.class_names)
        return found | {
            f"{name}/{path.relative_to(folder)}": hash_file(path)
            for name, folder in folders.items()
            for path in _arrays(folder)
        }

    @one_thread()
    def load(self, kinds: tuple[str, ...]) -> ExperimentData:
        """Read the SynSE folders that the experiment names; of the embedded default the texts alone, since its encoders
        come with the seeds.

        Args:
            kinds: which texts are needed: lb, ad, md.

        Raises:
            GzssarError: an input is missing or malformed, contradicts another, or does not suit the recipe.
        """
        config, words = self.config, self.words
        if config.synse is None:
            assert words is not None  # the synthetic world brings them
            texts = encode_texts(words, kinds, self.encoders, config.encoding.truncate)
            validated = "validation" in recipe_for(config.recipe).held_out
            world = SeededBenchmark(SyntheticWorld(), SYNTHETIC_TRAINING, SYNTHETIC_STREAMS, validated)
            return ExperimentData(world, texts)
        benchmark = read_synse(config.synse, config.split, config.unseen_count)
        check_gate(benchmark, recipe_for(config.recipe, config.split))
        count = benchmark.split.class_count
        if config.class_names:
            benchmark = replace(benchmark, class_names=read_class_names(config.class_names, count))
        if words is None:
            folders = [read_text_tables(folder, kinds, count) for folder in config.text_features]
            return ExperimentData(benchmark, {kind: tuple(tables[kind] for tables in folders) for kind in kinds})
        if config.class_names and words.has("label"):
            words = words.matched_to(benchmark.class_names)
        if len(words) != count:
            raise TextError(
                f"{config.texts} should describe the {count} classes of the split, but it has {len(words)}."
            )
        if not config.class_names and words.has("label"):
            benchmark = replace(benchmark, class_names=words.of_kind("label"))
        return ExperimentData(benchmark, encode_texts(words, kinds, self.encoders, config.encoding.truncate))


def hash_words(words: ClassTexts, encoding: Encoding, encoders: Sequence[TextEncoder]) -> dict[str, str]:
    """SHA-256 of class texts, and the revision of each encoder."""
    revisions = {f"text encoder {name}": one.revision for name, one in zip(encoding.encoder, encoders, strict=True)}
    return {"texts": hashlib.sha256(repr(words).encode()).hexdigest(), **revisions}


def check_gate(benchmark: Benchmark, recipe: Recipe) -> None:
    """A gate on the k = U largest probabilities must find as many in both phases: say so before training.

    Raises:
        DataError: it does not.
    """
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


def _arrays(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} should be a folder with features, but there is no such folder.")
    return sorted(folder.rglob("*.npy"))
