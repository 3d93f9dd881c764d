import threading

import numpy as np
import pytest

from gzssar.errors import TextError
from gzssar.texts.encoders.cache import default_cache
from gzssar.texts.encoding import Encoding
from gzssar.web import words
from gzssar.web.words import ForgetfulEncoder, forgetful_encoders, warm_up


class Counting:
    name, revision, dimension, token_limit = "counting", "1", 2, 9

    def __init__(self):
        self.asked = []

    def token_count(self, text):
        return len(text.split())

    def fitting(self, text):
        return text

    def encode(self, texts, truncate=False):
        self.asked += texts
        return np.array([[len(text), float(truncate)] for text in texts], dtype=np.float32)


def test_a_text_is_encoded_once_and_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(words, "MOST_TEXTS", 3)
    model = Counting()
    encoder = ForgetfulEncoder(model)
    np.testing.assert_array_equal(encoder.encode(["a", "bb", "a"]), [[1, 0], [2, 0], [1, 0]])
    encoder.encode(["bb", "a"])
    assert model.asked == ["a", "bb"]
    encoder.encode(["ccc", "dddd"])
    encoder.encode(["a", "bb"])
    assert model.asked == ["a", "bb", "ccc", "dddd", "bb"]
    assert (encoder.name, encoder.revision, encoder.dimension, encoder.token_limit) == ("counting", "1", 2, 9)
    assert encoder.token_count("x y") == 2
    assert encoder.fitting("x") == "x"


def test_nothing_that_visitors_type_stays_on_disk():
    [encoder] = forgetful_encoders(Encoding())
    folder = default_cache()
    before = set(folder.rglob("*")) if folder.exists() else set()
    encoder.encode(["a visitor's text that nobody typed before"])
    assert (set(folder.rglob("*")) if folder.exists() else set()) == before
    with pytest.raises(TextError):
        encoder.encode([""])


def test_encoders_load_in_the_background_and_a_failure_there_is_nobody_s():
    used = threading.Event()

    class Failing(Counting):
        def encode(self, texts, truncate=False):
            raise TextError("not here")

    class Watched(Counting):
        def encode(self, texts, truncate=False):
            used.set()
            return super().encode(texts, truncate)

    warm_up([Failing(), Watched()])
    assert used.wait(10)
