"""What a bench runs on: benchmarks, each cut by a class split, with texts, and what tells one cut from another.

Split k of a feature file with K classes is ``drawn_split`` with the seed ``(split_seed, K, U, k)``: the same classes
whatever else is asked, so that methods of different calls can be paired.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.bench.config import BenchConfig
from gzssar.errors import ConfigError, DataError
from gzssar.experiment.config import ExperimentConfig
from gzssar.experiment.data import ExperimentData, Sources, hash_words
from gzssar.features.benchmark import zero_shot_benchmark
from gzssar.features.class_cut import (
    UNKNOWN_PERFORMERS,
    ClassCut,
    ZeroShot,
    cut_classes,
    drawn_split,
    performers_unknown,
)
from gzssar.features.class_rows import row_of_class
from gzssar.features.features import FeatureSet
from gzssar.features.files import load_features
from gzssar.files import hash_file
from gzssar.methods.method import Texts
from gzssar.texts.classes import ClassTexts, find_class_texts, label_key
from gzssar.texts.encoding import encode_texts, load_text_encoders, text_kinds

Warn = Callable[[str], None]


@dataclass(frozen=True)
class FolderCut:
    """A SynSE folder, which holds one cut."""

    config: ExperimentConfig
    data: str
    split: str
    inputs: Mapping[str, str]
    """A hash of each."""

    def identity(self) -> dict[str, Any]:
        """What decides about its numbers, besides method and seed."""
        asked = {"split": self.config.split, "text": self.config.text, "encoding": asdict(self.config.encoding)}
        return {"inputs": self.inputs, **asked}

    def load(self, with_logits: bool) -> ExperimentData:
        """Both phases and the texts; the folder's logits come along in any case.

        Raises:
            GzssarError: an input is malformed.
        """
        return Sources(self.config).load(text_kinds(self.config.text))


@dataclass(frozen=True)
class Clips:
    """A feature file: the classes with clips, numbered without gaps, and their texts."""

    name: str
    features: FeatureSet
    class_names: tuple[str, ...]
    texts: Texts
    inputs: Mapping[str, Any]
    """A hash of each, and which texts were encoded how."""
    known_to_encoder: tuple[str, ...] = ()
    """Classes that the encoder was trained on, where the file says so."""


@dataclass(frozen=True)
class DrawnCut:
    """A feature file, cut by a class split that its number draws."""

    clips: Clips
    split: int
    unseen: int
    split_seed: int
    train_subjects: tuple[int, ...]

    @property
    def data(self) -> str:
        """The benchmark's name."""
        return self.clips.name

    def identity(self) -> dict[str, Any]:
        """What decides about its numbers, besides method and seed."""
        asked = {name: getattr(self, name) for name in ("split", "unseen", "split_seed", "train_subjects")}
        return {"inputs": self.clips.inputs, **asked}

    def load(self, with_logits: bool) -> ExperimentData:
        """Both phases and the texts; with logits, those of a linear classifier on the phase's training clips.

        Raises:
            DataError: there are too few classes to draw from, or a phase lacks clips.
        """
        clips, names = self.clips.features, self.clips.class_names
        seed = (self.split_seed, len(names), self.unseen, self.split)
        drawn = drawn_split("", len(names), self.unseen, seed)
        zero_shot = ZeroShot(drawn.unseen, drawn.validation_unseen, train_subjects=self.train_subjects)
        performers = _performers(clips)
        cut = cut_classes(zero_shot, names, [], clips.labels, performers)
        self._check_classes(cut)
        description = f"{len(clips)} clips of {self.data}"
        benchmark = zero_shot_benchmark(clips, clips, ((), ()), cut, description, with_logits)
        return ExperimentData(benchmark, self.clips.texts)

    def _check_classes(self, cut: ClassCut) -> None:
        """Any class may be seen or unseen in some split, so each needs clips on both sides."""
        for mask, who in ((cut.trains, "who train"), (~cut.trains, "who do not train")):
            absent = sorted(set(range(len(cut.class_names))) - set(self.clips.features.labels[mask].tolist()))
            if absent:
                more = f" and {len(absent) - 1} more have" if len(absent) > 1 else " has"
                raise DataError(
                    f"{self.data}: each class needs clips of performers {who}, but {cut.class_names[absent[0]]}{more} "
                    "none: name others with --train-subjects, or leave these classes' clips out of the file."
                )


