"""③ Zero-shot methods behind one seam (:mod:`~gzssar.methods.method`), and their names.

A package of its own adds methods through the entry-point group ``gzssar.methods``: a name, and what makes the method
when it is called without arguments, such as its class.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from gzssar.errors import ConfigError
from gzssar.methods.method import Method, is_method
from gzssar.methods.msf.method import Msf
from gzssar.methods.ridge import Ridge

GROUP = "gzssar.methods"
"""The entry-point group of methods from elsewhere."""


def _peer(name: str, made_by: str) -> Callable[[], Method]:
    """Import a peer when it is wanted: most need torch."""
    return lambda: EntryPoint(name, f"gzssar.methods.peers.{made_by}", GROUP).load()()


_PEERS = {
    "chance": "chance:Chance",
    "true-mean": "true_mean:TrueMean",
    "eszsl": "eszsl:Eszsl",
    "cca": "cca:Cca",
    "sae": "sae:Sae",
    "conse": "conse:Conse",
    "cada-vae": "cada_vae:CadaVae",
    "sa-dvae": "sa_dvae:SaDvae",
    "revise": "revise:Revise",
    "jpose": "jpose:Jpose",
    "synse": "synse:Synse",
    "smie": "smie:Smie",
    "fs-vae": "fs_vae:FsVae",
    "tdsm": "tdsm:Tdsm",
    "flora": "flora:Flora",
}

METHODS: dict[str, Callable[[], Method]] = {
    "msf": Msf,
    "ridge": Ridge,
    **{name: _peer(name, made_by) for name, made_by in _PEERS.items()},
}
"""What comes with this package, by name."""


def method_named(name: str) -> Method | None:
    """The method of a name, with its usual settings; None where there is none.

    Raises:
        ConfigError: an entry point has that name, and what it names is no method.
    """
    if name in METHODS:
        return METHODS[name]()
    for entry in entry_points(group=GROUP, name=name):
        try:
            made = entry.load()()
        except Exception as error:  # another package's own mistake, whatever it is
            raise ConfigError(f"{name!r} should be a method ({entry.value}), but making it failed: {error}.") from error
        if not is_method(made):
            raise ConfigError(f"{name!r} should be a method with a name and fit ({entry.value}), but it is {made!r}.")
        return made
    return None
