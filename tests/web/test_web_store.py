"""Classes of visitors."""

import threading

import numpy as np
import pytest
from starlette.exceptions import HTTPException
from web_recognizer import FakeRecognizer

from gzssar.errors import ConfigError
from gzssar.web.limits import Limits
from gzssar.web.schemas import OwnClass, packed
from gzssar.web.store import ClassStore

FIRST, SECOND = (packed(np.array([number], dtype=np.float32)) for number in (1, 2))


def test_the_same_classes_are_encoded_once():
    recognizer = FakeRecognizer()
    store = ClassStore(recognizer, Limits(), shared=False)
    one, two = OwnClass(label="one"), OwnClass(label="two", motion="up")
    first = store.recognizer((one, two))
    assert store.recognizer((one, two)) is first
    assert recognizer.encoded == ["one", "two"]
    assert store.recognizer((one, OwnClass(label="two", motion="down"))) is not first
    assert store.recognizer() is recognizer
    assert "one" not in recognizer.classes


def test_what_needs_no_encoding_is_ready():
    store, own = ClassStore(FakeRecognizer(), Limits(), shared=False), (OwnClass(label="own"),)
    assert store.ready(()) is store.recognizer()
    assert store.ready(own) is None
    assert store.recognizer(own) is store.ready(own)


def test_copies_are_bounded():
    store = ClassStore(FakeRecognizer(), Limits(), shared=False)
    added = [(OwnClass(label=f"class {k}"),) for k in range(100)]
    for one in added:
        store.recognizer(one)
    assert [store.ready(one) is not None for one in added] == [False] * 68 + [True] * 32


def test_a_copy_of_before_a_change_is_not_kept():
    store = ClassStore(FakeRecognizer(), Limits(), shared=True)
    own = (OwnClass(label="own"),)
    store.recognizer(own)
    store.add(OwnClass(label="for all"))
    assert store.recognizer(own).classes[-2:] == ("for all", "own")
    assert store.classes()[-1].added
    with pytest.raises(HTTPException):
        store.remove("own")


@pytest.mark.parametrize("as_written", ["Juggle", "juggle", " JUGGLE"])
def test_a_class_is_removed_however_its_label_is_written(as_written):
    store = ClassStore(FakeRecognizer(), Limits(), shared=True)
    store.add(OwnClass(label="juggle"))
    store.remove(as_written)
    assert "juggle" not in store.recognizer().classes
    with pytest.raises(HTTPException, match="is a class of the model"):
        store.remove("CLAP")
    store.teach("juggle", FIRST)
    store.teach("juggle", SECOND)
    store.take_back(as_written, 0)
    assert (store.classes()[-1].label, store.classes()[-1].clips) == ("juggle", 1)
    store.take_back(as_written, 0)
    assert "juggle" not in store.recognizer().classes


def test_classes_and_their_clips_are_of_one_moment():
    class Meanwhile(ClassStore):
        """Somebody takes a class away between one look and the next."""

        def recognizer(self, added=()):
            found = super().recognizer(added)
            if "juggle" in found.classes:
                self.remove("juggle")
            return found

    store = Meanwhile(FakeRecognizer(), Limits(), shared=True)
    store.teach("juggle", FIRST)
    assert [one.clips for one in store.classes() if one.label == "juggle"] in ([], [1])


def test_a_failed_class_changes_nothing():
    store = ClassStore(FakeRecognizer(), Limits(), shared=True)
    before = store.recognizer().classes
    with pytest.raises(ConfigError):
        store.add(OwnClass(label="bell\x07"))
    assert store.recognizer().classes == before


def test_reading_does_not_wait_for_texts_to_be_encoded():
    gate = threading.Event()

    class Slow(FakeRecognizer):
        def add_class(self, label, action=None, motion=None):
            gate.wait(10)
            super().add_class(label, action, motion)

    store = ClassStore(Slow(), Limits(), shared=True)
    adding = threading.Thread(target=store.add, args=(OwnClass(label="slow"),))
    adding.start()
    assert "slow" not in store.recognizer().classes  # would hang if it waited
    gate.set()
    adding.join()
    assert "slow" in store.recognizer().classes
