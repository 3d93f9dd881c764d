"""Language encoders: texts → one vector each. The language models stay frozen.

::

    encoder.py    what an encoder is; which texts all of them refuse
    registry.py   short names; load_text_encoder
    sources.py    a name or a folder → which model, which revision, where its files lie
    clip.py       CLIP's text tower, with transformers
    sentence.py   everything else, with sentence-transformers
    caching.py    the one encoder: checks, template, and vectors computed once over any of the two models
    cache.py      those vectors, on disk or in memory
    libraries.py  the optional libraries: missing, or too loud

Importing this package imports neither torch nor a language model's library.
"""

from gzssar.texts.encoders.encoder import TextEncoder
from gzssar.texts.encoders.registry import ENCODERS, load_text_encoder

__all__ = ["ENCODERS", "TextEncoder", "load_text_encoder"]
