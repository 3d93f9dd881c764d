"""Generalized zero-shot skeleton-based action recognition.

A model learns from skeleton clips of seen actions and recognizes unseen ones from their texts alone::

    from gzssar import ExperimentConfig, run

    result = run(ExperimentConfig(seeds=3))
    print(result.summary["mean"]["harmonic_mean"])

Names are imported on first use, so that ``import gzssar`` costs no torch.

Public are the names in ``__all__``, and those in ``__all__`` of ``gzssar.errors``, ``gzssar.inference``,
``gzssar.models`` and ``gzssar.synthetic``. Whatever the reference (docs/reference/python.md) does not list is private.
"""

from lazy_loader import attach_stub as _attach_stub

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = _attach_stub(__name__, __file__)  # the names are in __init__.pyi
