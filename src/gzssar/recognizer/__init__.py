"""A recognizer as people keep and use it: one folder, clips in, a ranking out, classes added by their texts.

::

    recognizer.py   predict, add_class, remove_class
    clips.py        what it takes
    parts.py        what it is made of
    prediction.py   its answer
    fitting.py      from clips and texts to a recognizer, and its honest scores
    bundle.py       the folder: save and load
    card.py         its model card
    hub.py          by name: a folder, a ready model, or a repository of the Hugging Face hub
    held_out.py     what it would have answered to clips that were held out
    own_test.py     what it answers to labelled clips of its user's own
    explanation.py  why a class scores as it does
"""

from gzssar.recognizer.clips import Clip
from gzssar.recognizer.parts import KnownClass, Parts
from gzssar.recognizer.prediction import Prediction
from gzssar.recognizer.recognizer import Recognizer

__all__ = ["Clip", "KnownClass", "Parts", "Prediction", "Recognizer"]
