"""A recognizer as people keep and use it: one folder, clips in, a ranking out, classes added by their texts.

::

    core.py         the recognizer: predict, add_class, remove_class
    parts.py        what it is made of
    prediction.py   its answer
    fitting.py      from clips and texts to a recognizer, and its honest scores
    bundle.py       the folder: save and load
    card.py         its model card
    doubts.py       what speaks against an answer
    explanation.py  why a class scores as it does
"""

from gzssar.recognizer.parts import KnownClass, Parts
from gzssar.recognizer.prediction import Prediction
from gzssar.recognizer.recognizer import Clip, Recognizer

__all__ = ["Clip", "KnownClass", "Parts", "Prediction", "Recognizer"]
