"""Texts of classes that say nothing to the text encoder; encoded by the real one."""

import pytest

from gzssar.recognizer.strange_texts import text_doubts
from gzssar.texts.classes import ClassText
from gzssar.texts.encoding import Encoding, load_text_encoders
from recognizer_world import FakeTextEncoder


@pytest.fixture(scope="module")
def encoders():
    return load_text_encoders(Encoding())


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (ClassText("pour tea", None, "one hand tilts a pot over a low cup"), ()),
        (ClassText("play the violin", "to make music with a bow"), ()),
        (ClassText("12345"), ("label",)),
        (ClassText("pour tea", "quarterly revenue of the company", "lorem ipsum dolor sit amet"), ("action", "motion")),
        (ClassText("倒茶"), ("label",)),
        (ClassText("die Tür öffnen", None, "Kniebeuge"), ("label", "motion")),
    ],
)
def test_texts_that_name_no_action(encoders, text, kinds):
    told = text_doubts(text, encoders)
    assert [doubt.code for doubt in told] == ["strange-text"] * len(kinds)
    for doubt, kind in zip(told, kinds, strict=True):
        assert doubt.sentence.startswith(f"The {kind} {getattr(text, kind)!r} is like that of no action: see that")


def test_other_encoders_have_no_bound():
    assert text_doubts(ClassText("12345"), [FakeTextEncoder("mpnet")]) == ()
