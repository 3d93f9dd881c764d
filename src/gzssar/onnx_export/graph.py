"""An ONNX graph as it grows, operator by operator."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.errors import MissingExtraError, OutputError
from gzssar.files import writing

OPSET, IR_VERSION = 18, 8

Axes = tuple[str | int, ...]
"""Lengths of an input's or output's axes; a name stands for any length."""


class Graph:
    """An ONNX graph as it grows: values are named by the operator that makes them.

    Args:
        prefix: of all names; a graph inside another one must not repeat its names.
    """

    def __init__(self, prefix: str = "") -> None:
        try:
            import onnx  # late: it is an extra
        except ImportError as error:
            raise MissingExtraError("an export to ONNX needs onnx: pip install 'gzssar[onnx]'.") from error
        self.onnx: Any = onnx
        self.prefix = prefix
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: np.ndarray | np.generic | Sequence[int]) -> str:
        """Keep an array in the file: real numbers as float32, whole ones as int64."""
        array = np.asarray(value)
        array = array if array.dtype == np.bool_ else array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        name = f"{self.prefix}constant_{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Append an operator, and name its output."""
        name = output or f"{self.prefix}{operator}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [name], name, **attributes))
        return name

    def reshape(self, value: str, *lengths: int) -> str:
        """Fix all axes but the first."""
        return self.add("Reshape", value, self.constant([-1, *lengths]))

    def finish(self, name: str, inputs: Mapping[str, Axes], outputs: Mapping[str, Axes]) -> Any:
        """The graph, whose inputs and outputs are float32."""
        helper, real = self.onnx.helper, self.onnx.TensorProto.FLOAT
        named = [
            [helper.make_tensor_value_info(value, real, axes) for value, axes in values.items()]
            for values in (inputs, outputs)
        ]
        return helper.make_graph(self.nodes, name, *named, self.constants)

    def write(
        self, path: Path, inputs: Mapping[str, Axes], outputs: Mapping[str, Axes], about: Mapping[str, Any]
    ) -> None:
        """Write the model, all of it or nothing; `about` becomes metadata, each value as JSON."""
        helper, graph = self.onnx.helper, self.finish(path.stem, inputs, outputs)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="gzssar")
        helper.set_model_props(model, {key: json.dumps(value, ensure_ascii=False) for key, value in about.items()})
        try:
            with writing(path) as file:
                file.write(model.SerializeToString(deterministic=True))
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({error.strerror}): name another folder.") from error
