"""`gzssar evaluate`: a recognizer on labelled clips of its user's own, with a report, and calibrated anew by them."""

import shlex
import sys
from collections import Counter
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import numpy as np
import tyro
from rich.console import Console

from gzssar.choices import check_positive
from gzssar.commands.console import FOUND_SOMETHING, name_malformed, progress_bar, say, warn
from gzssar.commands.named_model import load_model
from gzssar.commands.options import OUT, Classes, Reading, add_table, labelling, open_source
from gzssar.errors import ConfigError, DataError
from gzssar.features.class_rows import row_of_class
from gzssar.features.files import load_features
from gzssar.files import output, require_free
from gzssar.own_test.answers import UNKNOWN
from gzssar.printable import listed
from gzssar.provenance import environment
from gzssar.skeletons.oddities import counted
from gzssar.skeletons.recordings import doubts_told
from gzssar.texts.classes import find_class_texts

if TYPE_CHECKING:
    from gzssar.features.features import FeatureSet
    from gzssar.inference.labelled import LabelledClips
    from gzssar.own_test import OwnTest
    from gzssar.recognizer import Recognizer

_LISTED = 300
"""Characters of a list of classes in one sentence."""


@dataclass(frozen=True)
class EvaluateConfig:
    """How good a model is on labelled clips."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """The folder of a fitted model, or a name that `gzssar models` lists."""

    data: Path | None = None
    """Labelled recordings: a file or a folder. Use clips that the model did not learn from."""

    features: Path | None = None
    """Features instead of --data, made by `gzssar embed -o` with the model's own encoder, as .npz or .safetensors."""

    texts: str | None = None
    """For clips that number their classes and do not name them: a table whose rows have the order of the numbers, or
    the name of a packaged one."""

    subjects: tuple[int, ...] = ()
    """Performers whose clips count; by default, all."""

    out: Annotated[Path | None, OUT] = None
    """The folder of the report; by default, runs/MODEL-on-CLIPS."""

    most_wrong: float = 0.2
    """The share of the given answers that may be wrong, estimated on the clips that the model learned from."""

    trim: bool = True
    """Use only the frames in which somebody moves, and the bodies that move."""

    add: Path | None = None
    """A table of more classes, which the model recognizes at once: CSV, TSV, JSON or YAML with label, action and
    motion."""

    recalibrate: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Make a new model, --model-out, whose gate, temperatures, threshold and limits of abstention are fitted on these
    clips. The report is about the given model."""

    model_out: Path | None = None
    """The folder of the new model."""

    batch_size: int = 32
    """Clips encoded at a time."""

    classes: Classes = field(default_factory=Classes)
    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        if (self.data is None) == (self.features is None):
            raise ConfigError("the test needs clips: give either --data CLIPS or --features FEATURES.npz.")
        if self.data is None and self.classes.labels is not None:
            raise ConfigError("--labels needs --data: features already have the classes that `gzssar embed` wrote.")
        if self.recalibrate != (self.model_out is not None):
            raise ConfigError("--recalibrate writes a new model to --model-out DIR: give both, or neither.")
        if self.model_out is not None and self.model_out.resolve() == self.report.resolve():
            raise ConfigError(
                "the report and the new model need different folders: name another --model-out, or another -o."
            )
        check_positive(self, "batch_size")

    @property
    def tested_on(self) -> Path:
        """The clips or their features."""
        return (self.data or self.features or Path()).resolve()

    @property
    def report(self) -> Path:
        """The folder of the report."""
        return self.out or Path("runs") / f"{self.model.resolve().name}-on-{self.tested_on.stem}"


def evaluate(config: Annotated[EvaluateConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Test a model on your own labelled clips, and write a report. Exits with 1 if a clip could not be read and was
    left out, unless you give --skip-bad."""
    from gzssar.reports.own_page import OwnHeader
    from gzssar.reports.own_test import own_table, write_own_report

    started = perf_counter()
    for folder in filter(None, (config.report, config.model_out)):
        require_free(folder, folder=True)
    recognizer = load_model(config.model)
    recognizer.parts.abstention.at(config.most_wrong)  # a wrong share is told before anything is encoded
    if config.add:
        add_table(recognizer, config.add)
    clips = _clips(config, recognizer)
    test = _answered(config, recognizer, clips)
    new = recognizer.recalibrated(test, config.tested_on.name) if config.recalibrate else None
    header = OwnHeader(
        model=config.model.resolve().name,
        data=config.tested_on.name,
        left_out=clips.left_out,
        notes=(*_known_before(recognizer, config, test), *doubts_told({"doubts": clips.doubts})),
        synthetic=recognizer.synthetic,
        recalibrated=config.model_out.resolve().name if config.model_out else "",
        command=_command(config),
        environment=environment(),
        seconds=perf_counter() - started,
    )
    with output(config.report):
        scores = write_own_report(config.report, test, header)
    for sentence in header.notes:
        warn(sentence)
    name_malformed(clips.left_out)
    for sentence in _matched(test):
        say(sentence)
    Console().print(own_table(scores))
    print(f"Report: {config.report}/report.html")
    if new and config.model_out:
        new.save(config.model_out)
        print(f"Recalibrated model, not tested yet: {config.model_out}")
    if clips.left_out and not config.reading.skip_bad:
        sys.exit(FOUND_SOMETHING)


