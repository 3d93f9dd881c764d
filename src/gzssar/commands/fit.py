"""`gzssar fit`: a recognizer to keep, from recordings or from their features, and from class texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import tyro

from gzssar.choices import check_positive
from gzssar.commands.console import name_malformed, progress_bar, warn
from gzssar.commands.options import Classes, Out, Reading, Weights, embed_job, labelling, warn_of_streams
from gzssar.decision.abstention import MOST_WRONG
from gzssar.encoders.weights import parse_weights
from gzssar.errors import ConfigError, DataError
from gzssar.features.class_rows import row_of_class
from gzssar.features.features import FeatureSet
from gzssar.features.files import load_features
from gzssar.files import require_free
from gzssar.running import Progress
from gzssar.skeletons.recordings import doubts_told
from gzssar.texts.classes import ClassTexts, find_class_texts
from gzssar.texts.encoding import Encoding, text_kinds

if TYPE_CHECKING:
    from gzssar.encoders.streams import SkeletonEncoder
    from gzssar.recognizer import Recognizer


@dataclass(frozen=True)
class FitConfig:
    """Where a model comes from, and the folder that `gzssar predict`, `gzssar serve` and `Recognizer.load` take."""

    texts: str
    """Texts of all classes: a table (.csv, .tsv, .json, .yaml), or the name of a packaged one. Classes without clips
    are unseen."""

    out: Out
    """The folder."""

    data: Path | None = None
    """Recordings of the seen classes: a file or a folder. Without --data and --features, the seen classes are those
    that the encoder was trained on, and the model is untested."""

    features: Path | None = None
    """Features instead of --data, made by `gzssar embed -o`, as .npz or .safetensors."""

    encoder_weights: Weights = ()
    """The skeleton encoder: a file of `gzssar train-encoder`, or the Shift-GCN authors' .pt files. Authors' files are
    taken as the joint stream unless you name another one: bone=FILE. Several files, one for each stream, average
    their scores: joint=FILE bone=FILE "joint motion=FILE" "bone motion=FILE". A NAME that `gzssar models` lists
    stands for all its streams, joint=ntu120 for one; a file of that name has precedence. With --features, name the
    encoder that made them; without an encoder, the model takes features only."""

    frames: int | None = None
    """With --data: the number of frames that the encoder reads: shorter clips are repeated, longer ones are thinned
    out. By default, as many as the weights were trained on (300 for the authors'). The time to fit and to recognize is
    proportional to it."""

    encoder_texts: str | None = None
    """Texts of the classes that the encoder was trained on, in their order: a table, or the name of a packaged one.
    none ignores the encoder's own classifier. By default, NTU RGB+D's texts for the authors' weights with 60 or 120
    classes."""

    unseen: tuple[str, ...] = ()
    """Labels of classes whose clips are left out, so that they are unseen."""

    train_subjects: tuple[int, ...] = ()
    """Performers to learn from; by default, all."""

    text: str = "lb+ad+md"
    """Texts to fuse, joined by +: lb (label), ad (action description), md (motion description)."""

    trim: bool = True
    """Learn only from the frames in which somebody moves, and from the bodies that move."""

    seed: int = 0
    """Seed of all random numbers."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """The device that encodes the recordings: cpu, cuda, or auto, which is cuda if there is one."""

    classes: Classes = field(default_factory=Classes)
    encoding: Encoding = field(default_factory=Encoding)
    reading: Reading = field(default_factory=Reading)

    @property
    def weights_alone(self) -> bool:
        """Whether there is nothing to learn from but the encoder's own classifier."""
        return self.data is None and self.features is None

    def __post_init__(self) -> None:
        if self.data is not None and self.features is not None:
            raise ConfigError("a model learns from clips: give either --data CLIPS or --features FEATURES.npz.")
        if self.weights_alone:
            self._check_weights_alone()
        if self.data is not None and not self.encoder_weights:
            raise ConfigError(
                "recordings need a skeleton encoder: name its weights with --encoder-weights, such as utd-mhad, which "
                "comes with the package, or ntu120, after `gzssar models get ntu120`."
            )
        if self.features is not None and self.frames is not None:
            raise ConfigError(
                "--frames needs --data: features already have the number of frames that `gzssar embed` used."
            )
        if self.data is None and self.classes.labels is not None:
            raise ConfigError("--labels needs --data: features already have the classes that `gzssar embed` wrote.")
        if not self.encoder_weights and self.encoder_texts not in (None, "none"):
            raise ConfigError("--encoder-texts needs --encoder-weights: it describes the classes of the encoder.")
        check_positive(self, "frames")
        if self.encoder_weights:
            parse_weights(self.encoder_weights)
        text_kinds(self.text)

    def _check_weights_alone(self) -> None:
        if not self.encoder_weights:
            raise ConfigError(
                "a model learns from --data CLIPS, from --features FEATURES.npz, or from --encoder-weights alone: "
                "give one."
            )
        if self.encoder_texts == "none":
            raise ConfigError(
                "without clips, the model has only the encoder's own classes: leave --encoder-texts none out."
            )
        if self.unseen or self.train_subjects:
            raise ConfigError(
                "--unseen and --train-subjects select clips, but there are no clips: leave these options out."
            )


def fit(config: Annotated[FitConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Fit a model on recordings of seen classes and on the texts of all classes, and save it as a folder."""
    texts = find_class_texts(config.texts)
    left_out = [texts.index(label) for label in config.unseen]  # a wrong one is told before hours of encoding,
    named = find_class_texts(config.encoder_texts) if config.encoder_texts not in (None, "none") else None  # as here
    require_free(config.out, folder=True)
    if config.encoder_weights:
        warn_of_streams(parse_weights(config.encoder_weights))
    with progress_bar() as progress:
        if config.weights_alone:
            _print_weights_alone(_of_weights(config, texts, named, progress), config.out)
            return
        recognizer = _fitted(config, texts, named, left_out, progress)
    from gzssar.recognizer.encoder_classes import near_twins

    unseen = len(recognizer.classes) - len(recognizer.seen_classes)
    name_malformed(recognizer.parts.about["malformed"])
    for sentence in doubts_told(recognizer.parts.about["recordings"]):
        warn(sentence)
    print(f"{len(recognizer.seen_classes)} classes with clips, {unseen} known from texts")
    if own := recognizer.parts.encoder_texts:
        twins = len(near_twins(recognizer.parts, [one for one in recognizer.known if not one.seen]))
        print(
            f"The fit used the encoder's own {len(own.labels)} classes, from {own.labels[0]!r} to {own.labels[-1]!r}; "
            f"{twins} of the classes known from their texts {'is' if twins == 1 else 'are'} similar to one of them "
            "(--encoder-texts none ignores them)"
        )
    _print_scores(recognizer.parts.about, config.out)
    print(f"Model: {config.out}")


def _of_weights(config: FitConfig, texts: ClassTexts, named: ClassTexts | None, progress: Progress) -> "Recognizer":
    """Make and write a recognizer of the encoder's own classes and of those that `texts` add.

    Raises:
        ConfigError: nobody says what the encoder's classes are.
    """
    from gzssar.encoders.streams import load_encoders
    from gzssar.recognizer.encoder_classes import texts_of_authors
    from gzssar.recognizer.fitting import Fitting
    from gzssar.recognizer.weights_alone import recognizer_of_weights

    encoder = load_encoders(parse_weights(config.encoder_weights)).with_frames(config.frames)
    own = named or texts_of_authors(encoder)
    if own is None:
        raise ConfigError(
            f"the encoder's {len(encoder.classes)} classes should have texts, but their texts are unknown: name the "
            "table of what it was trained on with --encoder-texts."
        )
    fitting = Fitting(config.text, config.encoding, seed=config.seed)
    recognizer = recognizer_of_weights(encoder, own, texts, fitting, {"data": "none"}, progress)
    recognizer.save(config.out)
    return recognizer


def _print_weights_alone(recognizer: "Recognizer", out: Path) -> None:
    unseen = len(recognizer.classes) - len(recognizer.seen_classes)
    print(f"{len(recognizer.seen_classes)} classes that the encoder was trained on, {unseen} known from texts")
    print(
        f"Nothing was tested, because there were no clips: its answers are guesses until you test it ({out}/README.md)"
    )
    print(f"Model: {out}")


def _print_scores(about: Mapping[str, Any], out: Path) -> None:
    """What held-out clips say, and how much of what will be asked is answered."""
    scores, count = about["scores"], about["fold_classes"]
    people = "performers" if about["performers"] else "clips"
    print(
        f"With about {count} of the classes and some {people} held out: ZSL {scores['zsl_accuracy']:.2f} among those, "
        f"H {scores['harmonic_mean']:.2f} (more in {out}/README.md)"
    )
    print(
        f"If at most {MOST_WRONG:.0%} of the answers may be wrong, it answers {scores['seen_coverage']:.0%} of the "
        f'clips of seen classes and {scores["unseen_coverage"]:.0%} of the others; the rest is shown as "perhaps"'
    )


def _fitted(
    config: FitConfig, texts: ClassTexts, named: ClassTexts | None, left_out: Sequence[int], progress: Progress
) -> "Recognizer":
    """Fit and write; a call after a kill goes on from the features of the recordings.

    Args:
        config: what was asked.
        texts: of all classes.
        named: of the encoder's own classes, where they are named.
        left_out: rows of `texts` whose clips are left out.
        progress: told how far the work is.
    """
    from gzssar.recognizer.encoder_classes import texts_of_authors
    from gzssar.recognizer.fitting import Fitting, fit_recognizer

    out = config.out.resolve()  # which has a name
    working = out.with_name(f".{out.name}.features.npz")
    features = load_features(config.features) if config.features else _embedded(config, working, progress)
    if "weights_sha256" in features.provenance and "fps" not in features.provenance:
        warn(
            f"{config.features} was made by a version that did not resample clips to the encoder's frame rate: embed "
            "the clips again, unless all of them already have this rate."
        )
    for sentence in features.provenance.get("labelling", []):
        warn(f"{sentence}.")
    _require_layout(features)
    clips = _training_clips(features, texts, left_out, config)
    if clips.subjects is None:
        warn(
            "no clip says who performs it, so a quarter of each class's clips is held out at random: the scores are of "
            "people whom the recognizer has seen."
        )
    encoder = _encoder(config, features)
    origin = {
        "data": (config.data or config.features or Path()).resolve().name,
        "fingerprint": clips.fingerprint(),
        "malformed": features.provenance.get("malformed", {}),
        "recordings": features.provenance.get("recordings") or {},
        "performers": sorted({int(s) for s in (clips.subjects if clips.subjects is not None else []) if s >= 0}),
    }
    own = texts_of_authors(encoder) if encoder and config.encoder_texts is None else named
    fitting = Fitting(config.text, config.encoding, seed=config.seed, encoder_texts=own)
    recognizer = fit_recognizer(clips, texts, encoder, fitting, origin, progress)
    recognizer.save(config.out)
    if config.data:
        working.unlink(missing_ok=True)
    return recognizer


def _require_layout(features: FeatureSet) -> None:
    """Refuse features of joints in another order than was said.

    Raises:
        DataError: most clips do not look like their layout.
    """
    told = (features.provenance.get("recordings") or {}).get("doubts", {}).get("layout")
    if told and told["clips"] > len(features) / 2:
        raise DataError(
            f"{told['clips']} of {len(features)} clips are in another layout than the given one: {told['sentence']}"
        )


def _embedded(config: FitConfig, working: Path, progress: Progress) -> FeatureSet:
    """Features of all recordings, in a file that a killed call can go on from."""
    from gzssar.features.embedding import embed_once

    assert config.data is not None  # FitConfig checked
    labels = labelling(config.classes, config.texts)
    job = embed_job(config.data, parse_weights(config.encoder_weights), working, config.reading, labels)
    job = replace(job, device=config.device, frames=config.frames, trim=config.trim)
    progress("encoding clips", 0, 1)  # from now on, since a large file takes long to open
    embed_once(job, progress=partial(progress, "encoding clips"))
    return load_features(working)


def _encoder(config: FitConfig, features: FeatureSet) -> "SkeletonEncoder | None":
    """The encoder of the weights that are named, which should have made the features, where they say by which.

    Raises:
        DataError: others made them.
    """
    from gzssar.encoders.streams import load_encoders, weights_hashes

    if not config.encoder_weights:
        return None
    encoder, about = load_encoders(parse_weights(config.encoder_weights)), features.provenance
    made_by = about.get("weights_sha256")
    if made_by and weights_hashes(encoder) != (made_by if isinstance(made_by, list) else [made_by]):
        raise DataError(
            f"--encoder-weights should name the encoder that made the features, but {' '.join(config.encoder_weights)} "
            "is something else: name that encoder."
        )
    return encoder.with_frames(about.get("frames"))


def _training_clips(features: FeatureSet, texts: ClassTexts, left_out: Sequence[int], config: FitConfig) -> FeatureSet:
    """The clips to learn from, labelled by row of the texts."""
    about = features.provenance
    row_of = row_of_class(features.labels, about.get("class_names", []), texts, bool(about.get("labelling")), warn)
    labels = np.array([row_of[int(label)] for label in features.labels])
    subjects = features.subjects
    if subjects is not None and not (subjects >= 0).any():
        subjects = None
    kept = ~np.isin(labels, left_out)
    if config.train_subjects:
        kept &= False if subjects is None else np.isin(subjects, config.train_subjects)
    if not kept.any():
        raise DataError("a recognizer needs clips to learn from, but --unseen and --train-subjects leave none.")
    return FeatureSet(features.features, labels, subjects=subjects, streams=features.streams).where(kept)
