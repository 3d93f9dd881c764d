"""A recognizer as a folder of ONNX files: encoder, heads, and the unseen classes' rows, which stay editable."""

from pathlib import Path

import numpy as np

from gzssar.decision.abstention import MOST_WRONG
from gzssar.errors import ConfigError
from gzssar.files import require_free, writing
from gzssar.onnx_export.heads import Heads, export_heads
from gzssar.onnx_export.shift_gcn import export_encoder
from gzssar.recognizer import Recognizer
from gzssar.recognizer.parts import advantages
from gzssar.texts.classes import ClassTexts, write_class_texts


def export_recognizer(recognizer: Recognizer, folder: Path) -> None:
    """Write ``encoder.onnx`` and ``heads.onnx``, and the unseen classes, row by row, in ``prototypes.npy`` and
    ``texts.csv``.

    Raises:
        DataError: the recognizer has no encoder.
        ConfigError: it lacks seen or unseen classes, was fitted with hard routing, or reads several streams.
        OutputError: the folder is in use, or cannot be written.
        MissingExtraError: onnx is not installed.
    """
    parts, known = recognizer.parts, recognizer.known
    seen, unseen = [one for one in known if one.seen], [one for one in known if not one.seen]
    if not seen or not unseen:
        raise ConfigError(
            "the exported heads need a seen and an unseen class at least, but the model lacks one kind: add an unseen "
            "class with --add TABLE."
        )
    if len(recognizer.encoder.members) > 1:
        raise ConfigError(
            f"a model to export should read one stream, but this one reads {', '.join(recognizer.encoder.streams)}: "
            "fit one on a single stream."
        )
    require_free(folder, folder=True)
    heads = Heads(
        parts.skeleton_space,
        np.stack([one.centre for one in seen]),
        advantages(parts, seen),
        tuple(one.text.label or "" for one in seen),
        parts.decision,
        parts.abstention.at(MOST_WRONG),
    )
    export_encoder(recognizer.encoder.members[0], folder / "encoder.onnx")
    export_heads(heads, folder / "heads.onnx")
    with writing(folder / "prototypes.npy") as file:
        np.save(file, np.stack([one.centre for one in unseen]))
    write_class_texts(folder / "texts.csv", ClassTexts(tuple(one.text for one in unseen)))
