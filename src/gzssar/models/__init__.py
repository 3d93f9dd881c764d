"""Ready models: networks that others trained and published, by name.

::

    registry.py     what each is and knows, and whose it is
    registry.json   the models, with the hash of each file
    cache.py        where their files lie
    fetching.py     how they get there: from their address, or from a folder
"""

from gzssar.models.cache import cached, lacking
from gzssar.models.fetching import fetch
from gzssar.models.registry import Model, ModelFile, find_model, known_models

__all__ = ["Model", "ModelFile", "cached", "fetch", "find_model", "known_models", "lacking"]
