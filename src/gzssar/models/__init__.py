"""Ready models: networks that others trained and published, by name.

::

    registry.py     what each model is, what it knows and who made it
    registry.json   the models, with the hash of each file
    cache.py        the place of their files
    fetching.py     gets the files, from their address or from a folder
"""

from gzssar.models.cache import cached, lacking
from gzssar.models.fetching import fetch
from gzssar.models.registry import Model, ModelFile, find_model, known_models

__all__ = ["Model", "ModelFile", "cached", "fetch", "find_model", "known_models", "lacking"]
