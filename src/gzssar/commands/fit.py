"""What the commands on models do: fit one, export one, make the embedded synthetic one."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.commands.embed import embed, is_left, job_of
from gzssar.commands.options import EmbedConfig
from gzssar.commands.predict import ExportConfig, FitConfig
from gzssar.encoders.encoder import Encoder, load_encoder, prepare
from gzssar.errors import ConfigError, DataError, OutputError, TextError
from gzssar.features.features import FeatureSet
from gzssar.features.files import FeatureRows, read_rows
from gzssar.files import cache_root, hash_file, writing
from gzssar.methods.recipe import DEFAULT
from gzssar.recognizer import Recognizer
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.running import Progress, one_thread
from gzssar.texts.classes import (
    ClassTexts,
    find_class_texts,
    label_key,
    load_packaged_texts,
    read_class_texts,
    write_class_texts,
)


def fit(config: FitConfig, progress: Progress | None = None) -> Recognizer:
    """Fit a recognizer on recordings or on features, and save it.

    Raises:
        GzssarError: something about the clips, the texts, the weights or the output.
    """
    texts = find_class_texts(config.texts)
    left_out = [texts.index(label) for label in config.unseen]  # a wrong one is told before hours of encoding
    if config.out.exists() and any(config.out.iterdir() if config.out.is_dir() else [config.out]):
        raise OutputError(f"{config.out} is there already: name another folder with -o, or delete it.")
    rows, about, working = _rows(config, progress)
    encoder = None
    if config.encoder_weights:
        _check_same_weights(config.encoder_weights, about.get("weights_sha256"))
        encoder = load_encoder(config.encoder_weights).with_frames(about.get("frames"))
    clips = _training_clips(rows, tuple(about.get("class_names", ())), texts, left_out, config)
    told = {
        "data": (config.data or config.features or Path()).resolve().name,
        "fingerprint": fingerprint(clips),
        "malformed": about.get("malformed", {}),
        "performers": sorted({int(s) for s in (clips.subjects if clips.subjects is not None else []) if s >= 0}),
    }
    fitting = Fitting(config.text, config.encoding, DEFAULT, config.seed)
    recognizer = fit_recognizer(clips, texts, encoder, fitting, told, progress)
    recognizer.save(config.out)
    if working is not None:
        working.unlink(missing_ok=True)
    return recognizer


def _rows(config: FitConfig, progress: Progress | None) -> tuple[FeatureRows, dict[str, Any], Path | None]:
    """Features of all clips, and the file that a killed call can go on from."""
    if config.features is not None:
        return *read_rows(config.features), None
    assert config.data is not None  # FitConfig checked
    assert config.encoder_weights is not None
    out = config.out.resolve()  # which has a name
    working = out.with_name(f".{out.name}.features.npz")
    wanted = EmbedConfig(
        config.data,
        config.encoder_weights,
        working,
        frames=config.frames,
        device=config.device,
        reading=config.reading,
    )
    if not is_left(job_of(wanted, config.encoder_weights, working)):
        embed(wanted, progress)
    return *read_rows(working), working


def _check_same_weights(path: Path, made_by: str | None) -> None:
    """See that features were made by these weights, where they say by which.

    Raises:
        DataError: by others.
    """
    if made_by and hash_file(path) != made_by:
        raise DataError(
            f"--encoder-weights should be what made the features, but {path} is another file: name that one."
        )


def _training_clips(
    rows: FeatureRows, names: tuple[str, ...], texts: ClassTexts, left_out: Sequence[int], config: FitConfig
) -> FeatureSet:
    """The clips to learn from, labelled by row of the texts."""
    row_of = _row_of_class(rows.label, names, texts)
    labels = np.array([row_of[int(label)] for label in rows.label])
    kept = ~np.isin(labels, left_out)
    if config.train_subjects:
        kept &= np.isin(rows.subject, config.train_subjects)
    if not kept.any():
        raise DataError("a recognizer needs clips to learn from, but --unseen and --train-subjects leave none.")
    subjects = rows.subject[kept] if (rows.subject >= 0).any() else None
    return FeatureSet(rows.feature[kept], labels[kept], None, {}, subjects)


def _row_of_class(labels: np.ndarray, names: tuple[str, ...], texts: ClassTexts) -> dict[int, int]:
    """Which row of the texts each class of the clips has: by name where any class of the clips is named like a row,
    else by id.

    Raises:
        DataError: a clip has no class.
        TextError: a class has no row.
    """
    present = sorted({int(label) for label in labels})
    if not present or present[0] < 0:
        raise DataError("fitting needs clips, and the class of every one of them, but some have none.")
    if len(names) > present[-1] and texts.has("label"):
        keys = {label_key(label) for label in texts.of_kind("label")}
        if any(label_key(names[c]) in keys for c in present):
            return {c: _row_called(names[c], texts) for c in present}
    if present[-1] >= len(texts):
        raise TextError(
            f"the {len(texts)} rows of texts should describe all classes with clips, but one has id {present[-1]}: add "
            "its row, or give rows the labels that the clips' classes have."
        )
    return {c: c for c in present}


def _row_called(name: str, texts: ClassTexts) -> int:
    try:
        return texts.index(name)
    except TextError as error:
        raise TextError(
            f"clips are of a class called {name!r}, but no row of the texts has that label ({error}) Give the row the "
            "label that the clips' class has, in a copy of the table."
        ) from error


def fingerprint(clips: FeatureSet) -> str:
    """What tells one set of training clips from another: SHA-256 of features and labels, 16 digits."""
    digest = hashlib.sha256(np.ascontiguousarray(clips.features).tobytes() + clips.labels.tobytes())
    return digest.hexdigest()[:16]


def export(config: ExportConfig) -> Recognizer:
    """Write a model as ONNX: encoder, heads, and the unseen classes' rows, which stay editable.

    Raises:
        GzssarError: the model cannot be loaded, lacks classes of a kind, or the folder is in use.
    """
    from gzssar.onnx_export import HeadArrays, export_encoder, export_heads, require_empty

    recognizer = Recognizer.load(config.model)
    if config.add:
        recognizer.add_classes(read_class_texts(config.add))
    parts, known = recognizer.parts, recognizer.known
    seen, unseen = [one for one in known if one.seen], [one for one in known if not one.seen]
    if not seen or not unseen:
        raise ConfigError(
            "the exported heads need a seen and an unseen class at least, but the model lacks one kind: add an unseen "
            "class with --add TABLE."
        )
    require_empty(config.onnx)
    width = len(parts.skeleton_space.offset)
    matrix = parts.skeleton_space.matrix
    heads = HeadArrays(
        parts.skeleton_space.offset,
        np.eye(width, dtype=np.float32) if matrix is None else matrix,
        np.stack([one.centre for one in seen]),
        tuple(one.text.label or "" for one in seen),
        parts.decision.gate.centre,
        parts.decision.gate.scale,
        parts.decision.gate.weights,
        parts.decision.gate.bias,
        parts.decision.calibration,
    )
    export_encoder(recognizer.encoder, config.onnx / "encoder.onnx")
    export_heads(heads, config.onnx / "heads.onnx")
    with writing(config.onnx / "prototypes.npy") as file:
        np.save(file, np.stack([one.centre for one in unseen]))
    write_class_texts(config.onnx / "texts.csv", ClassTexts(tuple(one.text for one in unseen)))
    return recognizer


def synthetic_model(progress: Progress | None = None, say: Callable[[str], None] | None = None) -> Recognizer:
    """The embedded default's recognizer: read from the cache, or fitted on the synthetic world on first use.

    Args:
        progress: told how far the fit is.
        say: told in a sentence that there is a fit, before it begins.
    """
    from gzssar.provenance import source_hash

    root = cache_root()
    folder = root / "models" / f"synthetic-{source_hash()[:12]}" if root else None
    if folder:
        with suppress(DataError):
            return Recognizer.load(folder)
    if say:
        kept = f", once: it is kept in {folder}" if folder else ""
        say(f"fitting the embedded synthetic model takes a minute{kept}")
    recognizer = _fit_synthetic(progress)
    if not folder:
        return recognizer
    shutil.rmtree(folder, ignore_errors=True)  # what does not load
    with suppress(OutputError):  # an unwritable cache costs time, never a run
        recognizer.save(folder)
    return recognizer


@one_thread()
def _fit_synthetic(progress: Progress | None) -> Recognizer:
    from gzssar.encoders.training.fit import fit_encoder
    from gzssar.encoders.training.options import EncoderTraining
    from gzssar.synthetic.catalogue import SYNTHETIC_SPLIT
    from gzssar.synthetic.world import SyntheticWorld

    training = EncoderTraining(width=16, frames=16, epochs=8, batch_size=24, learning_rate=2e-2, stream="joint motion")
    drawn = SyntheticWorld().clips()
    chosen = np.isin(drawn.labels, SYNTHETIC_SPLIT.seen)
    clips = np.stack(
        [prepare(drawn.sequence(int(k)), training.frames, training.stream, 1) for k in np.flatnonzero(chosen)]
    )
    labels, subjects = drawn.labels[chosen], drawn.subjects[chosen]
    report = (lambda done, total: progress("synthetic encoder", done, total)) if progress else None
    learned = subjects % 4 != 0
    encoder: Encoder = fit_encoder(clips[learned], labels[learned], SYNTHETIC_SPLIT.seen, training, progress=report)
    encoder = replace(encoder, provenance={**encoder.provenance, "data": "synthetic motion world"})
    features = FeatureSet(encoder.encode(clips).features, labels, None, {}, subjects)
    told = {"data": "the synthetic motion world", "fingerprint": fingerprint(features), "synthetic": True}
    return fit_recognizer(features, load_packaged_texts("synthetic"), encoder, Fitting(), told, progress)
