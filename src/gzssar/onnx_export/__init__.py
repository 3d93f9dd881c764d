"""A recognizer as ONNX graphs, to run without PyTorch: the skeleton encoder, and the heads that stand on its features.

::

    graph.py      a graph as it grows, operator by operator
    shift_gcn.py  the skeleton encoder's
    heads.py      from features to scores
    model.py      a recognizer as a folder
    prepare.py    copied there: from recordings to prepared clips, and from texts and clips to new classes
    beside.py     what prepare.py reads

Both graphs are written operator by operator, since tracing the network would bring its layout along. Opset 18 in IR
version 8, which every ONNX Runtime since 1.14 reads.
"""

from gzssar.onnx_export.graph import IR_VERSION, OPSET
from gzssar.onnx_export.heads import Heads, export_heads
from gzssar.onnx_export.model import export_recognizer
from gzssar.onnx_export.shift_gcn import export_encoder

__all__ = ["IR_VERSION", "OPSET", "Heads", "export_encoder", "export_heads", "export_recognizer"]