def _clips(config: EvaluateConfig, recognizer: "Recognizer") -> "LabelledClips":
    """The clips as features, with the names of their classes in the provenance."""
    from gzssar.inference.labelled import LabelledClips, encode_labelled

    if config.features is not None:
        return LabelledClips(_features(config, recognizer), None, {}, {})
    assert config.data is not None  # EvaluateConfig checked
    if not recognizer.has_encoder:
        raise DataError(
            f"{config.model} should be a model that takes recordings, but it was fitted on features and has no "
            "skeleton encoder: give features of the clips with --features."
        )
    source = open_source(config.data, config.reading, labelling(config.classes))
    with progress_bar() as progress:  # after the bar of open_source, since two at once would overwrite each other
        told = partial(progress, "encoding clips")
        clips = encode_labelled(recognizer, source, config.subjects, config.trim, config.batch_size, told)
    return replace(clips, features=replace(clips.features, provenance={"class_names": list(source.class_names)}))


def _features(config: EvaluateConfig, recognizer: "Recognizer") -> "FeatureSet":
    """Features from a file, which should be of the recognizer's own encoder.

    Raises:
        DataError: they are of other streams.
        ConfigError: no clip is of the performers that are wanted.
    """
    assert config.features is not None  # EvaluateConfig checked
    features = load_features(config.features)
    encoder = recognizer.parts.encoder
    if encoder is not None and features.streams not in ((), encoder.streams):
        raise DataError(
            f"{config.features} should hold features of the streams that {config.model} reads, "
            f"{', '.join(encoder.streams)}, but it holds {', '.join(features.streams)}: encode the clips again."
        )
    if not config.subjects:
        return features
    wanted = np.isin([] if features.subjects is None else features.subjects, config.subjects)
    if not wanted.any():
        raise ConfigError(f"no clip of {config.features} shows the performers that --subjects names: name others.")
    return features.where(wanted)


def _answered(config: EvaluateConfig, recognizer: "Recognizer", clips: "LabelledClips") -> "OwnTest":
    """What the recognizer says of the clips."""
    features = clips.features
    return recognizer.evaluate_features(
        features.features,
        _class_names(config, features),
        None if features.subjects is None else features.subjects.tolist(),
        None if features.names is None else features.names.tolist(),
        clips.silent,
        config.most_wrong,
    )


def _class_names(config: EvaluateConfig, features: "FeatureSet") -> list[str]:
    """What the class of each clip is called.

    Raises:
        DataError: clips have numbers for classes, and nobody says what they mean.
    """
    names = features.provenance.get("class_names", [])
    if config.texts is not None:
        texts = find_class_texts(config.texts)
        row_of = row_of_class(features.labels, names, texts, config.classes.labels is not None, warn)
        labels = texts.of_kind("label")
        return [labels[row_of[int(label)]] for label in features.labels]
    if not names:
        raise DataError(
            f"{config.tested_on} should name its classes, but it numbers them: give a table with --texts whose rows "
            "are in their order, or name them with --labels."
        )
    if not 0 <= features.labels.min() <= features.labels.max() < len(names):
        raise DataError(
            f"{config.tested_on} should name each clip's class, but it has classes {features.labels.min()} to "
            f"{features.labels.max()} and {len(names)} names: correct the file, or encode the clips again with classes."
        )
    return [names[label] for label in features.labels]


def _known_before(recognizer: "Recognizer", config: EvaluateConfig, test: "OwnTest") -> list[str]:
    """Why the numbers may be too good: the model had to do with clips of that name before."""
    about, data = recognizer.parts.about, config.tested_on.name
    told = []
    learned, tested = set(about.get("performers", ())), set(test.subjects.tolist())
    disjoint = learned and UNKNOWN not in tested and not learned & tested
    if about.get("data") == data and not disjoint:
        told.append(f"the model learned from “{data}”. If it learned from these clips, all results are too good.")
    if about.get("recalibrated", {}).get("data") == data:
        told.append(
            f"the model was calibrated on “{data}”. If it was calibrated on these clips, its calibration looks better "
            "than it is."
        )
    return told


def _matched(test: "OwnTest") -> list[str]:
    """What the classes of the clips are called in the model, and which it lacks."""
    known = test.where(test.is_known)
    pairs = dict.fromkeys(zip(known.called, (test.classes[k] for k in known.truth), strict=True))
    told = [f"{len({label for _, label in pairs})} of the model's {len(test.classes)} classes have clips"]
    if renamed := [f"{own!r} is {label!r}" for own, label in pairs if own != label]:
        told.append(f"the model has other names for classes: {listed(renamed, _LISTED)}")
    strange = Counter(test.where(~test.is_known).called)
    if strange:
        named = listed([f"{name} ({clips})" for name, clips in sorted(strange.items())], _LISTED)
        given = int(test.given[~test.is_known].sum())
        told.append(
            f"the model does not know these classes, so no accuracy counts their clips: {named}. It answers {given} "
            f"of the {counted(strange.total(), 'clip')}, but it should answer none"
        )
    return told


def _command(config: EvaluateConfig) -> str:
    """The command line that repeats the test: what is not as it is by default."""
    words = ["gzssar", "evaluate", str(config.model)]
    for part in (config, config.classes, config.reading):
        for one in fields(part):
            value = getattr(part, one.name)
            if one.name == "model" or is_dataclass(value) or value == one.default:
                continue
            name = one.name.replace("_", "-")
            if isinstance(value, bool):
                words.append(f"--{name}" if value else f"--no-{name}")
            else:
                words += [f"--{name}", *map(str, value if isinstance(value, tuple) else (value,))]
    return shlex.join(words)