Cut = FolderCut | DrawnCut


def find_cuts(config: BenchConfig, warn: Warn) -> list[Cut]:
    """All cuts that a bench runs on; texts are encoded here, once.

    Args:
        config: the arguments.
        warn: told what the user should know about the data.

    Raises:
        ConfigError: two benchmarks have one name.
        GzssarError: an input is missing or malformed.
    """
    cuts: list[Cut] = list(_folder_cuts(config)) if config.synse else list(_drawn_cuts(config, warn))
    name, count = Counter((cut.data, cut.split) for cut in cuts).most_common(1)[0]
    if count > 1:
        raise ConfigError(f"benchmarks are told apart by name, but {name[0]} comes twice: rename a file or a folder.")
    return cuts


def _folder_cuts(config: BenchConfig) -> Iterator[FolderCut]:
    for number, folder in enumerate(config.synse):
        asked = ExperimentConfig(folder, config.text_features, config.table(number), config.encoding)
        asked, place = replace(asked, split=config.split, text=config.text), folder.resolve()
        yield FolderCut(asked, place.parent.name, place.name, Sources(asked).hashes())


def _drawn_cuts(config: BenchConfig, warn: Warn) -> Iterator[DrawnCut]:
    assert config.unseen is not None  # BenchConfig checked
    for number, path in enumerate(config.features):
        clips = _clips(config, path, find_class_texts(config.table(number) or ""), warn)
        if performers_unknown(_performers(clips.features)):
            warn(f"{path}: {UNKNOWN_PERFORMERS}.")
        if known := clips.known_to_encoder:
            warn(
                f"{path}: its encoder was trained on {len(known)} of the classes, such as {known[0]}, so that a split "
                "in which they are unseen is not zero-shot."
            )
        for split in range(config.splits):
            yield DrawnCut(clips, split, config.unseen, config.split_seed, config.train_subjects)


def _clips(config: BenchConfig, path: Path, texts: ClassTexts, warn: Warn) -> Clips:
    """Read a feature file, and encode the texts of its classes."""
    whole = load_features(path)
    row_of = row_of_class(whole.labels, whole.provenance.get("class_names", []), texts, False, warn)
    words = ClassTexts(tuple(texts[row_of[label]] for label in sorted(row_of)))
    labels = np.searchsorted(sorted(row_of), whole.labels).astype(np.int64)
    encoders = load_text_encoders(config.encoding)
    encoded = encode_texts(words, text_kinds(config.text), encoders, config.encoding.truncate)
    names = tuple(row.label or f"class {label}" for label, row in zip(sorted(row_of), words, strict=True))
    inputs = {"features": hash_file(path), **hash_words(words, config.encoding, encoders)}
    how = {"text": text_kinds(config.text), "encoding": asdict(config.encoding)}
    clips = FeatureSet(whole.features, labels, subjects=whole.subjects, streams=whole.streams)
    trained_on = _trained_on(whole.provenance)
    known = tuple(name for name in names if label_key(name) in trained_on)
    return Clips(path.stem, clips, names, encoded, json.loads(json.dumps(inputs | how)), known)


def _trained_on(about: Mapping[str, Any]) -> set[str]:
    """The classes that the encoders of a feature file were trained on, as far as ``gzssar embed`` could tell."""
    told, ids = about.get("encoder"), about.get("encoder_classes")
    trainings = [one for one in (told if isinstance(told, list) else [told]) if isinstance(one, dict)]
    lists = [names for one in trainings if isinstance(names := one.get("class_names"), list | tuple)]
    known = set(ids) if isinstance(ids, list) else set()
    return {label_key(str(name)) for names in lists for k, name in enumerate(names) if k in known}


def _performers(clips: FeatureSet) -> np.ndarray:
    """Who performs each clip; -1 where unknown."""
    return clips.subjects if clips.subjects is not None else np.full(len(clips), -1)
