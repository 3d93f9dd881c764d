"""`gzssar export`: a model as ONNX graphs, to run without PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from gzssar.commands.named_model import load_model
from gzssar.commands.options import add_table


@dataclass(frozen=True)
class ExportConfig:
    """A model as ONNX graphs, to run without PyTorch."""

    model: Annotated[Path, tyro.conf.Positional]
    """The folder of a fitted model, or a name that `gzssar models` lists."""

    onnx: Path
    """A new folder for encoder.onnx and heads.onnx, for the unseen classes (prototypes.npy and texts.csv), and for
    prepare.py, which prepares clips with only numpy."""

    add: Path | None = None
    """A table of classes to add first: CSV, TSV, JSON or YAML with label, action and motion."""


def export(config: Annotated[ExportConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Write a model as ONNX, to run without PyTorch."""
    from gzssar.onnx_export import export_recognizer

    recognizer = load_model(config.model)
    if config.add:
        add_table(recognizer, config.add)
    export_recognizer(recognizer, config.onnx)
    print(
        f"ONNX: {config.onnx}/encoder.onnx, {config.onnx}/heads.onnx; unseen classes: prototypes.npy, texts.csv; "
        "without this package: prepare.py"
    )
