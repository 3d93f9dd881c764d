"""The networks by name. This line is all that a new one needs beside its own folder."""

from gzssar.encoders.network import Architecture
from gzssar.encoders.shift_gcn.folding import FoldedShiftGcn
from gzssar.encoders.shift_gcn.network import ShiftGcn
from gzssar.encoders.shift_gcn.original_weights import load_original, stream_of
from gzssar.errors import ConfigError

NETWORKS = {ShiftGcn.name: Architecture(ShiftGcn, FoldedShiftGcn, load_original, stream_of)}


def find_network(name: str) -> Architecture:
    """Look up a network.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in NETWORKS:
        raise ConfigError(f"a skeleton encoder's network should be one of {', '.join(NETWORKS)}, but it is {name!r}.")
    return NETWORKS[name]
