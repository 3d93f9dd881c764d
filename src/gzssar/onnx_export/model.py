"""A recognizer as a folder: encoder and heads in ONNX, the unseen classes' rows, which stay editable, and what a
program without this package needs beside them.
"""

from pathlib import Path

import numpy as np

from gzssar.decision.abstention import MOST_WRONG
from gzssar.errors import ConfigError
from gzssar.files import output, require_free, writing
from gzssar.onnx_export.beside import write_beside
from gzssar.onnx_export.heads import Heads, export_heads
from gzssar.onnx_export.shift_gcn import export_encoder
from gzssar.recognizer import Recognizer
from gzssar.recognizer.parts import advantages
from gzssar.texts.classes import ClassTexts, write_class_texts


def export_recognizer(recognizer: Recognizer, folder: Path) -> None:
    """Write ``encoder.onnx`` and ``heads.onnx``, and the unseen classes, row by row, in ``prototypes.npy`` and
    ``texts.csv``; ``open_heads.onnx``, whose seen classes are an input; and all that :mod:`~gzssar.onnx_export.prepare`
    needs, with that file itself.

    Raises:
        DataError: the recognizer has no encoder.
        ConfigError: it lacks seen or unseen classes, or was fitted with hard routing.
        OutputError: the folder is in use, or cannot be written.
        MissingExtraError: onnx is not installed.
    """
    parts, known = recognizer.parts, recognizer.known
    seen, unseen = [one for one in known if one.seen], [one for one in known if not one.seen]
    if not seen or not unseen:
        raise ConfigError(
            "an export needs at least one seen and one unseen class, but the model lacks one kind: add an unseen "
            "class with --add TABLE."
        )
    encoder = recognizer.encoder
    require_free(folder, folder=True)
    heads = Heads(
        parts.skeleton_space,
        np.stack([one.centre for one in seen]),
        advantages(parts, seen),
        tuple(one.text.label or "" for one in seen),
        parts.decision,
        parts.abstention.at(MOST_WRONG),
    )
    export_encoder(encoder, folder / "encoder.onnx")
    export_heads(heads, folder / "heads.onnx")
    export_heads(heads, folder / "open_heads.onnx", open_to_clips=True)
    with output(folder):
        with writing(folder / "prototypes.npy") as file:
            np.save(file, np.stack([one.centre for one in unseen]))
        write_class_texts(folder / "texts.csv", ClassTexts(tuple(one.text for one in unseen)))
        write_beside(folder, recognizer, heads.seen_means, heads.advantages)
